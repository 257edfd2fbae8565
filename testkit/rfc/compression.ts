import { randomBytes } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { frame, Opcode } from "../raw-socket.ts";
import { binary, close, more, ping, text } from "./case.ts";

/** What a server that has agreed on permessage-deflate makes of frames (RFC 7692). */
export interface CompressionCase {
  readonly name: string;
  readonly frames: readonly Buffer[];
  /** What it delivers, in order. */
  readonly messages: readonly (string | Uint8Array)[];
  /** The close code that it answers with; undefined: the connection stays open. */
  readonly code?: number;
}

const RSV1 = { rsv: 4 };
const hex = (bytes: string): Buffer => Buffer.from(bytes.replaceAll(" ", ""), "hex");

/** A message's payload, compressed by itself. */
export function deflated(payload: string | Uint8Array, options: object = {}): Buffer {
  return deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, ...options }).subarray(0, -4);
}

const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * index) & 0xff);

function* examples(): Generator<CompressionCase> {
  const hello = ["Hello"];
  yield { name: "7.2.3.1: one block", frames: [text(hex("f2 48 cd c9 c9 07 00"), RSV1)], messages: hello };
  yield {
    name: "7.2.3.1: one block in two fragments",
    frames: [text(hex("f2 48 cd"), { ...RSV1, fin: false }), more(hex("c9 c9 07 00"))],
    messages: hello,
  };
  yield { name: "7.2.3.3: no compression", frames: [text(hex("00 05 00 fa ff 48 65 6c 6c 6f 00"), RSV1)], messages: hello };
  yield { name: "7.2.3.4: a final block", frames: [text(hex("f3 48 cd c9 c9 07 00 00"), RSV1)], messages: hello };
  yield { name: "7.2.3.5: two blocks", frames: [text(hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), RSV1)], messages: hello };
  yield { name: "7.2.3.6: an empty message", frames: [text(hex("00"), RSV1)], messages: [""] };
  yield {
    name: "7.2.3.4: final blocks with more behind",
    frames: [text(Buffer.concat([deflateRawSync("one "), deflateRawSync("two "), deflated("three")]), RSV1)],
    messages: ["one two three"],
  };
  yield {
    name: "7.2.3.4: as many final blocks as are allowed",
    frames: [text(Buffer.concat([...Array.from({ length: 16 }, () => deflateRawSync("a")), Buffer.of(0)]), RSV1)],
    messages: ["a".repeat(16)],
  };
  yield {
    name: "7.2.1: the four octets left in place, which harms nobody",
    frames: [text(Buffer.concat([deflated("Hello"), hex("00 00 ff ff")]), RSV1), text(deflated("and on"), RSV1)],
    messages: ["Hello", "and on"],
  };
  for (const said of ["Hello", "Hello ".repeat(5_000), ""]) {
    // Common, and nothing is missing.
    yield {
      name: `7.2.3.4: a final block without the octet behind it, ${said.length} bytes`,
      frames: [text(deflateRawSync(said), RSV1), text(deflated("and on"), RSV1)],
      messages: [said, "and on"],
    };
  }
}

function* sizes(): Generator<CompressionCase> {
  for (const length of [0, 1, 2, 125, 126, 127, 1_000, 16_384, 65_535, 65_536, 300_000, 1_048_576]) {
    const ascii = "compress me ".repeat(length).slice(0, length);
    yield { name: `6: a text of ${length} bytes`, frames: [text(deflated(ascii), RSV1)], messages: [ascii] };
    const bytes = bytesOf(length);
    yield { name: `6: ${length} binary bytes`, frames: [binary(deflated(bytes), RSV1)], messages: [bytes] };
    const random = Uint8Array.from({ length }, (_, index) => Math.imul(index + 1, 2_654_435_761) >>> 13);
    yield { name: `6: ${length} bytes that do not compress`, frames: [binary(deflated(random), RSV1)], messages: [random] };
    yield {
      name: `7.2.1: ${length} bytes in stored blocks`,
      frames: [binary(deflated(bytes, { level: 0 }), RSV1)],
      messages: [bytes],
    };
  }
  for (const level of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FIXED]) {
      const said = `level ${level} says żółw 🐢 `.repeat(40);
      yield {
        name: `7.2: level ${level}, strategy ${strategy}`,
        frames: [text(deflated(said, { level, strategy }), RSV1)],
        messages: [said],
      };
    }
  }
}

