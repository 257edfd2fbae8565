import { frame, Opcode } from "../raw-socket.ts";
import { acceptance, binary, close, more, ping, pong, type RfcCase, refusal, text } from "./case.ts";

const LENGTHS = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 65_535, 65_536, 65_537, 131_072];
const OPCODES = Object.entries(Opcode);
const RESERVED_OPCODES = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);

/** A header written by hand. */
const raw = (...bytes: number[]): Buffer => Buffer.from(bytes);
const MASK = [0x37, 0xfa, 0x21, 0x3d];

function* lengths(): Generator<RfcCase> {
  for (const length of LENGTHS) {
    yield acceptance(`5.2: a text of ${length} bytes`, [text("*".repeat(length))], ["*".repeat(length)]);
    yield acceptance(`5.2: ${length} binary bytes`, [binary(bytesOf(length))], [bytesOf(length)]);
    yield acceptance(
      `5.4: a last fragment of ${length} bytes`,
      [binary("", { fin: false }), more(bytesOf(length))],
      [bytesOf(length)],
    );
  }
  for (const length of [0, 1, 124, 125]) {
    yield refusal(
      `5.2: ${length} bytes in the 16-bit form`,
      [raw(0x82, 0xfe, 0, length, ...MASK, ...bytesOf(length))],
      1002,
      "shortest length",
    );
  }
  for (const length of [0, 125, 126, 65_535]) {
    const form = [0, 0, 0, 0, 0, 0, length >> 8, length & 0xff];
    yield refusal(`5.2: ${length} bytes in the 64-bit form`, [raw(0x82, 0xff, ...form, ...MASK)], 1002, "shortest length");
  }
  yield refusal(
    "5.2: a 64-bit length with its highest bit set",
    [raw(0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, ...MASK)],
    1002,
    "top bit",
  );
  for (const [name, form] of [
    ["2^63 - 1", [0x7f, 255, 255, 255, 255, 255, 255, 255]],
    ["2^53", [0, 0x20, 0, 0, 0, 0, 0, 0]],
    ["2^32", [0, 0, 0, 1, 0, 0, 0, 0]],
    ["the bound and one", [0, 0, 0, 0, 0, 0x10, 0, 1]],
  ] as const) {
    yield refusal(`7.4.1: a declared length of ${name}, before any of it comes`, [raw(0x82, 0xff, ...form, ...MASK)], 1009);
  }
  yield refusal(
    "7.4.1: fragments that together are above the bound",
    [binary(bytesOf(65_536), { fin: false }), raw(0x80, 0xff, 0, 0, 0, 0, 0, 0x0f, 0, 1, ...MASK)],
    1009,
  );
}

function* bitsAndOpcodes(): Generator<RfcCase> {
  for (const [name, opcode] of OPCODES) {
    for (let rsv = 1; rsv < 8; rsv++) {
      yield refusal(`5.2: reserved bits ${rsv} in a ${name} frame`, [frame(opcode, "", { rsv })], 1002);
      yield refusal(`5.2: reserved bits ${rsv} in a ${name} frame with a payload`, [frame(opcode, "ab", { rsv })], 1002);
    }
  }
  for (const opcode of RESERVED_OPCODES) {
    yield refusal(`5.2: reserved opcode ${opcode}`, [frame(opcode, "")], 1002);
    yield refusal(`5.2: reserved opcode ${opcode} with a payload`, [frame(opcode, "ab")], 1002);
    yield refusal(`5.2: reserved opcode ${opcode} between fragments`, [text("a", { fin: false }), frame(opcode, "")], 1002);
    yield refusal(`5.2: reserved opcode ${opcode}, not final`, [frame(opcode, "", { fin: false })], 1002);
  }
  for (const [name, opcode] of OPCODES) {
    yield refusal(`5.1: an unmasked ${name} frame`, [frame(opcode, "", { masked: false })], 1002);
    yield refusal(`5.1: an unmasked ${name} frame with a payload`, [frame(opcode, "ab", { masked: false })], 1002);
  }
  for (const mask of [[0, 0, 0, 0], [255, 255, 255, 255], [0, 0, 0, 1], [128, 0, 0, 0], MASK]) {
    const hidden = [...Buffer.from("masked text")].map((byte, index) => byte ^ (mask[index % 4] as number));
    yield acceptance(`5.3: mask ${mask.join(" ")}`, [raw(0x81, 0x80 | hidden.length, ...mask, ...hidden)], ["masked text"]);
  }
}

