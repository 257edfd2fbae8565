import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { Openings } from "../src/listen/openings.ts";
import { FakeClock } from "./support/fake-clock.ts";

const LIMITS = { headersTimeoutMs: 10_000, checkIntervalMs: 2_000 };
const stream = (): Duplex => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });

test("who has not sent a request in time is told of once, who has is not, and no timer runs for nobody", () => {
  const clock = new FakeClock();
  const expired: Duplex[] = [];
  const openings = new Openings(clock, LIMITS, (late) => expired.push(late));
  const [first, second, third] = [stream(), stream(), stream()];
  openings.add(first);
  openings.add(second);
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      clock.read();
    }
  };
  pass(6_000);
  openings.add(third);
  openings.remove(second);
  pass(3_900);
  expect(expired).toEqual([]);
  pass(2_000);
  expect(expired).toEqual([first]);
  pass(6_000);
  expect(expired).toEqual([first, third]);
  pass(2_000);
  expect(clock.timers).toBe(0);
});

test("whose request waits in the kernel, since the event loop stood still, is not late", () => {
  const clock = new FakeClock();
  const openings = new Openings(clock, LIMITS, () => expect.fail("nobody is late"));
  const waiting = stream();
  openings.add(waiting);
  clock.block(60_000);
  openings.remove(waiting);
  clock.read();
  expect(clock.timers).toBe(0);
});

test("at the end all are destroyed", () => {
  const clock = new FakeClock();
  const openings = new Openings(clock, LIMITS, () => expect.fail("nobody is late"));
  const waiting = stream();
  openings.add(waiting);
  openings.end();
  const late = stream();
  openings.add(late);
  expect([waiting.destroyed, late.destroyed]).toEqual([true, true]);
  expect(clock.timers).toBe(0);
});
