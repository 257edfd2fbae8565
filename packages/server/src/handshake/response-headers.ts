import type { HeaderLines } from "../socket.ts";
import { isToken } from "./scanners.ts";
import { type ResponseCookie, setCookie } from "./set-cookie.ts";

/** How much an application may add to an answer, in bytes: clients bound what they read. */
const MAX_BYTES = 8_192;
/** What the handshake, or the answer to a refused request, writes itself (RFC 6455 section 4.2.2; RFC 9110; RFC 9112). */
const OWNED: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Makes lines of the headers and cookies that an application adds to an answer. A name or a value that would end its line, or
 * that not every client reads alike, is refused. Values are shown in no error: they may be secrets.
 *
 * @throws Error that says what is wrong with them
 */
export function headerLines(headers: unknown, cookies: unknown): HeaderLines {
  const lines: [name: string, value: string][] = [];
  if (headers !== undefined) {
    if (typeof headers !== "object" || headers === null || Array.isArray(headers)) {
      throw new Error("headers: expected an object of names and values");
    }
    for (const [name, value] of Object.entries(headers)) lines.push([checkName(name), checkValue(name, value)]);
  }
  if (cookies !== undefined) {
    if (!Array.isArray(cookies)) throw new Error("cookies: expected a list");
    for (const cookie of cookies as readonly ResponseCookie[]) lines.push(["Set-Cookie", setCookie(cookie)]);
  }
  const bytes = lines.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
  if (bytes > MAX_BYTES) throw new Error(`headers and cookies: expected at most ${MAX_BYTES} bytes; got ${bytes}`);
  return lines;
}

function checkName(name: string): string {
  // Not the name itself: it may hold line ends.
  if (!isToken(name)) throw new Error(`header ${JSON.stringify(name.slice(0, 60))}: expected a token (RFC 9110 section 5.6.2)`);
  const lower = name.toLowerCase();
  if (lower === "set-cookie") throw new Error(`header ${name}: expected not to be here; cookies are given by \`cookies\``);
  if (OWNED.has(lower) || lower.startsWith("sec-websocket-")) {
    throw new Error(`header ${name}: expected not to be here; the server writes it itself`);
  }
  return name;
}

function checkValue(name: string, value: unknown): string {
  if (typeof value !== "string") throw new Error(`header ${name}: expected a text; got ${typeof value}`);
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if ((code >= 0x20 && code <= 0x7e) || code === 0x09) continue;
    const shown = code.toString(16).toUpperCase().padStart(4, "0");
    throw new Error(`header ${name}: expected visible ASCII and blanks; got U+${shown} at ${index}`);
  }
  return value;
}