function* fragments(): Generator<CompressionCase> {
  const said = "the same words, and the same words again, 🐢 and the same words";
  const payload = deflated(said);
  for (let cut = 0; cut <= payload.length; cut++) {
    yield {
      name: `6.1: fragments cut at byte ${cut}, with a ping in between`,
      frames: [text(payload.subarray(0, cut), { ...RSV1, fin: false }), ping("?"), more(payload.subarray(cut))],
      messages: [said],
    };
  }
  yield {
    name: "6.1: one fragment for each byte",
    frames: [
      text("", { ...RSV1, fin: false }),
      ...Array.from(payload, (byte) => more(Uint8Array.of(byte), { fin: false })),
      more(""),
    ],
    messages: [said],
  };
}

function* mixtures(): Generator<CompressionCase> {
  yield {
    name: "6: compressed and plain messages in turns",
    frames: [
      text("plain"),
      text(deflated("small"), RSV1),
      binary(Uint8Array.of(1)),
      binary(deflated(bytesOf(300_000)), RSV1),
      text("last"),
    ],
    messages: ["plain", "small", Uint8Array.of(1), bytesOf(300_000), "last"],
  };
  yield {
    name: "6: a large one, and a close frame right behind",
    frames: [text(deflated("x".repeat(1_000_000)), RSV1), close(1000)],
    messages: ["x".repeat(1_000_000)],
    code: 1000,
  };
}

function* faults(): Generator<CompressionCase> {
  const before = text("before");
  const bad = (name: string, frames: Buffer[], code: number): CompressionCase => ({
    name,
    frames: [before, ...frames, text("after it")],
    messages: ["before"],
    code,
  });
  for (const rsv of [1, 2, 3, 5, 6, 7]) yield bad(`5.2: reserved bits ${rsv}`, [text(deflated("x"), { rsv })], 1002);
  for (const [name, opcode] of Object.entries({ "a ping": Opcode.ping, "a pong": Opcode.pong, "a close frame": Opcode.close }))
    yield bad(`6: RSV1 on ${name}`, [frame(opcode, "", RSV1)], 1002);
  yield bad("6.1: RSV1 on a continuation", [text(deflated("x"), { ...RSV1, fin: false }), more("", RSV1)], 1002);
  yield bad("6.1: RSV1 on the continuation of a plain message", [text("x", { fin: false }), more("", RSV1)], 1002);
  for (const [name, payload] of [
    ["a reserved type of block", hex("07")],
    ["a stored block with a wrong length", hex("00 05 00 00 00 48 65")],
    ["a distance too far back", hex("0a 00 51 00")],
    ["noise", hex("ff ff ff ff ff ff ff ff")],
  ] as const) {
    yield bad(`7.2.2: ${name}`, [text(payload, RSV1)], 1007);
  }
  const whole = Buffer.from("what is cut ".repeat(20));
  const shapes = { "the fixed code": { strategy: constants.Z_FIXED }, "a code of its own": {}, "stored blocks": { level: 0 } };
  for (const [shape, options] of Object.entries(shapes)) {
    const payload = deflated(whole, options);
    for (const missing of [1, 2, 5, payload.length - 5, payload.length - 2]) {
      const cut = payload.subarray(0, payload.length - missing);
      yield bad(`7.2.2: what ends within a block, ${missing} bytes early, in ${shape}`, [text(cut, RSV1)], 1007);
    }
  }
  // Larger, so that another thread inflates it.
  yield bad("7.2.2: what ends within a block, large", [binary(deflated(randomBytes(40_000)).subarray(0, -100), RSV1)], 1007);
  for (const payload of [Uint8Array.of(0xff), Uint8Array.of(0xed, 0xa0, 0x80), Buffer.from("🐢").subarray(0, 3)]) {
    yield bad(
      `8.1: text that is no UTF-8 once it is inflated: ${Buffer.from(payload).toString("hex")}`,
      [text(deflated(payload), RSV1)],
      1007,
    );
  }
  for (const length of [1_048_577, 1_100_000, 50_000_000]) {
    yield bad(`threats 22: ${length} zeros in little`, [binary(deflated(new Uint8Array(length)), RSV1)], 1009);
  }
  yield bad(
    "threats 22: a bomb behind final blocks",
    [binary(Buffer.concat([deflateRawSync("x"), deflateRawSync(new Uint8Array(2_000_000)), deflated("")]), RSV1)],
    1009,
  );
  const tooMany = Buffer.concat([...Array.from({ length: 17 }, () => deflateRawSync("a")), Buffer.of(0)]);
  yield bad("threats 22: one more of the final blocks than is allowed", [text(tooMany, RSV1)], 1008);
  yield bad("threats 22: a million final blocks", [binary(Buffer.alloc(1_000_000, hex("03 00")), RSV1)], 1008);
}

/** The cases of RFC 7692, each message compressed by itself. */
export const COMPRESSION: readonly CompressionCase[] = [...examples(), ...sizes(), ...fragments(), ...mixtures(), ...faults()];
