import { type CodecOptions, type Decoded, decodePacket, type Packet } from "@websockets-simple/shared";

/**
 * The commonest packet by a short way: `{"data":"…","timestamp":"2026-01-02T03:04:05.678Z"}`, in this order, without
 * blanks, escapes and further fields. Whatever is not exactly so goes the long way, by JSON, with the same result.
 */
const BEFORE = '{"data":"';
const BETWEEN = '","timestamp":"';
const AFTER = '"}';
const TIME_LENGTH = 24;
const REST_LENGTH = BETWEEN.length + TIME_LENGTH + AFTER.length;

/** What JSON escapes; of surrogates only lone ones, but here all are left to the long way. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;
const BLANK = /^\s*$/;

/** Reads texts as `decodePacket` does. */
export class PacketReader<P extends Packet> {
  /** The time of what `readShort` has read, in milliseconds since 1970. A plain field: it is read for every message. */
  time = 0;
  readonly #codec: CodecOptions<P>;
  readonly #isFree: boolean;
  readonly #isCamel: boolean;
  readonly #now: () => number;

  /** @param now the time of packets that bear none, in milliseconds since 1970 */
  constructor(codec: CodecOptions<P>, now: () => number) {
    this.#codec = codec;
    this.#isFree = !codec.packet && !codec.codec;
    this.#isCamel = codec.packetCasing === "camel";
    this.#now = now;
  }

  /**
   * Reads a text by the short way: one that is sure to become a packet around itself, or the commonest packet.
   *
   * @returns the packet's `data`; its time is in `time` until the next call. Undefined: not by this way
   */
  readShort(text: string): string | undefined {
    if (!this.#isFree) return undefined;
    if (!canBeObject(text)) {
      this.time = this.#now();
      return text;
    }
    if (!this.#isCamel) return undefined;
    const end = text.length - REST_LENGTH;
    const data = readData(text, end);
    if (data === undefined) return undefined;
    this.time = readTime(text, end + BETWEEN.length);
    return Number.isNaN(this.time) ? undefined : data;
  }

  /** Reads any message. */
  read(message: string | Uint8Array): Decoded<P> {
    return decodePacket(message, this.#codec, this.#now());
  }
}

/** Whether a text may be a JSON object: a look at its first character. To let `JSON.parse` find out is far dearer. */
export function canBeObject(text: string): boolean {
  const first = text.charCodeAt(0);
  return first === BRACE || first === SPACE || first === LINE_FEED || first === TAB || first === CARRIAGE_RETURN;
}

/** The commonest packet's data, if it is one but for its time. */
function readData(text: string, end: number): string | undefined {
  if (end <= BEFORE.length || !text.startsWith(BEFORE) || !text.startsWith(BETWEEN, end) || !text.endsWith(AFTER))
    return undefined;
  const data = text.slice(BEFORE.length, end);
  return ESCAPED.test(data) || BLANK.test(data) ? undefined : data;
}

/** Writes a text as a packet of now, or says undefined. */
export function writePlain(data: string, now: number): string | undefined {
  if (ESCAPED.test(data) || BLANK.test(data)) return undefined;
  return BEFORE + data + BETWEEN + isoTime(now) + AFTER;
}

let lastTime = Number.NaN;
let lastIso = "";

/** Many packets are of the same millisecond. */
function isoTime(now: number): string {
  if (now !== lastTime) {
    lastIso = new Date(now).toISOString();
    lastTime = now;
  }
  return lastIso;
}

/** Milliseconds since 1970; NaN for what is rare or wrong: another form, a year below 1000, a day above 28. */
function readTime(text: string, at: number): number {
  if (text.charCodeAt(at + 4) !== DASH || text.charCodeAt(at + 7) !== DASH || text.charCodeAt(at + 10) !== T) return Number.NaN;
  if (text.charCodeAt(at + 13) !== COLON || text.charCodeAt(at + 16) !== COLON) return Number.NaN;
  if (text.charCodeAt(at + 19) !== DOT || text.charCodeAt(at + 23) !== Z) return Number.NaN;
  const year = digits(text, at, 2) * 100 + digits(text, at + 2, 2);
  const month = digits(text, at + 5, 2);
  const day = digits(text, at + 8, 2);
  const hour = digits(text, at + 11, 2);
  const minute = digits(text, at + 14, 2);
  const second = digits(text, at + 17, 2);
  const isUsual =
    year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23 && minute <= 59 && second <= 59;
  return isUsual ? Date.UTC(year, month - 1, day, hour, minute, second, digits(text, at + 20, 3)) : Number.NaN;
}

/** What JSON takes for blanks (RFC 8259 section 2). */
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const BRACE = 0x7b;
const DASH = 0x2d;
const COLON = 0x3a;
const DOT = 0x2e;
const T = 0x54;
const Z = 0x5a;
const ZERO = 0x30;

/** A number of so many digits; NaN when any of them is none. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = text.charCodeAt(index) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
