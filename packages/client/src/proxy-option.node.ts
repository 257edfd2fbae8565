import { checkOptions, type OptionTable, type Rule, WebsocketsSimpleError, wrong } from "@websockets-simple/shared";
import { getProxyForUrl } from "proxy-from-env";
import { credentialsTable } from "./credentials-option.node.ts";
import type { CheckedCredentials, ClientTlsOptions, ProxyOptions, SocketOptions } from "./platform.ts";
import { tlsRule } from "./tls.node.ts";

/** A proxy, and how to go through it. */
export interface HttpProxy {
  /** `http:` or `https:`, without credentials. */
  readonly url: URL;
  readonly credentials: CheckedCredentials | undefined;
  readonly tls: ClientTlsOptions | undefined;
  readonly timeoutMs: number;
}

/** Reads the proxy from the environment. */
const ENVIRONMENT = "environment";
const URL_OF_PROXY = 'the http(s):// URL of a proxy without a path, such as "http://proxy.example:3128" (no SOCKS)';
const EXPECTED = `"${ENVIRONMENT}", or ${URL_OF_PROXY}`;
const TIMEOUT_MS = 8_000;

const TABLE: OptionTable = {
  // It may bear a password, which is not shown.
  url: [(value) => (readUrl(value) ? undefined : hidden("proxy.url", URL_OF_PROXY)), null],
  // Proxies that speak no TLS are the rule.
  credentials: [credentialsTable("proxy.credentials", true)],
  tls: [tlsRule("proxy.tls")],
  timeoutMs: [[1, 2_147_483_647], TIMEOUT_MS],
};

/** The rule of option `proxy`. */
export const checkProxy: Rule = (value) => {
  if (value === ENVIRONMENT) return undefined;
  readProxy(value);
  return undefined;
};

/** What each client has found out: what a proxy has once asked for is known at the next attempt. */
const found = new WeakMap<object, Map<string, HttpProxy>>();

/**
 * The proxy that leads to a URL; undefined: none.
 *
 * @param options those of a client; `proxy` as `checkProxy` let it pass
 * @throws WebsocketsSimpleError `INVALID_OPTION` where the environment names what is no proxy
 */
export function proxyFor(options: Pick<SocketOptions, "proxy">, { href }: URL): HttpProxy | undefined {
  const { proxy: option } = options;
  if (option === undefined) return undefined;
  const named = option === ENVIRONMENT ? fromEnvironment(href.replace(/^ws/, "http")) : "";
  if (option === ENVIRONMENT && !named) return undefined;
  if (named && !readUrl(named)) hidden("proxy, from the environment", `in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY ${URL_OF_PROXY}`);
  const mine = found.get(options) ?? new Map<string, HttpProxy>();
  found.set(options, mine);
  const proxy = mine.get(named) ?? readProxy(named || option);
  mine.set(named, proxy);
  return proxy;
}

/** The proxy that the environment names. One without a scheme is spoken to by HTTP, as by curl, whatever is asked for. */
function fromEnvironment(href: string): string {
  const named = getProxyForUrl(href);
  const { env } = process;
  const bare = [env.https_proxy, env.HTTPS_PROXY, env.all_proxy, env.ALL_PROXY].find(
    (text) => text && named === `https://${text}`,
  );
  return bare === undefined ? named : `http://${bare}`;
}

function readProxy(value: unknown): HttpProxy {
  if (typeof value !== "string" && (typeof value !== "object" || !value)) throw wrong("proxy", value, EXPECTED);
  if (typeof value === "string" && !readUrl(value)) hidden("proxy");
  const given = typeof value === "string" ? { url: value } : (value as ProxyOptions);
  const { url: text, ...rest } = checkOptions<ProxyOptions & { url: string; timeoutMs: number }>(given, TABLE, "proxy.");
  const url = readUrl(text) as URL;
  const { username, password } = url;
  url.username = url.password = "";
  if (!username) return { ...rest, url } as HttpProxy;
  if (rest.credentials)
    throw new WebsocketsSimpleError("INVALID_OPTION", "option proxy: credentials both in the URL and beside it");
  const credentials = { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  return {
    ...rest,
    ...checkOptions<HttpProxy>({ credentials }, { credentials: [credentialsTable("proxy", true)] }, "proxy."),
    url,
  };
}

/** As a proxy's URL; undefined: it is none. */
function readUrl(value: unknown): URL | undefined {
  if (typeof value !== "string" || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  const { protocol, pathname, search, hash, username, password } = url;
  if (!/^https?:$/.test(protocol) || pathname !== "/" || search || hash) return undefined;
  if (password && !username) return undefined;
  try {
    decodeURIComponent(username + password);
  } catch {
    return undefined;
  }
  return url;
}

function hidden(option: string, expected = EXPECTED): never {
  throw new WebsocketsSimpleError(
    "INVALID_OPTION",
    `option ${option}: expected ${expected}; what it got is not shown, as it may bear a password`,
  );
}
