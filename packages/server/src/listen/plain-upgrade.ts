import type { UpgradeHead } from "../socket.ts";

/** How large a head may be to be read here. */
export interface PlainLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
}

/** An upgrade request, and how many bytes of the chunk it takes. */
export interface PlainUpgrade {
  readonly head: UpgradeHead;
  readonly length: number;
}

/**
 * Reads an upgrade request that stands whole at the beginning of a chunk and has but one reading (RFC 9112): `GET`, a path,
 * HTTP/1.1, every line ended by CRLF, every header a token, a colon and visible characters, nothing folded, no body. All
 * else is left to Node's parser, which is given the same bytes: so this one is nowhere more lenient.
 *
 * Its time is linear in the chunk.
 *
 * @returns undefined when it is no such request
 */
export function readPlainUpgrade(chunk: Buffer, limits: PlainLimits): PlainUpgrade | undefined {
  const end = chunk.indexOf("\r\n\r\n", 0, "latin1");
  if (end < 0 || end + 4 > limits.maxHeaderBytes) return undefined;
  const text = chunk.toString("latin1", 0, end + 2);
  const lineEnd = text.indexOf("\r\n");
  const targetEnd = lineEnd - VERSION.length;
  if (!text.startsWith(METHOD) || targetEnd < METHOD.length || !text.startsWith(VERSION, targetEnd)) return undefined;
  if (!isMadeOf(TARGET, text, METHOD.length, targetEnd)) return undefined;

  const rawHeaders: string[] = [];
  let isUpgrade = false;
  for (let start = lineEnd + 2, stop = 0; start < text.length; start = stop + 2) {
    stop = text.indexOf("\r\n", start);
    const colon = text.indexOf(":", start);
    if (colon <= start || colon > stop) return undefined;
    if (!isMadeOf(NAME, text, start, colon) || !isMadeOf(VALUE, text, colon + 1, stop)) return undefined;
    const name = text.slice(start, colon);
    if (LENGTHS_OF_SPECIAL.has(name.length)) {
      const lower = name.toLowerCase();
      if (NEEDS_NODE.has(lower)) return undefined;
      isUpgrade ||= lower === "upgrade";
    }
    rawHeaders.push(name, withoutBlanks(text, colon + 1, stop));
  }
  if (!isUpgrade || rawHeaders.length > 2 * limits.maxHeaders) return undefined;
  // Not a part of the head's text, which it would keep.
  const url = chunk.toString("latin1", METHOD.length - 1, targetEnd);
  return { head: { method: "GET", url, httpVersionMajor: 1, httpVersionMinor: 1, rawHeaders }, length: end + 4 };
}

const METHOD = "GET /";
const VERSION = " HTTP/1.1";
/** Headers that speak of a body, or ask for an answer before there is one. */
const NEEDS_NODE: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "expect"]);
const LENGTHS_OF_SPECIAL: ReadonlySet<number> = new Set([...NEEDS_NODE, "upgrade"].map((name) => name.length));

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** What a path and a query are made of (RFC 3986 sections 3.3 and 3.4). */
const TARGET = classOf(`${LETTERS}-._~%!$&'()*+,;=:@/?`);
/** A token (RFC 9110 section 5.6.2). */
const NAME = classOf(`${LETTERS}!#$%&'*+-.^_\`|~`);
/** Visible ASCII and blanks (RFC 9110 section 5.5). */
const VALUE = classOf(`\t${String.fromCharCode(...Array.from({ length: 0x5f }, (_, index) => 0x20 + index))}`);

function classOf(characters: string): Uint8Array {
  const members = new Uint8Array(256);
  for (let index = 0; index < characters.length; index++) members[characters.charCodeAt(index)] = 1;
  return members;
}

function isMadeOf(members: Uint8Array, text: string, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (members[text.charCodeAt(index)] === 0) return false;
  return true;
}

/** A header's value without the blanks around it (RFC 9110 section 5.6.3). */
function withoutBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
