/** From here on whole words are faster, though the first bytes have to be done one by one to align them. */
const WORDS_FROM = 48;
/** What one read of a socket holds at most. */
const MAX_HELD_BYTES = 65_536;

/**
 * Applies a mask (RFC 6455 section 5.3) in place; the same again takes it off.
 *
 * @param key the mask as a number, its first byte the highest
 * @param offset how many bytes of the payload came before `start`
 * @returns all resulting bytes, or-ed together, in its lowest eight bits: without 0x80 they are ASCII
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: number, offset: number): number {
  const turned = rotate(key, offset & 3);
  if (end - start >= WORDS_FROM) return applyWords(bytes, start, end, turned);
  const a = turned >>> 24;
  const b = (turned >>> 16) & 0xff;
  const c = (turned >>> 8) & 0xff;
  const d = turned & 0xff;
  let seen = 0;
  let at = start;
  for (const whole = end - 3; at < whole; at += 4) {
    const first = (bytes[at] as number) ^ a;
    const second = (bytes[at + 1] as number) ^ b;
    const third = (bytes[at + 2] as number) ^ c;
    const fourth = (bytes[at + 3] as number) ^ d;
    bytes[at] = first;
    bytes[at + 1] = second;
    bytes[at + 2] = third;
    bytes[at + 3] = fourth;
    seen |= first | second | third | fourth;
  }
  for (let turned = rotate(key, (offset + at - start) & 3); at < end; at++) {
    const byte = (bytes[at] as number) ^ (turned >>> 24);
    bytes[at] = byte;
    seen |= byte;
    turned = rotate(turned, 1);
  }
  return seen;
}

/** A mask as it stands in a frame, as a number. */
export function readMask(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}

/** Four bytes at a time, over memory that is aligned. */
function applyWords(bytes: Uint8Array, start: number, end: number, key: number): number {
  const words = wordsOf(bytes);
  const offset = lastOffset;
  const lead = -(offset + start) & 3;
  const last = (offset + end) >>> 2;
  const word = inMemoryOrder(rotate(key, lead));
  let seen = 0;
  let index = (offset + start + lead) >>> 2;
  for (const whole = last - 3; index < whole; index += 4) {
    const first = (words[index] as number) ^ word;
    const second = (words[index + 1] as number) ^ word;
    const third = (words[index + 2] as number) ^ word;
    const fourth = (words[index + 3] as number) ^ word;
    words[index] = first;
    words[index + 1] = second;
    words[index + 2] = third;
    words[index + 3] = fourth;
    seen |= first | second | third | fourth;
  }
  for (; index < last; index++) {
    const unmasked = (words[index] as number) ^ word;
    words[index] = unmasked;
    seen |= unmasked;
  }
  const rest = last * 4 - offset;
  const edges = applyBytes(bytes, start, start + lead, key) | applyBytes(bytes, rest, end, rotate(key, lead));
  return edges | seen | (seen >>> 8) | (seen >>> 16) | (seen >>> 24);
}

/** Views are dear, and one chunk has many frames: what was last looked at is kept, and where in its memory it begins. */
const NOTHING = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);
let lastBytes: Uint8Array = NOTHING;
let lastWords: Int32Array = NO_WORDS;
let lastOffset = 0;

/** All memory around some bytes, in whole words; the bytes begin at `lastOffset` of it. */
function wordsOf(bytes: Uint8Array): Int32Array {
  if (bytes === lastBytes) return lastWords;
  const { buffer, byteOffset } = bytes;
  const words = lastWords.buffer === buffer ? lastWords : new Int32Array(buffer, 0, buffer.byteLength >>> 2);
  // Of larger memory none is held: it may be a message.
  const isHeld = buffer.byteLength <= MAX_HELD_BYTES;
  lastBytes = isHeld ? bytes : NOTHING;
  lastWords = isHeld ? words : NO_WORDS;
  lastOffset = byteOffset;
  return words;
}

function applyBytes(bytes: Uint8Array, start: number, end: number, key: number): number {
  let turning = key;
  let seen = 0;
  for (let at = start; at < end; at++) {
    const byte = (bytes[at] as number) ^ (turning >>> 24);
    bytes[at] = byte;
    seen |= byte;
    turning = rotate(turning, 1);
  }
  return seen;
}

/** The key for a payload whose first `count` bytes, 0 to 3, are done. */
function rotate(key: number, count: number): number {
  return count === 0 ? key : (key << (8 * count)) | (key >>> (32 - 8 * count));
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function inMemoryOrder(key: number): number {
  if (!IS_LITTLE_ENDIAN) return key;
  return (key << 24) | ((key & 0xff00) << 8) | ((key >>> 8) & 0xff00) | (key >>> 24);
}
