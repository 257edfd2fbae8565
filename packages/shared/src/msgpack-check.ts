/**
 * Looks through a MessagePack message before anything is made of it, in one pass without recursion. A decoder makes a list as long
 * as its head says, so that five bytes may ask for gigabytes, and a few thousand of them within each other for as much again
 * each: here nothing may promise more values than there are bytes left for. It also bounds the depth, and lets no extension pass but
 * the timestamp. Keys are the decoder's business: it takes texts and numbers, and no `__proto__`.
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

  /** A number of `size` bytes; a DataView throws where there are too few. */
  const read = (size: number): number => {
    const value = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at) : view.getUint32(at);
    at += size;
    return value;
  };
  const open = (values: number): void => {
    if (lacking.length >= maxDepth) throw new Error(`deeper than maxDepth ${maxDepth}`);
    promised += values;
    if (promised > bytes.length - at) throw new Error("more values promised than there are bytes");
    lacking.push(values);
  };
  const skip = (size: number): void => {
    at += size;
    if (at > bytes.length) throw new Error("it ends within a value");
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
    if (inner >= 0) lacking[inner] = (lacking[inner] as number) - 1;
    const found = KINDS[head];
    if (!found) throw new Error(`no value begins with 0x${head.toString(16)}`);
    const { does, size } = found;
    if (does === "skip") skip(size);
    else if (does === "skip by length") skip(read(size));
    else if (does === "list") open(size);
    else if (does === "list by length") open(read(size));
    else if (does === "object") open(size * 2);
    else if (does === "object by length") open(read(size) * 2);
    else if (does === "extension") extension(size);
    else extension(read(size));
    while (lacking.at(-1) === 0) lacking.pop();
  } while (lacking.length > 0);
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes behind its end`);
}

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
