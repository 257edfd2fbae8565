import type { Refusal } from "../http-answer.ts";
import type { HeaderLines } from "../socket.ts";
import { headerLines } from "./response-headers.ts";
import type { ResponseCookie } from "./set-cookie.ts";

/** What `verifyRequest` answers: true and false, or with more to say. */
export type RequestVerdict = boolean | RequestRefusal | RequestAcceptance;

/** A request that is refused, and how. */
export interface RequestRefusal {
  /** The HTTP status, 400 to 599. */
  readonly status: number;
  /** The body: one plain sentence, of at most 1,024 characters. Default: a plain sentence. */
  readonly reason?: string | undefined;
  /** Further headers, such as `Retry-After`: as in `RequestAcceptance`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cookies?: undefined;
}

/** A request that is not refused, with what the answer shall bear. */
export interface RequestAcceptance {
  /**
   * Further headers of the 101: names are tokens, values visible ASCII and blanks. None that the handshake writes itself, such as
   * `Upgrade` and `Sec-WebSocket-…`; no `Set-Cookie`, which `cookies` writes. With the cookies 8,192 bytes at most.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Cookies that the client shall keep. */
  readonly cookies?: readonly ResponseCookie[] | undefined;
  readonly status?: undefined;
  readonly reason?: undefined;
}

/** What is to be done with a request. */
export type Ruling =
  | { readonly refusal: Refusal; readonly headers?: undefined }
  | { readonly refusal?: undefined /** What the 101 bears besides. */; readonly headers: HeaderLines | undefined };

const PLAIN: Ruling = Object.freeze({ headers: undefined });
const REFUSED = "The server does not accept this request.";
const EXPECTED = "true, false, { status, reason, headers } or { headers, cookies }";
const OF_REFUSAL = ["status", "reason", "headers"];
const OF_ACCEPTANCE = ["headers", "cookies"];
const MAX_REASON = 1_024;

/**
 * Reads what an application answered. Whatever is none of the answers lets nobody in.
 *
 * @throws Error that says what is wrong with it
 */
export function toRuling(verdict: unknown): Ruling {
  if (verdict === true) return PLAIN;
  if (verdict === false) return { refusal: { status: 403, reason: REFUSED } };
  if (typeof verdict !== "object" || verdict === null || Array.isArray(verdict)) {
    // A text is not shown: it may be a secret.
    const got = Array.isArray(verdict) ? "a list" : verdict === null ? "null" : typeof verdict;
    throw new Error(`expected ${EXPECTED}; got ${got}`);
  }
  // Where a status is named, be it undefined, it is meant to refuse.
  const isRefusal = "status" in verdict;
  const known = isRefusal ? OF_REFUSAL : OF_ACCEPTANCE;
  const unknown = Object.keys(verdict).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`expected ${EXPECTED}; ${JSON.stringify(unknown)} is none of ${known.join(", ")}`);
  if (isRefusal) return { refusal: toRefusal(verdict as RequestRefusal) };
  const { headers, cookies } = verdict as RequestAcceptance;
  const lines = headerLines(headers, cookies);
  return lines.length === 0 ? PLAIN : { headers: lines };
}

function toRefusal({ status, reason = REFUSED, headers }: RequestRefusal): Refusal {
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new Error(`status: expected a whole number from 400 to 599; got ${String(status)}`);
  }
  if (typeof reason !== "string" || reason.length > MAX_REASON) {
    throw new Error(`reason: expected a text of at most ${MAX_REASON} characters`);
  }
  return { status, reason, headers: Object.fromEntries(headerLines(headers, undefined)) };
}
