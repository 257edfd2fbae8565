import type { IncomingMessage } from "node:http";
import { parseExtensions } from "./compression/extensions.ts";

/** A request that is answered over HTTP instead of with 101. */
export interface UpgradeRefusal {
  readonly status: number;
  /** One plain sentence, which is the body. */
  readonly reason: string;
  /** Further response headers. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The head of an upgrade request, as Node's HTTP server tells it. */
export type UpgradeHead = Pick<IncomingMessage, "method" | "url" | "httpVersionMajor" | "httpVersionMinor" | "rawHeaders">;

/**
 * Judges whether a request is a well-formed WebSocket upgrade (RFC 6455 section 4.2.1). Nothing is changed or sent.
 *
 * Statuses: 400 malformed, 405 no GET (with `Allow`), 426 no upgrade to WebSocket or another version than 13 (with
 * `Upgrade`, `Sec-WebSocket-Version`), 505 not HTTP/1.1.
 *
 * @returns undefined when all is well
 */
export function checkUpgrade(request: UpgradeHead): UpgradeRefusal | undefined {
  const header = (name: string): string[] => headerValues(request.rawHeaders, name);
  const isCurrent = request.httpVersionMajor === 1 && request.httpVersionMinor >= 1;
  // RFC 9112 section 3.2 asks it of every request.
  if (isCurrent && header("host").length !== 1) return refuse(400, "Exactly one Host header is needed.");
  if (request.method !== "GET")
    return refuse(405, `A WebSocket upgrade is a GET request, not ${request.method}.`, { Allow: "GET" });
  if (!isCurrent) return refuse(505, "A WebSocket upgrade needs HTTP/1.1.");
  if (!hasToken(header("upgrade"), "websocket")) {
    return refuse(426, "This is a WebSocket server: upgrade to websocket.", { Upgrade: "websocket" });
  }
  if (!hasToken(header("connection"), "upgrade")) return refuse(400, "The Connection header must name upgrade.");

  const keys = header("sec-websocket-key");
  if (keys.length !== 1) return refuse(400, "Exactly one Sec-WebSocket-Key header is needed.");
  if (!isKey(keys[0] as string)) return refuse(400, "Sec-WebSocket-Key must be 16 bytes in base64.");

  const versions = header("sec-websocket-version");
  if (versions.length > 1) return refuse(400, "Only one Sec-WebSocket-Version header is allowed.");
  if (versions[0] !== "13") return refuse(426, "Only WebSocket version 13 is spoken here.", { "Sec-WebSocket-Version": "13" });

  const extensions = header("sec-websocket-extensions").join(", ");
  if (extensions !== "" && !parseExtensions(extensions))
    return refuse(400, "Sec-WebSocket-Extensions must be a list of extensions with their parameters.");

  // A body would be read as frames here and as a body by a proxy in between.
  if (header("transfer-encoding").length > 0 || header("content-length").some((length) => length !== "0")) {
    return refuse(400, "A WebSocket upgrade has no body.");
  }
  if (header("origin").length > 1) return refuse(400, "Only one Origin header is allowed.");
  return undefined;
}

function refuse(status: number, reason: string, headers: Record<string, string> = {}): UpgradeRefusal {
  return { status, reason, headers };
}

/**
 * All values of a header, in order. Node's own `headersDistinct` throws where a header is called `__proto__` (CVE-2026-21710).
 *
 * @param name in lower case
 */
export function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const found: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const given = rawHeaders[index] as string;
    if (given.length === name.length && given.toLowerCase() === name) found.push(trimBlanks(rawHeaders[index + 1] as string));
  }
  return found;
}

/** A header that is a list, in one (RFC 9110 section 5.2); undefined when there is none. @param name in lower case */
export function headerList(rawHeaders: readonly string[], name: string): string | undefined {
  const values = headerValues(rawHeaders, name);
  return values.length === 0 ? undefined : values.join(", ");
}

/** Takes off what HTTP calls white space (RFC 9110 section 5.6.3), and nothing else that JavaScript would. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  const isBlank = (index: number): boolean => text[index] === " " || text[index] === "\t";
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}

/** Whether a comma-separated list (RFC 9110 section 5.6.1) names `token`, in any case. */
export function hasToken(lists: readonly string[], token: string): boolean {
  return lists.some((list) => list.split(",").some((item) => item.trim().toLowerCase() === token));
}

/** 16 bytes in base64: 22 characters and two of padding. */
function isKey(key: string): boolean {
  if (key.length !== 24 || !key.endsWith("==")) return false;
  for (let index = 0; index < 22; index++) {
    const code = key.charCodeAt(index);
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (!isLetter && !(code >= 47 && code <= 57) && code !== 43) return false;
  }
  return true;
}
