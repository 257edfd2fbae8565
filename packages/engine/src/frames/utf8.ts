import { isUtf8 } from "node:buffer";

/**
 * Where a text stands: between characters, in the middle of one, or found to be no UTF-8. In the middle of a character a
 * state holds how many bytes are missing, and between which bounds the next one must be.
 */
export type Utf8State = number;

/** Between characters: where a text begins, and where it may end. */
export const UTF8_BOUNDARY: Utf8State = 0;
/** It is no UTF-8, whatever comes. */
export const UTF8_WRONG: Utf8State = -1;

/** Below this many bytes a call into Node costs more than it saves. */
const NATIVE_FROM = 64;

/** Judges a further piece of a text (RFC 3629). The state depends on the bytes alone, not on how they are cut. */
export function judgeUtf8(state: Utf8State, bytes: Uint8Array, start: number, end: number): Utf8State {
  let current = state;
  let at = start;
  if (end - start >= NATIVE_FROM) {
    // The end of the character that the last piece began.
    while (current > 0) current = step(current, bytes[at++] as number);
    if (current === UTF8_WRONG) return UTF8_WRONG;
    const cut = lastBoundary(bytes, at, end);
    if (!isUtf8(bytes.subarray(at, cut))) return UTF8_WRONG;
    at = cut;
  }
  while (at < end && current !== UTF8_WRONG) current = step(current, bytes[at++] as number);
  return current;
}

/** Before the last character when that is not whole, else at most three bytes before the end. */
function lastBoundary(bytes: Uint8Array, start: number, end: number): number {
  for (let at = end - 1; at >= start && at >= end - 3; at--) if (((bytes[at] as number) & 0xc0) !== 0x80) return at;
  return end;
}

function step(state: Utf8State, byte: number): Utf8State {
  if (state === UTF8_BOUNDARY) return byte < 0x80 ? UTF8_BOUNDARY : afterLead(byte);
  const low = (state >>> 8) & 0xff;
  const high = state & 0xff;
  if (byte < low || byte > high) return UTF8_WRONG;
  return missing((state >>> 16) - 1, 0x80, 0xbf);
}

/** RFC 3629 section 4: no longer form than needed, no surrogates, nothing above U+10FFFF. */
function afterLead(byte: number): Utf8State {
  if (byte < 0xc2 || byte > 0xf4) return UTF8_WRONG;
  if (byte < 0xe0) return missing(1, 0x80, 0xbf);
  if (byte === 0xe0) return missing(2, 0xa0, 0xbf);
  if (byte === 0xed) return missing(2, 0x80, 0x9f);
  if (byte < 0xf0) return missing(2, 0x80, 0xbf);
  if (byte === 0xf0) return missing(3, 0x90, 0xbf);
  return missing(3, 0x80, byte === 0xf4 ? 0x8f : 0xbf);
}

function missing(count: number, low: number, high: number): Utf8State {
  return count === 0 ? UTF8_BOUNDARY : (count << 16) | (low << 8) | high;
}
