/**
 * The closed list of error codes. Test the code, never `instanceof`: an ES module and a CommonJS copy of this
 * library may meet in one process. `docs/errors.md` says what to do about each.
 *
 * | code | meaning | retryable |
 * |---|---|---|
 * | `INVALID_OPTION` | a constructor option is missing, unknown or out of its bounds | no |
 * | `INVALID_ARGUMENT` | an argument of a method is of the wrong kind or out of its bounds | no |
 * | `INVALID_STATE` | the object cannot do this now (disposed, already started) | no |
 * | `INVALID_PACKET` | a received text is not what the `packet` schema asks for | no |
 * | `NOT_SENT` | the message was never handed to the network | yes |
 * | `UNKNOWN` | the connection broke while the message was under way: it arrived once or never | no |
 * | `CONNECT_FAILED` | an attempt to connect failed or took too long | yes |
 * | `CONNECTION_LOST` | the connection broke without a close handshake | yes |
 * | `UNAUTHORIZED` | the server refused the token (HTTP 401 or close code 4401) | no |
 * | `REFUSED` | the server refused the connection for good (HTTP 4xx or close code 44xx) | no |
 * | `TLS_FAILED` | the server's certificate is not trusted | no |
 * | `TOKEN_FAILED` | the token function threw, rejected or answered with no string | yes |
 * | `ABORTED` | the caller's AbortSignal, `disconnect()` or `dispose()` ended it | no |
 * | `OVERFLOW` | an async iterator was read too slowly | no |
 * | `LISTEN_FAILED` | the server could not listen on its address | yes |
 * | `PROTOCOL_ERROR` | the peer broke the WebSocket protocol or a limit | no |
 * | `LISTENER_FAILED` | one of your listeners, handlers or hooks threw or rejected; see `cause` | no |
 * | `USER_SERVICE_FAILED` | the user service threw, rejected or took too long | yes |
 */
export type ErrorCode =
  | "INVALID_OPTION"
  | "INVALID_ARGUMENT"
  | "INVALID_STATE"
  | "INVALID_PACKET"
  | "NOT_SENT"
  | "UNKNOWN"
  | "CONNECT_FAILED"
  | "CONNECTION_LOST"
  | "UNAUTHORIZED"
  | "REFUSED"
  | "TLS_FAILED"
  | "TOKEN_FAILED"
  | "ABORTED"
  | "OVERFLOW"
  | "LISTEN_FAILED"
  | "PROTOCOL_ERROR"
  | "LISTENER_FAILED"
  | "USER_SERVICE_FAILED";

/** The codes that the table calls retryable; a test holds the two together. */
const RETRYABLE = /NOT_SENT|CONNECT|TOKEN|LISTEN_|SERVICE/;

/** What may accompany an error. */
export interface ErrorDetails {
  /** What caused it, as it was thrown. */
  cause?: unknown;
  /** The HTTP status of a refused handshake. */
  status?: number | undefined;
  /** The WebSocket close code, where there was one. */
  closeCode?: number | undefined;
}

/** The one error class of this library. `code` is stable; the message is for people and may change. */
export class WebsocketsSimpleError extends Error {
  override readonly name = "WebsocketsSimpleError";
  /** What happened: one of a closed list. */
  declare readonly code: ErrorCode;
  /** Whether doing the same again later may succeed. */
  declare readonly retryable: boolean;
  /** The HTTP status of a refused handshake. */
  declare readonly status: number | undefined;
  /** The WebSocket close code, where there was one. */
  declare readonly closeCode: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details);
    Object.assign(this, { code, retryable: RETRYABLE.test(code) }, details);
  }
}

/** Turns whatever was thrown into the one error class; an error that already is one passes through. */
export function toError(code: ErrorCode, message: string, thrown: unknown): WebsocketsSimpleError {
  try {
    if (thrown instanceof WebsocketsSimpleError) return thrown;
  } catch {
    // A revoked proxy cannot even be asked what it is.
  }
  return new WebsocketsSimpleError(code, `${message}: ${describeThrown(thrown)}`, { cause: thrown });
}

/** The words of whatever was thrown. Never throws: what cannot be turned into a text is said to be so. */
export function describeThrown(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something unprintable";
  }
}
