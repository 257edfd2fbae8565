import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createOutbox, giveUp } from "../src/outbox.ts";

const bounds = { maxMessages: 3, maxBytes: 10, maxAgeMs: 1_000 };
let settled: [string, string | undefined][];
const settle = (name: string) => (error?: Error) => settled.push([name, error?.message]);

beforeEach(() => {
  vi.useFakeTimers();
  settled = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the outbox", () => {
  it("hands everything over in order, once", () => {
    const outbox = createOutbox(bounds);
    const sent: unknown[] = [];
    outbox.add("a", settle("a"));
    outbox.add(new Uint8Array([1]), settle("b"));
    const send = (message: unknown, done: () => void): void => {
      sent.push(message);
      done();
    };
    outbox.flush(send);
    outbox.flush(send);
    expect(sent).toEqual(["a", new Uint8Array([1])]);
    expect(settled).toEqual([
      ["a", undefined],
      ["b", undefined],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses what goes beyond the number of messages, and loses none of the others", () => {
    const outbox = createOutbox(bounds);
    for (const name of ["a", "b", "c", "d"]) outbox.add(name, settle(name));
    expect(settled).toEqual([["d", expect.stringContaining("outbox.maxMessages: 3")]]);
    outbox.flush((_message, done) => done());
    expect(settled.slice(1)).toEqual([
      ["a", undefined],
      ["b", undefined],
      ["c", undefined],
    ]);
  });

  it("counts bytes of UTF-8, and takes room again when messages leave", () => {
    const outbox = createOutbox(bounds);
    outbox.add("ééééé", settle("ten"));
    outbox.add("x", settle("eleven"));
    expect(settled).toEqual([["eleven", expect.stringContaining("outbox.maxBytes: 10")]]);
    outbox.flush((_message, done) => done());
    outbox.add(new Uint8Array(10), settle("again"));
    expect(settled).toHaveLength(2);
  });

  it("refuses a million sends while away at the bound, without keeping them", () => {
    const outbox = createOutbox({ maxMessages: 1_000, maxBytes: 1_048_576, maxAgeMs: 120_000 });
    let refused = 0;
    const count = (error?: Error): void => {
      if (error) refused++;
    };
    // A stack for each error would take seconds, and prove nothing.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    for (let n = 0; n < 1_000_000; n++) outbox.add("x", count);
    Error.stackTraceLimit = stackTraceLimit;
    expect(refused).toBe(999_000);
    expect(vi.getTimerCount()).toBe(1_000);
  });

  it("gives up each message at its own age", () => {
    const outbox = createOutbox(bounds);
    outbox.add("a", settle("a"));
    vi.advanceTimersByTime(600);
    outbox.add("b", settle("b"));
    vi.advanceTimersByTime(500);
    expect(settled).toEqual([["a", expect.stringContaining("1000 ms (option outbox.maxAgeMs)")]]);
    vi.advanceTimersByTime(500);
    expect(settled).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives up everything with a reason, and keeps no timer", () => {
    const outbox = createOutbox(bounds);
    outbox.add("a", settle("a"));
    outbox.flush(giveUp("the client is disconnected"));
    expect(settled).toEqual([["a", "not sent: the client is disconnected"]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps what is added while it hands over", () => {
    const outbox = createOutbox(bounds);
    const sent: unknown[] = [];
    outbox.add("a", () => outbox.add("b", settle("b")));
    outbox.flush((message, done) => {
      sent.push(message);
      if (sent.length < 5) done();
    });
    expect(sent).toEqual(["a", "b"]);
  });
});
