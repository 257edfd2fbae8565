import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createPacket, decodePacket, encodePacket } from "../../shared/src/index.ts";
import { canBeObject, PacketReader, writePlain } from "../src/plain-packet.ts";

const CAMEL = { packetCasing: "camel" as const };
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** Texts near the short way: whole packets, and such with a part replaced. */
const texts = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.json(),
  fc
    .record({
      data: fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", " ", "\u2028", '\\"', "\\u0041", "\ud800")),
      time: fc.oneof(
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
        fc.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/),
        fc.string({ minLength: 24, maxLength: 24 }),
      ),
      isEscaped: fc.boolean(),
    })
    .map(({ data, time, isEscaped }) => `{"data":${isEscaped ? JSON.stringify(data) : `"${data}"`},"timestamp":"${time}"}`),
);

/** What a server makes of a text, by the short way or, where that does not know it, by the long one. */
function read(text: string, packetCasing: "camel" | "pascal" = "camel"): unknown {
  const reader = new PacketReader({ packetCasing }, () => NOW);
  const data = reader.readShort(text);
  return data === undefined ? reader.read(text) : { packet: createPacket(data, reader.time) };
}

const isShort = (text: string) => new PacketReader(CAMEL, () => NOW).readShort(text) !== undefined;

describe("the short way of plain packets", () => {
  test("looks at a first character", () => {
    for (const text of ["{}", " {}", "\n{}", "\t", "\r"]) expect(canBeObject(text)).toBe(true);
    for (const text of ["", "x", "[1]", "\u00a0{}", "\ufeff{}", "привет", "0"]) expect(canBeObject(text)).toBe(false);
  });

  test("reads what it knows as the long way does, and knows nothing else", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(read(text)).toEqual(decodePacket(text, CAMEL, NOW));
        expect(read(text, "pascal")).toEqual(decodePacket(text, { packetCasing: "pascal" }, NOW));
      }),
      { numRuns: 20_000 },
    );
  });

  test("writes what it knows as the long way does", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), fc.integer({ min: 0, max: 4e12 }), (data, now) => {
        const short = writePlain(data, now);
        if (short !== undefined) expect(short).toBe(encodePacket(data, CAMEL, now).wire);
      }),
      { numRuns: 5_000 },
    );
  });

  test("knows the packets that our own sides write", () => {
    for (const data of ["hello", "x", " padded ", "żółw", "1 < 2 & '3'", "a".repeat(10_000)]) {
      const text = encodePacket(data, CAMEL, NOW).wire as string;
      expect(writePlain(data, NOW)).toBe(text);
      expect(isShort(text)).toBe(true);
      expect(read(text)).toEqual({ packet: { data, timestamp: new Date(NOW) } });
    }
  });

  test.each([
    ["an escape", '{"data":"a\\n","timestamp":"2026-01-02T03:04:05.678Z"}'],
    ["a turtle", '{"data":"🐢","timestamp":"2026-01-02T03:04:05.678Z"}'],
    ["another order", '{"timestamp":"2026-01-02T03:04:05.678Z","data":"a"}'],
    ["a further field", '{"data":"a","b":"","timestamp":"2026-01-02T03:04:05.678Z"}'],
    ["no data", '{"data":"","timestamp":"2026-01-02T03:04:05.678Z"}'],
    ["blank data", '{"data":" ","timestamp":"2026-01-02T03:04:05.678Z"}'],
    ["the 29th", '{"data":"a","timestamp":"2026-01-29T03:04:05.678Z"}'],
    ["the year 99", '{"data":"a","timestamp":"0099-01-02T03:04:05.678Z"}'],
    ["a leap second", '{"data":"a","timestamp":"2026-01-02T03:04:60.678Z"}'],
    ["a time zone", '{"data":"a","timestamp":"2026-01-02T03:04:05+01:00"}'],
  ])("leaves to the long way %s", (_, text) => {
    expect(isShort(text)).toBe(false);
  });
});
