import type { Refusal } from "../http-answer.ts";
import { headerValues, type UpgradeHead } from "../socket.ts";

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

/**
 * Judges how many bytes a request's head had, where somebody else's HTTP server has read it: as few as they can have been.
 * Undefined when they are within the bounds.
 */
export function checkHeadBytes(request: UpgradeHead, maxHeaderBytes: number): Refusal | undefined {
  // The rest of the request line, and of each header the colon and the line break.
  let bytes = "GET  HTTP/1.1".length + (request.url?.length ?? 0);
  for (const part of request.rawHeaders) bytes += part.length + 1.5;
  return bytes > maxHeaderBytes ? TOO_LARGE : undefined;
}

/** What RFC 9112 section 3.2 asks of every request; undefined when all is well. */
export function checkHost(request: UpgradeHead): Refusal | undefined {
  const isCurrent = request.httpVersionMajor === 1 && request.httpVersionMinor >= 1;
  if (!isCurrent || headerValues(request.rawHeaders, "host").length === 1) return undefined;
  return { status: 400, reason: "Exactly one Host header is needed." };
}

const TOO_LARGE: Refusal = { status: 431, reason: "The request's headers are too large." };

/** What to answer to a request that Node could not read; undefined when there is nobody to answer to. */
export function refusalOfClientError(code: string | undefined): Refusal | undefined {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return TOO_SLOW;
  if (code === "HPE_HEADER_OVERFLOW") return TOO_LARGE;
  if (code?.startsWith("HPE_")) return { status: 400, reason: "The request is malformed." };
  return undefined;
}