function* fragments(): Generator<RfcCase> {
  const open = { fin: false };
  for (const count of [2, 3, 10, 60]) {
    const parts = Array.from({ length: count }, (_, index) => `${index} `);
    const frames = parts.map((part, index) => (index ? more : text)(part, { fin: index === count - 1 }));
    yield acceptance(`5.4: a text in ${count} fragments`, frames, [parts.join("")]);
    yield acceptance(
      `5.4: a text in ${count} fragments, pings between them`,
      frames.flatMap((part, index) => (index ? [ping(`${index}`), part] : [part])),
      [parts.join("")],
      parts.slice(1).map((_, index) => `${index + 1}`),
    );
  }
  yield acceptance("5.4: empty fragments", [text("", open), more("", open), more("")], [""]);
  yield acceptance("5.4: empty fragments around one that is not", [text("", open), more("x", open), more("")], ["x"]);
  yield acceptance("5.4: binary fragments", [binary("a", open), more("b", open), more("c")], [Uint8Array.of(97, 98, 99)]);
  yield acceptance("5.4: a pong nobody asked for between fragments", [text("a", open), pong("x"), more("b")], ["ab"]);
  yield acceptance("5.4: two messages in fragments", [text("a", open), more("b"), text("c", open), more("d")], ["ab", "cd"]);
  for (const fin of [true, false]) {
    const kind = fin ? "final" : "not final";
    yield refusal(`5.4: a continuation of nothing, ${kind}`, [more("x", { fin })], 1002);
    yield refusal(`5.4: an empty continuation of nothing, ${kind}`, [more("", { fin })], 1002);
    yield refusal(`5.4: a continuation of a whole message, ${kind}`, [ping(), text("whole"), more("x", { fin })].slice(2), 1002);
    yield refusal(`5.4: a text within a text, ${kind}`, [text("a", open), text("b", { fin })], 1002);
    yield refusal(`5.4: a text within a binary message, ${kind}`, [binary("a", open), text("b", { fin })], 1002);
    yield refusal(`5.4: binary within a text, ${kind}`, [text("a", open), binary("b", { fin })], 1002);
    yield refusal(
      `5.4: a text within a text after a continuation, ${kind}`,
      [text("a", open), more("b", open), text("c", { fin })],
      1002,
    );
  }
  yield {
    ...refusal("5.4: a close frame between fragments", [text("a", open), close(1000)], 1000),
    closing: { code: 1000, reason: "" },
  };
}

function* controls(): Generator<RfcCase> {
  for (const length of [0, 1, 2, 124, 125]) {
    yield acceptance(`5.5.2: a ping of ${length} bytes`, [ping("p".repeat(length))], [], ["p".repeat(length)]);
    yield acceptance(`5.5.3: a pong of ${length} bytes that nobody asked for`, [pong("p".repeat(length))], []);
  }
  yield acceptance("5.5.2: a ping of bytes that are no text", [ping(Uint8Array.of(0, 255, 254, 128))], [], ["\x00\xff\xfe\x80"]);
  yield acceptance(
    "5.5.2: ten pings in a row",
    Array.from({ length: 10 }, (_, n) => ping(`${n}`)),
    [],
    [..."0123456789"],
  );
  for (const [name, opcode] of OPCODES.filter(([, code]) => code >= 8)) {
    yield refusal(`5.5: a ${name} frame of 126 bytes`, [frame(opcode, "x".repeat(126))], 1002);
    yield refusal(`5.5: a ${name} frame of 65,536 bytes`, [frame(opcode, "x".repeat(65_536))], 1002);
    yield refusal(`5.5: a ${name} frame that declares 126 bytes, before they come`, [raw(0x80 | opcode, 0xfe)], 1002);
    yield refusal(`5.5: a ${name} frame that is not final`, [frame(opcode, "", { fin: false })], 1002);
    yield refusal(`5.5: a ${name} frame with a payload that is not final`, [frame(opcode, "ab", { fin: false })], 1002);
    yield refusal(
      `5.5: a ${name} frame between fragments that is not final`,
      [text("a", { fin: false }), frame(opcode, "", { fin: false })],
      1002,
    );
  }
}

/** Sections 5.1 to 5.5: headers, masks, fragments, control frames. The bound of messages is 1 MiB, of fragments 64. */
export const FRAMING: readonly RfcCase[] = [...lengths(), ...bitsAndOpcodes(), ...fragments(), ...controls()];
