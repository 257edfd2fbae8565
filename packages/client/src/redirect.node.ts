import type { IncomingMessage } from "node:http";
import { WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Login } from "./login.node.ts";
import type { Target } from "./target.ts";

/** Where an upgrade request goes, and with what. */
export interface Request {
  /** `ws:` or `wss:`. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly subprotocols: readonly string[];
  /** Who shows who is asking by user name and password. */
  readonly login?: Login | undefined;
}

const REDIRECTS = [301, 302, 303, 307, 308];

/** Whether an answer leads elsewhere (RFC 9110 section 15.4). */
export function isRedirect({ statusCode, headers }: IncomingMessage): boolean {
  return REDIRECTS.includes(statusCode ?? 0) && headers.location !== undefined;
}

/**
 * The request to where an answer leads. To another origin goes nothing that tells who is asking: no header, no cookie, no
 * token, no password.
 *
 * @throws WebsocketsSimpleError `REFUSED` where it must not be followed
 */
export function redirected(request: Request, response: IncomingMessage, target: Target): Request {
  const { location = "" } = response.headers;
  const refuse = (why: string): never => {
    const where = `${target.label} redirects to ${target.quote(location).slice(0, 200)}`;
    throw new WebsocketsSimpleError("REFUSED", `${where}: ${why}`, { status: response.statusCode ?? 0 });
  };
  if (!URL.canParse(location, request.url.href)) return refuse("that is no URL");
  const found = new URL(location, request.url.href);
  // Of a special scheme only the text can be changed.
  const url = new URL(found.href.replace(/^http/, "ws"));
  url.hash = "";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") return refuse("nothing but http(s) and ws(s) is followed");
  if (request.url.protocol === "wss:" && url.protocol === "ws:") return refuse("from TLS to none");
  if (url.username || url.password) return refuse("it bears credentials");
  if (url.origin === request.url.origin) return { ...request, url };
  if (target.message !== undefined) return refuse("another origin, which would get the token as the first message");
  return { url, headers: {}, subprotocols: target.subprotocols };
}
