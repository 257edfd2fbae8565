import { WebsocketsSimpleError } from "./errors.ts";

/** Close codes that this library sends or gives a meaning of its own (RFC 6455 section 7.4, and 4000–4999). */
export const CloseCode = {
  /** Both sides are done. A client does not come back after a server's 1000. */
  normal: 1000,
  /** The server stops, or the page goes away. */
  goingAway: 1001,
  /** The peer broke the protocol. */
  protocolError: 1002,
  /** Reported, never sent: the close frame bore no code. */
  noStatus: 1005,
  /** Reported, never sent: the connection broke without a close frame. */
  abnormal: 1006,
  /** A text message was not UTF-8. */
  invalidUtf8: 1007,
  /** A message was larger than `maxPayload`. */
  tooBig: 1009,
  /** The token was refused. A client with a token function asks for one fresh token, then stops. */
  unauthorized: 4401,
  /** The peer took too long: no pong, no reading, no token. A client comes back. */
  timeout: 4408,
  /** More messages, wrong tokens or connections of a user than a limit allows. A client comes back, later. */
  tooManyMessages: 4429,
} as const;

/** The longest close reason in bytes of UTF-8 (RFC 6455 section 5.5: 125 less the two of the code). */
export const MAX_REASON_BYTES = 123;

/** What a peer refuses with for good; the codes that are judged before are among them. */
const REFUSED = /^44\d\d$/;
/** What a peer closes with because of something that went wrong: what was under way is lost. */
const LOST = /^(100[2-46-9]|101[01]|4408|4429)$/;

/**
 * What error a close code of the peer means: after a retryable one a client comes back. Without an error the close was
 * orderly, and a client comes back after all but 1000.
 */
export function judgeCloseCode(code: number): "UNAUTHORIZED" | "CONNECTION_LOST" | "REFUSED" | undefined {
  if (code === CloseCode.unauthorized) return "UNAUTHORIZED";
  if (LOST.test(`${code}`)) return "CONNECTION_LOST";
  return REFUSED.test(`${code}`) ? "REFUSED" : undefined;
}

/** What error the HTTP status of a refused handshake means, by the same rule. */
export function judgeStatus(status: number): "UNAUTHORIZED" | "CONNECT_FAILED" | "REFUSED" {
  if (status === 401) return "UNAUTHORIZED";
  return status === 408 || status === 429 || status >= 500 ? "CONNECT_FAILED" : "REFUSED";
}

/**
 * Checks what an application wants to close with: code 1000 or 3000–4999, a reason of at most 123 bytes of UTF-8,
 * which is all that browsers allow (WHATWG WebSockets, `close()`).
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
 */
export function checkClose(code: number, reason: string): void {
  const bytes = typeof reason === "string" ? new TextEncoder().encode(reason).length : Infinity;
  const fits = code === CloseCode.normal || (Number.isInteger(code) && code >= 3000 && code <= 4999);
  if (fits && bytes <= MAX_REASON_BYTES) return;
  const got = `code ${code}, reason of ${bytes} bytes`;
  throw new WebsocketsSimpleError(
    "INVALID_ARGUMENT",
    `close with ${got}: use 1000 or 3000 to 4999, ${MAX_REASON_BYTES} bytes at most`,
  );
}
