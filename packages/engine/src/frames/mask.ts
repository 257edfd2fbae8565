/** From here on whole words are faster, though the first bytes have to be done one by one to align them. */
const WORDS_FROM = 48;

/**
 * Applies a mask (RFC 6455 section 5.3) in place; the same again takes it off.
 *
 * @param key the mask as a number, its first byte the highest
 * @param offset how many bytes of the payload came before `start`
 * @returns all resulting bytes, or-ed together: below 0x80 they are ASCII. Of long payloads 0xff, which says nothing
 */
export function applyMask(bytes: Uint8Array, start: number, end: number, key: number, offset: number): number {
  const turned = rotate(key, offset & 3);
  if (end - start >= WORDS_FROM) {
    applyWords(bytes, start, end, turned);
    return 0xff;
  }
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

/** Four bytes at a time, over memory that is aligned. */
function applyWords(bytes: Uint8Array, start: number, end: number, key: number): void {
  const lead = -(bytes.byteOffset + start) & 3;
  applyBytes(bytes, start, start + lead, key);
  const count = (end - start - lead) >>> 2;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start + lead, count);
  const word = inMemoryOrder(rotate(key, lead));
  for (let index = 0; index < count; index++) words[index] = (words[index] as number) ^ word;
  const rest = start + lead + count * 4;
  applyBytes(bytes, rest, end, rotate(key, lead));
}

function applyBytes(bytes: Uint8Array, start: number, end: number, key: number): void {
  let turning = key;
  for (let at = start; at < end; at++) {
    bytes[at] = (bytes[at] as number) ^ (turning >>> 24);
    turning = rotate(turning, 1);
  }
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
