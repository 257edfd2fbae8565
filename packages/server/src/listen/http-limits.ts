import type { Refusal } from "../http-answer.ts";
import type { UpgradeHead } from "../socket.ts";

/** The answer to a connection beyond `limits.maxConnections`. */
export const TOO_MANY_CONNECTIONS: Refusal = {
  status: 503,
  reason: "The server holds as many connections as it may. Try again later.",
  headers: { "Retry-After": "5" },
};

/** How many connections may be told so at the same time; those beyond are closed without a word. */
export const TURNED_AWAY_AT_ONCE = 32;

/** The answer to a request that does not come whole in time. */
export const TOO_SLOW: Refusal = { status: 408, reason: "The request took too long." };

/** The bounds of a request's head. */
export interface HeadLimits {
  readonly maxHeaders: number;
  readonly maxUrlBytes: number;
}

/** Judges the size of a request's head; undefined when it is within the bounds. */
export function checkHead(request: UpgradeHead, limits: HeadLimits): Refusal | undefined {
  if (request.rawHeaders.length / 2 > limits.maxHeaders) {
    return { status: 431, reason: `More than ${limits.maxHeaders} headers.` };
  }
  // A request target is ASCII or it was refused before, so that its length is its bytes.
  if ((request.url?.length ?? 0) > limits.maxUrlBytes) {
    return { status: 414, reason: `The URL is longer than ${limits.maxUrlBytes} bytes.` };
  }
  return undefined;
}

/** What to answer to a request that Node could not read; undefined when there is nobody to answer to. */
export function refusalOfClientError(code: string | undefined): Refusal | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return TOO_SLOW;
  if (code === "HPE_HEADER_OVERFLOW") return { status: 431, reason: "The request's headers are too large." };
  if (code?.startsWith("HPE_")) return { status: 400, reason: "The request is malformed." };
  return undefined;
}
