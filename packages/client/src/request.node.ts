import { type Rule, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Target } from "./target.ts";

/** What a Node client puts into its upgrade request besides what the handshake needs. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly origin?: string | undefined;
  readonly cookies?: Readonly<Record<string, string>> | undefined;
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^`|~\w]+$/;
/** RFC 9110 section 5.5, without the octets above ASCII, which every server reads in its own way. */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;
/** RFC 6265 section 4.1.1. */
const COOKIE_VALUE = /^[!#-+\--:<-[\]-~]*$/;

/** Headers that are made elsewhere, and where. */
const TAKEN: Readonly<Record<string, string>> = {
  cookie: "use option cookies",
  origin: "use option origin",
  connection: "the handshake makes it",
  upgrade: "the handshake makes it",
  "content-length": "the request has no body",
  "transfer-encoding": "the request has no body",
  "proxy-authorization": "it would go to the server, not to a proxy",
};

/** The rules of these options. What is wrong is told by name: the values may be secrets. */
export const REQUEST_RULES: Readonly<Record<keyof RequestOptions, readonly [Rule]>> = {
  headers: [
    (value) => {
      const known = new Set<string>();
      for (const [name, text] of textsOf("headers", value)) {
        const lower = name.toLowerCase();
        const taken = lower.startsWith("sec-websocket-") ? "the handshake makes it" : TAKEN[lower];
        if (!TOKEN.test(name)) throw invalid("headers", `"${name}" is no header's name (RFC 9110 section 5.6.2)`);
        if (taken) throw invalid("headers", `${name} is not yours to set: ${taken}`);
        if (known.has(lower)) throw invalid("headers", `${name} is there twice`);
        if (!FIELD_VALUE.test(text)) throw invalid("headers", `the value of ${name} has characters beyond ASCII, or line ends`);
        known.add(lower);
      }
      return undefined;
    },
  ],
  origin: [
    (value) => {
      if (value === "null") return undefined;
      const isOrigin = typeof value === "string" && URL.canParse(value) && new URL(value).origin === value;
      return isOrigin ? undefined : "an origin: scheme, host and port, without a slash at its end";
    },
  ],
  cookies: [
    (value) => {
      for (const [name, text] of textsOf("cookies", value)) {
        if (!TOKEN.test(name)) throw invalid("cookies", `"${name}" is no cookie's name (RFC 6265 section 4.1.1)`);
        if (!COOKIE_VALUE.test(text))
          throw invalid("cookies", `the value of ${name} has characters that no cookie has; use encodeURIComponent`);
      }
      return undefined;
    },
  ],
};

function textsOf(option: string, value: unknown): [string, string][] {
  const entries = typeof value === "object" && value && !Array.isArray(value) ? Object.entries(value) : [["", 0]];
  if (entries.some(([, text]) => typeof text !== "string")) throw invalid(option, "expected an object of texts");
  return entries as [string, string][];
}

function invalid(option: string, what: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("INVALID_OPTION", `option ${option}: ${what}`);
}

/**
 * The headers of a request to where a target is.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION` when two say who is asking
 */
export function requestHeaders({ headers, origin, cookies }: RequestOptions, target: Target): Record<string, string> {
  const own = Object.keys(headers ?? {}).map((name) => name.toLowerCase());
  const twice = Object.keys(target.headers ?? {}).find((name) => own.includes(name));
  if (twice) throw invalid("headers", `${twice} bears the token already: leave it out, or choose another tokenIn`);
  const jar = Object.entries(cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    ...headers,
    ...target.headers,
    ...(origin !== undefined && { Origin: origin }),
    ...(jar.length > 0 && { Cookie: jar.join("; ") }),
  };
}
