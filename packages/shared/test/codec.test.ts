import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRaw, decodePacket, encodePacket, type Packet, type StandardSchema } from "../src/index.ts";
import vectors from "../vectors/classic.json" with { type: "json" };

const now = Date.parse(vectors.now);
const camel = { packetCasing: "camel" } as const;
const pascal = { packetCasing: "pascal" } as const;

/** A schema that asks for a `user` and turns it to upper case; `data` may be missing. */
const userSchema: StandardSchema<Packet & { user: string }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      const packet = value as Packet & { user?: unknown };
      if (typeof packet.user !== "string") return { issues: [{ message: "expected a string", path: ["user", { key: "name" }] }] };
      return { value: { ...packet, user: packet.user.toUpperCase() } };
    },
  },
};

describe("reading a text", () => {
  it.each(vectors.packets)("takes $name for a packet", ({ text, packet }) => {
    const timestamp = new Date(packet.timestamp === "now" ? now : packet.timestamp);
    expect(decodePacket(text, camel, now)).toEqual({ packet: { ...packet, timestamp } });
  });

  it.each(vectors.texts)("makes a packet around $name", ({ text }) => {
    expect(decodePacket(text, camel, now)).toEqual({ packet: { data: text, timestamp: new Date(now) } });
  });

  it("never throws and always yields a packet, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: "binary" })), (text) => {
        const { packet, error } = decodePacket(text, camel, now);
        expect(error).toBeUndefined();
        expect(typeof packet?.data).toBe("string");
        expect(packet?.timestamp.getTime()).not.toBeNaN();
      }),
    );
  });

  it("survives nesting a million deep", () => {
    const deep = `{"data":"x","a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
    expect(() => decodePacket(deep, camel, now)).not.toThrow();
  });

  it("leaves prototypes alone when keys bear their names", () => {
    const { packet } = decodePacket('{"data":"x","__proto__":{"polluted":1},"constructor":2,"Data":"y"}', pascal, now);
    expect(Object.getPrototypeOf(packet)).toBe(Object.prototype);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(Object.keys(packet as object)).toContain("__proto__");
  });

  it("reads every field in .NET's spelling when asked to", () => {
    const text = '{"Data":"x","Timestamp":"2026-01-02T03:04:05.678Z","FirstName":"Ada","Tags":{"Keep":1}}';
    expect(decodePacket(text, pascal, now).packet).toEqual({
      data: "x",
      timestamp: new Date("2026-01-02T03:04:05.678Z"),
      firstName: "Ada",
      tags: { Keep: 1 },
    });
  });
});

describe("reading with a schema", () => {
  const options = { ...camel, packet: userSchema };

  it("hands out the schema's output", () => {
    expect(decodePacket('{"user":"ada"}', options, now).packet).toEqual({ user: "ADA", timestamp: new Date(now) });
  });

  it("says which field of an object is wrong", () => {
    const { packet, error } = decodePacket('{"data":"x"}', options, now);
    expect(packet).toBeUndefined();
    expect(error).toMatchObject({ code: "INVALID_PACKET" });
    expect(error?.message).toContain("user.name: expected a string");
  });

  it("lets a text that is no object pass without a packet", () => {
    expect(decodePacket("Connected Successfully", options, now)).toEqual({});
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
      "boom",
    ],
    ["answers asynchronously", () => Promise.resolve({ value: {} as Packet }), "asynchronous"],
  ])("reports a schema that %s", (_what, validate, said) => {
    const packet = { "~standard": { version: 1, vendor: "test", validate } } as StandardSchema<Packet>;
    expect(decodePacket("{}", { ...camel, packet }, now).error?.message).toContain(said);
  });
});

describe("writing a packet", () => {
  it("makes a packet around a text", () => {
    expect(encodePacket("hello", camel, now)).toEqual({
      wire: `{"data":"hello","timestamp":"${vectors.now}"}`,
      packet: { data: "hello", timestamp: new Date(now) },
    });
  });

  it("keeps own fields and fills in the timestamp", () => {
    const { wire: text } = encodePacket<Packet & { user: string }>({ data: "x", user: "ada" }, camel, now);
    expect(JSON.parse(text)).toEqual({ data: "x", user: "ada", timestamp: vectors.now });
  });

  it("writes every top-level field in .NET's spelling when asked to", () => {
    const { wire: text } = encodePacket<Packet & { tags: object }>({ data: "x", tags: { keep: 1 } }, pascal, now);
    expect(JSON.parse(text)).toEqual({ Data: "x", Tags: { keep: 1 }, Timestamp: vectors.now });
  });

  it.each<[string, unknown, string]>([
    ["blank data", { data: " " }, "sendRaw"],
    ["an empty text", "", "sendRaw"],
    ["no data", {}, "packet"],
    ["null", null, "packet"],
    ["a number", 5, "packet"],
    ["an invalid date", { data: "x", timestamp: new Date(Number.NaN) }, "packet"],
    ["a date that no reader of the wire takes", { data: "x", timestamp: new Date(8.64e15) }, "years 0 to 9999"],
    ["a timestamp that is no Date", { data: "x", timestamp: "2026" }, "packet"],
    [
      "a circle",
      Object.assign(
        { data: "x" },
        {
          get self() {
            return this;
          },
        },
      ),
      "circular",
    ],
    ["a bigint", { data: "x", n: 1n }, "BigInt"],
  ])("refuses %s with a clear error", (_what, input, said) => {
    expect(() => encodePacket(input as string, camel, now)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(said) }),
    );
  });

  it("allows a schema's packets to have blank data", () => {
    const input = { data: "", user: "ada" } as const;
    expect(encodePacket<Packet & { user: string }>(input, { ...camel, packet: userSchema }, now).packet.data).toBe("");
  });

  it("round-trips any packet in either spelling", () => {
    const data = fc.string({ unit: "binary", minLength: 1 }).filter((text) => text.trim() !== "");
    const timestamp = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(data, timestamp, fc.constantFrom(camel, pascal), (data, timestamp, options) => {
        const { wire: text } = encodePacket({ data, timestamp }, options, now);
        expect(decodePacket(text, options, now).packet).toEqual({ data, timestamp });
        expect(decodePacket(text, camel, now).packet).toEqual({ data, timestamp });
      }),
    );
  });
});

describe("what may be sent as it is", () => {
  it.each([
    ["text", "żółć"],
    ["an empty text", ""],
    ["bytes", new Uint8Array([0, 255])],
    ["a Buffer", Buffer.from("x")],
  ])("takes %s", (_what, message) => {
    expect(() => checkRaw(message)).not.toThrow();
  });

  it.each([
    ["a lone surrogate", "\ud800"],
    ["a number", 1],
    ["an ArrayBuffer", new ArrayBuffer(1)],
    ["nothing", undefined],
  ])("refuses %s", (_what, message) => {
    expect(() => checkRaw(message)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
