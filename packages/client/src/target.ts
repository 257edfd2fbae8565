import {
  hideToken,
  REFUSED_SUBPROTOCOL,
  spellToken,
  TOKEN_PARAMETER,
  TOKEN_SUBPROTOCOL,
  tokenToSubprotocol,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";

/** Where and how one attempt connects. */
export interface Target {
  /** The whole URL; it may bear the token, so it is for the socket only. */
  readonly url: string;
  /** The URL without query and token, for messages. */
  readonly label: string;
  /** What is offered: the application's subprotocols, and ours where the token travels as one. */
  readonly protocols: readonly string[];
  /** The application's subprotocols alone. */
  readonly subprotocols: readonly string[];
  /** Request headers; Node only. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What to send first: the token, where it travels as the first message. */
  readonly message?: string | undefined;
  /** What a server says, fit for a message: on one line, and without the token, which servers like to repeat. */
  quote(text: string): string;
}

/** The options that say where to connect: `url`, or the parts of one. */
export interface AddressOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; in a page also relative to it. */
  url?: string | undefined;
  /** Instead of `url`: the host. */
  host?: string | undefined;
  /** Instead of `url`: the port, 1 to 65535. Default: the scheme's own. */
  port?: number | undefined;
  /** Instead of `url`: whether to use TLS. Default: false, in a page as the page does. */
  secure?: boolean | undefined;
  /** Instead of `url`: the path. Default: `/`. */
  path?: string | undefined;
  /** Parameters added to the URL's query. */
  query?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes one URL of the address options.
 *
 * @param page the URL of the page, where there is one
 * @throws WebsocketsSimpleError `INVALID_OPTION`
 */
export function resolveAddress({ url, host, port, secure, path, query }: AddressOptions, page: string | undefined): URL {
  const scheme = (secure ?? page?.startsWith("https:")) ? "wss" : "ws";
  const name = host?.replace(/^[^[].*:.*$/, "[$&]");
  const text = url ?? `${scheme}://${name}:${port ?? ""}/${path?.replace(/^\//, "") ?? ""}`;
  // The value is not shown: it may hold credentials.
  const refuse = (got: string): never => {
    throw new WebsocketsSimpleError(
      "INVALID_OPTION",
      `option url: expected ws(s):// or http(s)://, or instead host, port, secure, path; got ${got}`,
    );
  };
  if (url === undefined ? host === undefined : (host ?? port ?? secure ?? path) !== undefined) refuse(url ? "both" : "neither");
  let address: URL;
  try {
    // Engines refuse to change a special scheme by `protocol`, so the text is changed instead.
    address = new URL(new URL(text, page).href.replace(/^http/, "ws"));
  } catch {
    return refuse(url === undefined ? "a wrong host" : "no absolute URL");
  }
  const { protocol, hash, username, password } = address;
  if (!/^wss?:$/.test(protocol)) refuse(`the scheme ${protocol}`);
  if (hash || username || password) refuse(hash ? "a fragment" : "credentials");
  for (const [name, value] of Object.entries(query ?? {})) address.searchParams.append(name, value);
  return address;
}

/**
 * Puts a token where it travels: into the URL, or into what it returns.
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT` when the token cannot travel there
 */
export type PlaceToken = (token: string, url: URL, subprotocols: readonly string[]) => Partial<Target> | undefined;

/** Where a token can travel on every platform; the first is the default. */
export const TOKEN_PLACES = {
  subprotocol: (token, _url, subprotocols) => ({
    protocols: [...subprotocols, TOKEN_SUBPROTOCOL, REFUSED_SUBPROTOCOL, tokenToSubprotocol(token)],
  }),
  path(token, url) {
    // By the rules of URLs these lead elsewhere.
    if (/^\.\.?$/.test(token)) throw misplaced("a step in a path");
    url.pathname = `${url.pathname.replace(/\/$/, "")}/${encodeURIComponent(token)}`;
    return undefined;
  },
  query(token, url) {
    url.searchParams.set(TOKEN_PARAMETER, token);
    return undefined;
  },
  message: (message) => ({ message }),
} satisfies Record<string, PlaceToken>;

/** The error of a token that cannot travel in its place. */
export function misplaced(what: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("INVALID_ARGUMENT", `the token is ${what}: use tokenIn "subprotocol"`);
}

/** Says where one attempt connects. */
export function makeTarget(address: URL, subprotocols: readonly string[], token: string, place: PlaceToken): Target {
  // A lone surrogate cannot be written in UTF-8.
  if (/\p{Cs}/u.test(token)) throw new WebsocketsSimpleError("INVALID_ARGUMENT", "the token is no well-formed text");
  const url = new URL(address);
  const placed = token ? place(token, url, subprotocols) : {};
  const secrets = spellToken(token);
  return {
    url: url.href,
    label: address.origin + address.pathname,
    protocols: subprotocols,
    subprotocols,
    quote: (text) => hideToken(text, secrets).replace(/\p{Cc}+/gu, " "),
    ...placed,
  };
}
