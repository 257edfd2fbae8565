import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePacket, encodePacket, type Packet } from "../src/index.ts";
import { msgpack } from "../src/msgpack.ts";
import { checkMsgpack } from "../src/msgpack-check.ts";

const NOW = Date.parse("2026-01-02T03:04:05.678Z");
const codec = msgpack();
const JSON_FORM = { packetCasing: "camel" } as const;
const FORM = { packetCasing: "camel", codec } as const;

const filled = fc.string().filter((text) => text.trim() !== "");
const timestamp = fc.date({
  min: new Date("0001-01-01T00:00:00.000Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
/** What JSON keeps as it is. */
const plain = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)));
const packets = fc
  .record({ data: filled, timestamp, more: fc.dictionary(filled, plain, { maxKeys: 5 }) })
  .map(({ data, timestamp, more: { Data, Timestamp, ...more } }) => ({ ...more, data, timestamp }) as Packet)
  .filter((packet) => !JSON.stringify(packet).includes('"__proto__":'));

const circle: unknown[] = [];
circle.push(circle);

/** The bytes of a value, by the library itself. */
const bytesOf = (value: unknown): Uint8Array => encode(value, { maxDepth: 100_000 });
const packetOf = (message: string | Uint8Array, form: object = FORM) =>
  decodePacket(message, form as typeof FORM, NOW).packet as (Packet & Record<string, unknown>) | undefined;

