import { describe, expect, test } from "vitest";
import { pingPayload, RoundTrips } from "../src/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("what a ping bears", () => {
  test("is a text as UTF-8, or bytes, which are copied; nothing is left to whoever sends it", () => {
    const given = Uint8Array.of(1, 2);
    const made = pingPayload(given);
    given.fill(9);
    expect([made, pingPayload("żó"), pingPayload(""), pingPayload(undefined)]).toEqual([
      Uint8Array.of(1, 2),
      bytes("żó"),
      new Uint8Array(0),
      undefined,
    ]);
    expect(pingPayload("x".repeat(125))).toHaveLength(125);
  });

  test.each<[string, unknown]>([
    ["a text of 126 bytes", "x".repeat(126)],
    ["a text of fewer characters than bytes", "é".repeat(63)],
    ["126 bytes", new Uint8Array(126)],
    ["half a character", "\ud83d"],
    ["a number", 125],
    ["null", null],
    ["an ArrayBuffer", new ArrayBuffer(4)],
  ])("is not %s", (_, given) => {
    expect(() => pingPayload(given as string)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});

describe("round trips", () => {
  /** What became of some, by name. */
  function asking() {
    const trips = new RoundTrips();
    const told: string[] = [];
    const begin = (name: string, nowMs: number, payload: Uint8Array | undefined = bytes(name)): Uint8Array => {
      const begun = trips.begin(payload, nowMs, nowMs * 10);
      begun.whenAnswered.then(
        (ms) => told.push(`${name} ${ms}`),
        ({ code }) => told.push(`${name} ${code}`),
      );
      return begun.payload;
    };
    return { trips, told, begin, settled: () => new Promise((resolve) => setImmediate(resolve)) };
  }

  test("end with the pong of their payload, and of those before it, which a peer may leave unanswered", async () => {
    const { trips, told, begin, settled } = asking();
    for (const [index, name] of ["one", "two", "three"].entries()) begin(name, 100 + index);
    expect([trips.latencyMs, trips.answered(bytes("two"), 110), trips.latencyMs]).toEqual([undefined, 1_010, 9]);
    await settled();
    expect(told).toEqual(["one 10", "two 9"]);
    expect(trips.answered(bytes("one"), 111)).toBeUndefined();
    expect([trips.answered(bytes("three"), 122), trips.latencyMs]).toEqual([1_020, 20]);
    await settled();
    expect(told).toEqual(["one 10", "two 9", "three 20"]);
  });

  test("end with no pong that nobody asked for, be it longer, shorter or empty", async () => {
    const { trips, told, begin, settled } = asking();
    begin("asked", 0);
    for (const other of ["", "aske", "askee", "asked!", "other"]) expect(trips.answered(bytes(other), 5)).toBeUndefined();
    await settled();
    expect([told, trips.latencyMs]).toEqual([[], undefined]);
  });

  test("of the same payload end one by one, the oldest first", async () => {
    const { trips, told, begin, settled } = asking();
    begin("one", 0, bytes("same"));
    begin("two", 10, bytes("same"));
    trips.answered(bytes("same"), 20);
    await settled();
    expect(told).toEqual(["one 20"]);
    trips.answered(bytes("same"), 20);
    await settled();
    expect(told).toEqual(["one 20", "two 10"]);
  });

  test("get payloads of their own where none is given", () => {
    const { trips } = asking();
    const payloads = Array.from({ length: 60 }, () => trips.begin(undefined, 0).payload);
    expect(new Set(payloads.map((payload) => payload.join())).size).toBe(60);
  });

  test("of a heartbeat measure, and neither end those of others nor pile up where none is answered", async () => {
    const { trips, told, begin, settled } = asking();
    for (let nowMs = 0; nowMs < 1_000; nowMs++) trips.beginBeat(nowMs, nowMs);
    begin("mine", 2_000);
    expect([trips.answered(new Uint8Array(0), 2_999), trips.latencyMs]).toEqual([999, 2_000]);
    expect(trips.answered(new Uint8Array(0), 3_000)).toBeUndefined();
    await settled();
    expect(told).toEqual([]);
    trips.beginBeat(3_000);
    trips.answered(new Uint8Array(0), 3_001);
    await settled();
    expect(told).toEqual(["mine 1001"]);
  });

  test("are 64 at most, and all end with the connection", async () => {
    const { trips, told, begin, settled } = asking();
    for (let count = 0; count < 64; count++) begin(`${count}`, 0);
    expect(() => trips.begin(undefined, 0)).toThrow(expect.objectContaining({ code: "NOT_SENT" }));
    trips.end("gone");
    await settled();
    expect(told).toEqual(Array.from({ length: 64 }, (_, count) => `${count} UNKNOWN`));
    expect(trips.answered(bytes("1"), 1)).toBeUndefined();
  });
});
