import { acceptance, more, ping, type RfcCase, refusal, text } from "./case.ts";

/** The first and last code point of each length, what surrounds the surrogates, and non-characters, which are allowed. */
const CODE_POINTS = [
  ...[0x00, 0x7f, 0x80, 0x7ff, 0x800, 0xfff, 0x1000, 0xcfff, 0xd000, 0xd7ff, 0xe000, 0xfffd, 0xfffe, 0xffff],
  ...[0x10000, 0x1fffe, 0x3ffff, 0x40000, 0xfffff, 0x100000, 0x10fffe, 0x10ffff],
];

/** Bytes that are no UTF-8 (RFC 3629), and what is wrong with them. */
const WRONG: readonly (readonly [string, readonly number[]])[] = [
  ["a continuation byte alone", [0x80]],
  ["the last continuation byte alone", [0xbf]],
  ["two continuation bytes", [0x80, 0xbf]],
  ["a lead of two bytes alone", [0xc3, 0x20]],
  ["a lead of three bytes alone", [0xe2, 0x20]],
  ["a lead of four bytes alone", [0xf0, 0x20]],
  ["three bytes, the last missing", [0xe2, 0x82, 0x20]],
  ["four bytes, the last missing", [0xf0, 0x9f, 0x90, 0x20]],
  ["two leads", [0xc3, 0xc3]],
  ["a lead after half a character", [0xf0, 0x9f, 0xe2]],
  ["an overlong slash in two bytes", [0xc0, 0xaf]],
  ["an overlong slash in three bytes", [0xe0, 0x80, 0xaf]],
  ["an overlong slash in four bytes", [0xf0, 0x80, 0x80, 0xaf]],
  ["the highest overlong in two bytes", [0xc1, 0xbf]],
  ["the highest overlong in three bytes", [0xe0, 0x9f, 0xbf]],
  ["the highest overlong in four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["an overlong NUL", [0xc0, 0x80]],
  ["the first surrogate", [0xed, 0xa0, 0x80]],
  ["the last surrogate", [0xed, 0xbf, 0xbf]],
  ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb0, 0xa2]],
  ["U+110000", [0xf4, 0x90, 0x80, 0x80]],
  ["a lead of F5", [0xf5, 0x80, 0x80, 0x80]],
  ["five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["six bytes", [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
  ["FE", [0xfe]],
  ["FF", [0xff]],
];

/** Characters that end too early. */
const CUT: readonly (readonly number[])[] = [[0xc3], [0xe2], [0xe2, 0x82], [0xf0], [0xf0, 0x9f], [0xf0, 0x9f, 0x90]];

const AT_ONCE = "UTF-8 at once";
const open = { fin: false };
const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString("hex");

function* valid(): Generator<RfcCase> {
  for (const point of CODE_POINTS) {
    const character = String.fromCodePoint(point);
    const name = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
    yield acceptance(`8.1: ${name}`, [text(`a${character}b`)], [`a${character}b`]);
    const long = `${"x".repeat(100)}${character.repeat(50)}`;
    yield acceptance(`8.1: ${name} in a long text`, [text(long)], [long]);
    const bytes = Buffer.from(character);
    const parts = [...bytes].map((byte, index) => (index ? more : text)(Uint8Array.of(byte), open));
    yield acceptance(`8.1: ${name}, each byte a fragment`, [...parts, more("")], [character]);
    yield acceptance(
      `8.1: ${name}, each byte a fragment, pings between`,
      [...parts.flatMap((part) => [part, ping()]), more("")],
      [character],
      parts.map(() => ""),
    );
  }
  const mixed = "Hello-µ@ßöäüàá-UTF-8!! κόσμε 🐢 żółw";
  const bytes = Buffer.from(mixed);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const frames = [text(bytes.subarray(0, cut), open), more(bytes.subarray(cut))];
    yield acceptance(`8.1: a text cut in two after byte ${cut}`, frames, [mixed]);
  }
}

function* wrong(): Generator<RfcCase> {
  for (const [name, bytes] of WRONG) {
    const bad = Uint8Array.from(bytes);
    yield refusal(`8.1: ${name}`, [text(bad)], 1007);
    yield refusal(`8.1: ${name}, after good text`, [text(Buffer.concat([Buffer.from("κόσμε".repeat(40)), bad]))], 1007);
    yield refusal(`8.1: ${name}, in a first fragment: at once`, [text(bad, open)], 1007, AT_ONCE);
    yield refusal(`8.1: ${name}, in a later fragment: at once`, [text("κόσμε", open), more(bad, open)], 1007, AT_ONCE);
    const parts = bytes.map((byte, index) => (index ? more : text)(Uint8Array.of(byte), open));
    yield refusal(`8.1: ${name}, each byte a fragment`, parts, 1007, AT_ONCE);
    const unfinished = text(Buffer.concat([bad, Buffer.alloc(1_000, "x")])).subarray(0, 6 + 2 + bad.length + 1);
    yield {
      ...refusal(`8.1: ${name}, in a frame that is not there yet: at once`, [], 1007, AT_ONCE),
      bytes: Buffer.concat([text("before"), unfinished]),
    };
  }
  for (const bytes of CUT) {
    yield refusal(`8.1: a text that ends within a character: ${hex(bytes)}`, [text(Uint8Array.from(bytes))], 1007);
    yield refusal(
      `8.1: a last fragment that ends within a character: ${hex(bytes)}`,
      [text("é", open), more(Uint8Array.from(bytes))],
      1007,
    );
    yield refusal(
      `8.1: an empty last fragment after half a character: ${hex(bytes)}`,
      [text(Uint8Array.from(bytes), open), more("")],
      1007,
    );
  }
}

/** Section 8.1: texts are UTF-8, and the first byte that proves the contrary ends the connection. */
export const UTF8: readonly RfcCase[] = [...valid(), ...wrong()];
