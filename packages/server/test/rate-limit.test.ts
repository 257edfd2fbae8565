import { describe, expect, test } from "vitest";
import { MAX_THROTTLED_MS, RateLimit } from "../src/rate-limit.ts";
import { FakeClock } from "./support/fake-clock.ts";

function limited(messagesPerSecond: number, burst: number) {
  const clock = new FakeClock();
  const delivered: unknown[] = [];
  const calls: string[] = [];
  const limit = new RateLimit({ messagesPerSecond, burst }, clock, {
    deliver: (message) => void delivered.push(message),
    pause: () => void calls.push("pause"),
    resume: () => void calls.push("resume"),
    showLife: () => void calls.push("life"),
    exceeded: (reason) => void calls.push(reason),
  });
  const take = (count: number): void => {
    for (let index = 0; index < count; index++) limit.take(`m${index}`);
  };
  return { clock, delivered, calls, limit, take };
}

describe("the rate limit", () => {
  test("lets a burst through at once, holds the next and pauses, and lets it through at the rate", () => {
    const { clock, delivered, calls, take } = limited(10, 5);
    take(7);
    expect([delivered.length, calls]).toEqual([5, ["pause"]]);
    clock.advance(99);
    expect(delivered.length).toBe(5);
    clock.advance(1);
    expect(delivered.length).toBe(6);
    clock.advance(100);
    expect(delivered).toEqual(["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
    expect([calls, clock.timers]).toEqual([["pause", "resume"], 0]);
  });

  test("keeps the order while anything is held", () => {
    const { clock, delivered, limit } = limited(10, 1);
    limit.take("a");
    limit.take("b");
    clock.advance(99);
    limit.take("c");
    clock.advance(1);
    expect(delivered).toEqual(["a", "b"]);
    clock.advance(100);
    expect(delivered).toEqual(["a", "b", "c"]);
  });

  test("lets through for ever what stays below the rate", () => {
    const { clock, delivered, calls, take } = limited(50, 100);
    for (let second = 0; second < 60; second++) {
      take(50);
      clock.advance(1_000);
    }
    expect([delivered.length, calls]).toEqual([3_000, []]);
  });

  test("holds whatever came in one read, and lets all of it through in its time", () => {
    const { clock, delivered, calls, take } = limited(10, 5);
    take(205);
    clock.advance(20_000);
    expect(calls.filter((call) => call !== "life")).toEqual(["pause", "resume"]);
    expect([delivered.length, clock.timers]).toEqual([205, 0]);
  });

  test("finds holding back without a rest for too long too much", () => {
    const { clock, calls, take } = limited(10, 5);
    take(6);
    for (
      let elapsedMs = 0;
      elapsedMs <= MAX_THROTTLED_MS && !calls.some((call) => call.startsWith("too many"));
      elapsedMs += 100
    ) {
      clock.advance(100);
      take(2);
      clock.advance(100);
    }
    expect(calls.at(-1)).toMatch(/for over 30000 ms/);
  });

  test("shows life every two seconds while reading pauses, be it for one long read or for many short ones", () => {
    const long = limited(10, 5);
    long.take(105);
    long.clock.advance(10_000);
    expect(long.calls.filter((call) => call === "life")).toHaveLength(5);

    const short = limited(10, 5);
    for (let read = 0; read < 20; read++) {
      short.take(read === 0 ? 10 : 5);
      short.clock.advance(500);
    }
    expect(short.calls.filter((call) => call === "pause")).toHaveLength(20);
    expect(short.calls.filter((call) => call === "life").length).toBeGreaterThanOrEqual(4);
  });

  test("forgets a spell after a rest", () => {
    const { clock, calls, take } = limited(10, 5);
    for (let round = 0; round < 10; round++) {
      take(7);
      clock.advance(1_500);
    }
    expect(calls.filter((call) => call.startsWith("too many"))).toEqual([]);
  });

  test("delivers what is held when the peer has gone, and leaves no timer", () => {
    const { clock, delivered, limit, take } = limited(10, 2);
    take(4);
    expect(limit.flush()).toBe(0);
    expect([delivered.length, clock.timers]).toEqual([4, 0]);
  });

  test("delivers one more burst of it at most: to close and come again is no way around the limit", () => {
    const { delivered, limit, take } = limited(10, 2);
    take(100);
    expect([limit.flush(), delivered.length]).toEqual([96, 4]);
  });
});