describe("packets as MessagePack", () => {
  it("mean what they mean as JSON, in either spelling", () => {
    fc.assert(
      fc.property(packets, fc.constantFrom("camel" as const, "pascal" as const), (packet, packetCasing) => {
        const form = { ...FORM, packetCasing };
        const { wire } = encodePacket(packet, form, NOW);
        expect(wire).toBeInstanceOf(Uint8Array);
        const json = encodePacket(packet, { ...JSON_FORM, packetCasing }, NOW).wire;
        expect(packetOf(wire, form)).toEqual(packetOf(json, { ...JSON_FORM, packetCasing }));
      }),
    );
  });

  it("keep dates, bytes and numbers that JSON would change", () => {
    const more = { at: new Date(-1), photo: Uint8Array.of(0, 255), odd: [Number.NaN, Infinity] };
    const { wire } = encodePacket({ data: "x", ...more } as Packet, FORM, NOW);
    expect(packetOf(wire)).toEqual({ data: "x", timestamp: new Date(NOW), ...more });
  });

  it("bear their time as the format's own timestamp", () => {
    const { wire } = encodePacket("x", FORM, NOW);
    expect(decode(wire as Uint8Array)).toEqual({ data: "x", timestamp: new Date(NOW) });
  });

  it("are read with a timestamp in ISO 8601, in .NET's spelling, and without any", () => {
    const iso = "2026-01-02T03:04:05.1234567Z";
    expect(packetOf(bytesOf({ Data: "x", Timestamp: iso }))).toEqual({
      data: "x",
      timestamp: new Date("2026-01-02T03:04:05.123Z"),
    });
    expect(packetOf(bytesOf({ data: "x" }))).toEqual({ data: "x", timestamp: new Date(NOW) });
  });

  it("stay JSON where a peer sends text, and any other text becomes a packet", () => {
    expect(packetOf('{"data":"x","room":7}')).toEqual({ data: "x", room: 7, timestamp: new Date(NOW) });
    expect(packetOf("Connected Successfully")).toEqual({ data: "Connected Successfully", timestamp: new Date(NOW) });
  });

  it.each([
    ["a lone surrogate in a text", { data: "\ud800" }],
    ["a lone surrogate in a key", { data: "x", "\udc00": 1 }],
    ["a key that readers refuse", JSON.parse('{"data":"x","a":[{"__proto__":1}]}')],
    ["a function", { data: "x", run: () => {} }],
    ["a bigint", { data: "x", big: 1n }],
    ["an invalid date", { data: "x", at: new Date(Number.NaN) }],
    ["a circle", { data: "x", circle }],
  ])("are not sent with %s", (_, packet) => {
    expect(() => encodePacket(packet as Packet, FORM, NOW)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  it.each([
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set([1])],
    ["an ArrayBuffer", new ArrayBuffer(2)],
    ["a list of 16-bit numbers", Uint16Array.of(258)],
  ])("are not sent with what would arrive as something else: %s", (_, value) => {
    expect(() => encodePacket({ data: "x", value } as Packet, FORM, NOW)).toThrow("has no form in MessagePack");
  });

  it("are as deep as maxDepth, both ways, and no deeper", () => {
    const deep = (levels: number): object => ({ data: "x", timestamp: new Date(NOW), in: nest(levels - 1) });
    for (const maxDepth of [1, 2, 32]) {
      const form = { packetCasing: "camel", codec: msgpack({ maxDepth }) } as const;
      const { wire } = encodePacket(deep(maxDepth) as Packet, form, NOW);
      expect(packetOf(wire, form)).toEqual(deep(maxDepth));
      expect(() => encodePacket(deep(maxDepth + 1) as Packet, form, NOW)).toThrow(/msgpack\(\{ maxDepth \}\)/);
      expect(packetOf(bytesOf(deep(maxDepth + 1)), form)).toBeUndefined();
    }
  });

  it("ask for a maxDepth in its bounds", () => {
    for (const maxDepth of [0, 1_001, 1.5, "2"]) {
      expect(() => msgpack({ maxDepth } as never)).toThrow("option maxDepth: expected a whole number from 1 to 1000");
    }
    expect(() => msgpack({ depth: 1 } as never)).toThrow("option depth: unknown; known are maxDepth");
  });
});

/** Lists within each other, the innermost empty; none: a number. */
function nest(levels: number): unknown {
  return levels === 0 ? 5 : levels === 1 ? [] : [nest(levels - 1)];
}

describe("bytes that are no packet have none, and cost little", () => {
  const list = (length: number): number[] => [0xdd, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
  it.each([
    ["nothing", []],
    ["no object", [...bytesOf([1, 2])]],
    ["an object without data", [0x80]],
    ["trailing bytes", [...bytesOf({ data: "x" }), 0]],
    ["a message cut short", [...bytesOf({ data: "hello" }).subarray(0, -1)]],
    ["the head that is never used", [0xc1]],
    ["an unknown extension", [0x82, 0xa4, 100, 97, 116, 97, 0xa1, 120, 0xa1, 121, 0xd4, 5, 0]],
    ["a timestamp of a wrong length", [0x82, 0xa4, 100, 97, 116, 97, 0xa1, 120, 0xa1, 121, 0xd4, 0xff, 0]],
    [
      "a timestamp beyond all time",
      [...bytesOf({ data: "x" }).with(0, 0x82), ...bytesOf("timestamp"), 0xc7, 12, 0xff, 0, 0, 0, 0, ...Array(8).fill(0x7f)],
    ],
    [
      "a key that would reach a prototype",
      [0x82, 0xa4, 100, 97, 116, 97, 0xa1, 120, 0xa9, ...Buffer.from("__proto__"), 0x81, 0xa1, 112, 1],
    ],
    ["a key that is no name", [0x82, 0xa4, 100, 97, 116, 97, 0xa1, 120, 0x90, 1]],
    ["a list of four thousand million", [0x82, 0xa4, 100, 97, 116, 97, 0xa1, 120, 0xa1, 121, ...list(0xffffffff)]],
    ["an object of as many", [0xdf, 255, 255, 255, 255, 0xa1, 120, 1]],
    ["a text of as many bytes", [0xdb, 255, 255, 255, 255, 120]],
    ["lists of many, each within the other", Array.from({ length: 30 }, () => list(200_000)).flat()],
    ["lists that share the same bytes", [...Array.from({ length: 20 }, () => list(4_000)).flat(), ...Array(4_100).fill(0xc0)]],
    ["a million lists within each other", Array(1_000_000).fill(0x91)],
  ])("%s", (_, bytes) => {
    const message = Uint8Array.from(bytes);
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    expect(decodePacket(message, FORM, NOW)).toEqual({});
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1_048_576);
    expect(({} as { p?: number }).p).toBeUndefined();
  });

  it.each([
    ["a list of thirty million", list(30_000_000)],
    ["an object of as many", [0xdf, ...list(30_000_000).slice(1)]],
    ["lists of a million, each within the other", Array.from({ length: 30 }, () => list(1_000_000)).flat()],
    ["lists that would share the same bytes", [...list(2_000), ...list(2_000), ...Array(2_100).fill(0xc0)]],
  ])("%s is refused by its head, before anything is made", (_, bytes) => {
    expect(() => checkMsgpack(Uint8Array.from(bytes), 32)).toThrow("more values promised than there are bytes");
  });

  it.each([
    ["a number", [0xcd, 0x03, 0xff]],
    ["a small number", [0x7f]],
    ["a number with a sign", [0xd1, 0x03, 0xff]],
    ["a float", [0xca, ...new Uint8Array(Float32Array.of(1_023).buffer).toReversed()]],
    ["a text", [0xa4, ...Buffer.from("1023")]],
    ["a text with a length of its own", [0xd9, 4, ...Buffer.from("1023")]],
  ])("objects by the thousand, each with a high index as its key, are refused before anything is made: %s", (_, key) => {
    const objects = Array.from({ length: 20_000 }, () => [0x81, ...key, 1]);
    expect(() => checkMsgpack(Uint8Array.from([...list(20_000), ...objects.flat()]), 32)).toThrow("too many places");
    checkMsgpack(Uint8Array.from([0x94, ...objects.slice(0, 4).flat()]), 32);
  });

  it("an object with many indexes as keys, in order or far apart, is none of those", () => {
    const [ordered, apart, sparse] = [1, 100, 10_000].map(
      (step) => new Map(Array.from({ length: 5_000 }, (_, index) => [index * step, 1])),
    );
    for (const keys of [ordered, apart, sparse]) {
      const bytes = bytesOf(Object.fromEntries(keys as Map<number, number>));
      checkMsgpack(bytes, 1);
      expect(Object.keys(decode(bytes) as object)).toHaveLength(5_000);
    }
  });

  it("whatever they are: no throw, and no prototype but an object's own", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // Nearly packets: one byte of one is another.
      fc.tuple(packets, fc.nat(), fc.nat(255)).map(([packet, place, byte]) => {
        const written = codec.encode(packet) as Uint8Array;
        return written.with(place % written.length, byte);
      }),
    );
    fc.assert(
      fc.property(bytes, (message) => {
        const { packet, error } = decodePacket(message, FORM, NOW);
        expect(error).toBeUndefined();
        if (packet) expect([Object.getPrototypeOf(packet), typeof packet.data]).toEqual([Object.prototype, "string"]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("what the library writes passes, each kind of value in each of its forms", () => {
    const lengths = [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536];
    const values = lengths.flatMap((length) => [
      ...["a".repeat(length), new Uint8Array(length), Array(length).fill(null)],
      Object.fromEntries(Array.from({ length: Math.min(length, 70_000) }, (_, index) => [`${index}`, true])),
    ]);
    const numbers = [
      0,
      127,
      128,
      255,
      256,
      65_535,
      65_536,
      2 ** 32 - 1,
      2 ** 32,
      -1,
      -32,
      -33,
      -129,
      -32_769,
      -(2 ** 31) - 1,
      0.5,
    ];
    const dates = [0, 1, 2 ** 34 * 1000, -1].map((time) => new Date(time));
    for (const value of [...values, ...numbers, ...dates, null, true, false]) {
      const bytes = bytesOf(value);
      checkMsgpack(bytes, 1);
      expect(() => checkMsgpack(bytes.subarray(0, -1), 1)).toThrow();
      expect(() => checkMsgpack(Uint8Array.of(...bytes.subarray(0, 100), 0), 1)).toThrow();
    }
    checkMsgpack(encode(0.5, { forceFloat32: true }), 1);
  });

  it("bytes without a codec are never looked at", () => {
    expect(decodePacket(bytesOf({ data: "x" }), JSON_FORM, NOW)).toEqual({});
  });
});
