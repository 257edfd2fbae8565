/**
 * Looks through a MessagePack message before anything is made of it, in one pass without recursion. A decoder makes a list as long
 * as its head says, so that five bytes may ask for gigabytes, and a few thousand of them within each other for as much again
 * each: here nothing may promise more values than there are bytes left for. It also bounds the depth, and lets no extension pass but
 * the timestamp. Keys are the decoder's business: it takes texts and numbers, and no `__proto__`. But those that are the indexes
 * of a list are counted: engines hold them as a list, so that `{ 1023: 1 }` is seven bytes that ask for ten thousand.
 *
 * @param maxDepth how deep objects and lists may lie in each other
 * @throws Error when it is no message of one value, or too costly a one
 */
export function checkMsgpack(bytes: Uint8Array, maxDepth: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** How many values each open object or list still lacks; keys count as values. */
  const lacking: number[] = [];
  /** Their sum: each takes at least one byte. */
  let promised = 1;
  let at = 0;
  /** Where the value that was skipped last begins, behind its head and its length. */
  let from = 0;
  /** Of each open object its highest index, -1 where it has none; Infinity for a list. And how many places they ask for. */
  const highest: number[] = [];
  let places = 0;

  /** A number of `size` bytes; a DataView throws where there are too few. */
  const read = (size: number): number => {
    const value = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at);
    at += size;
    return value;
  };
  const open = (values: number, isList: boolean): void => {
    if (lacking.length >= maxDepth) throw new Error(`deeper than maxDepth ${maxDepth}`);
    promised += values;
    if (promised > bytes.length - at) throw new Error("more values promised than there are bytes");
    lacking.push(values);
    highest.push(isList ? Number.POSITIVE_INFINITY : -1);
  };
  const skip = (size: number): void => {
    from = at;
    at += size;
    if (at > bytes.length) throw new Error("it ends within a value");
  };
  /** Counts a key of the object that was opened so deep. */
  const countIndex = (depth: number, head: number): void => {
    const index = readIndex(view, head, from, at);
    const before = highest[depth] as number;
    if (!(index > before)) return;
    // With such a gap, or so far, engines hold no list any more that is mostly empty.
    const isList = index - before * 1.5 < MAX_GAP && index <= MAX_PLACES;
    highest[depth] = isList ? index : Number.POSITIVE_INFINITY;
    if (isList) places += index - before;
    if (places > MIN_PLACES + bytes.length * PLACES_PER_BYTE) throw new Error("keys that are indexes ask for too many places");
  };
  /** Its length, where the head does not tell it, stands before its type. */
  const extension = (size: number): void => {
    const type = read(1);
    if (type !== TIMESTAMP) throw new Error(`an extension of type ${type}, which has no meaning here`);
    skip(size);
  };

  do {
    const head = read(1);
    promised--;
    const inner = lacking.length - 1;
    const lacks = lacking[inner] ?? 0;
    if (inner >= 0) lacking[inner] = lacks - 1;
    const found = KINDS[head];
    if (!found) throw new Error(`no value begins with 0x${head.toString(16)}`);
    const { does, size } = found;
    if (does === "skip") skip(size);
    else if (does === "skip by length") skip(read(size));
    else if (does === "list") open(size, true);
    else if (does === "list by length") open(read(size), true);
    else if (does === "object") open(size * 2, false);
    else if (does === "object by length") open(read(size) * 2, false);
    else if (does === "extension") extension(size);
    else extension(read(size));
    // Of an object an even number is lacking before each key.
    if (lacks % 2 === 0 && lacks > 0 && does.startsWith("skip")) countIndex(inner, head);
    while (lacking.at(-1) === 0) {
      lacking.pop();
      highest.pop();
    }
  } while (lacking.length > 0);
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes behind its end`);
}

/** How many places indexes may ask for: some, and so many for each byte of the message. */
const MIN_PLACES = 8_192;
const PLACES_PER_BYTE = 4;
const MAX_GAP = 1_100;
const MAX_PLACES = 5_000;
/** So many digits may be an index that is worth counting. */
const MAX_DIGITS = 7;
const ZERO = 0x30;

/** What number a key is, if it is one, or reads as one; NaN otherwise. */
function readIndex(view: DataView, head: number, from: number, end: number): number {
  if (head < 0x80) return head;
  const number = NUMBERS[head];
  if (number) return number(view, from);
  const isText = (head >= 0xa0 && head < 0xc0) || (head >= 0xd9 && head <= 0xdb);
  if (!isText || from === end || end - from > MAX_DIGITS) return Number.NaN;
  let index = 0;
  for (let at = from; at < end; at++) {
    const digit = view.getUint8(at) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    index = index * 10 + digit;
  }
  return index;
}

/** Numbers by their heads, but for those that are no index. */
const NUMBERS: { readonly [head: number]: (view: DataView, at: number) => number } = {
  202: (view, at) => view.getFloat32(at),
  203: (view, at) => view.getFloat64(at),
  204: (view, at) => view.getUint8(at),
  205: (view, at) => view.getUint16(at),
  206: (view, at) => view.getUint32(at),
  207: (view, at) => Number(view.getBigUint64(at)),
  208: (view, at) => view.getInt8(at),
  209: (view, at) => view.getInt16(at),
  210: (view, at) => view.getInt32(at),
  211: (view, at) => Number(view.getBigInt64(at)),
};

/** -1 as a byte: the one extension that the format itself defines. */
const TIMESTAMP = 0xff;

/** What a head says: what follows, and how many bytes or values, or how many bytes tell that number. */
interface Kind {
  readonly does:
    | "skip"
    | "skip by length"
    | "list"
    | "list by length"
    | "object"
    | "object by length"
    | "extension"
    | "extension by length";
  readonly size: number;
}

const kind = (does: Kind["does"], size: number): Kind => ({ does, size });

/** Heads from 0xc0 on, which tell a length or a type by bytes of their own. */
const LONG_KINDS: readonly (Kind | undefined)[] = [
  // nil; a head that is never used; false; true
  ...[kind("skip", 0), undefined, kind("skip", 0), kind("skip", 0)],
  // bytes
  ...[1, 2, 4].map((size) => kind("skip by length", size)),
  ...[1, 2, 4].map((size) => kind("extension by length", size)),
  // floats, then integers without and with a sign
  ...[4, 8, 1, 2, 4, 8, 1, 2, 4, 8].map((size) => kind("skip", size)),
  ...[1, 2, 4, 8, 16].map((size) => kind("extension", size)),
  // texts
  ...[1, 2, 4].map((size) => kind("skip by length", size)),
  ...[2, 4].map((size) => kind("list by length", size)),
  ...[2, 4].map((size) => kind("object by length", size)),
];

/** What each byte is at the head of a value (https://github.com/msgpack/msgpack/blob/master/spec.md). */
const KINDS: readonly (Kind | undefined)[] = Array.from({ length: 256 }, (_, head): Kind | undefined => {
  if (head < 0x80 || head >= 0xe0) return { does: "skip", size: 0 };
  if (head < 0x90) return { does: "object", size: head & 0x0f };
  if (head < 0xa0) return { does: "list", size: head & 0x0f };
  if (head < 0xc0) return { does: "skip", size: head & 0x1f };
  return LONG_KINDS[head - 0xc0];
});
