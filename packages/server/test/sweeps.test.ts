import { describe, expect, test } from "vitest";
import { type SweptPeer, startSweeps, sweepPeriodMs } from "../src/sweeps.ts";
import { FakeClock } from "./support/fake-clock.ts";

class FakePeer implements SweptPeer {
  readonly watch = this;
  looks = 0;
  judged = 0;
  isSuspect = false;
  look(): boolean {
    this.looks++;
    return this.isSuspect;
  }
  judge(): void {
    this.judged++;
  }
}

function sweeping(periodMs: number, count = 1) {
  const clock = new FakeClock();
  const peers = Array.from({ length: count }, () => new FakePeer());
  const stop = startSweeps(() => peers, periodMs, clock);
  return { clock, peers, peer: peers[0] as FakePeer, stop };
}

describe("the sweeps", () => {
  test("look at all connections with one timer", () => {
    const { clock, peers } = sweeping(1_000, 3);
    for (let round = 1; round <= 3; round++) {
      clock.advance(1_000);
      expect([clock.timers, ...peers.map(({ looks }) => looks)]).toEqual([1, round, round, round]);
    }
  });

  test("judge only once all that is readable has been read", () => {
    const { clock, peer } = sweeping(1_000);
    peer.isSuspect = true;
    clock.advance(1_000);
    expect(peer.judged).toBe(0);
    clock.read();
    expect(peer.judged).toBe(1);
  });

  test("count a process that stood still as one, however long that was", () => {
    const { clock, peer } = sweeping(1_000);
    clock.block(60_000);
    expect(peer.looks).toBe(1);
    clock.advance(999);
    expect(peer.looks).toBe(1);
  });

  test("are none where nothing is looked for, and none after they were stopped", () => {
    expect(sweepPeriodMs({ beat: undefined, messageTimeoutMs: 0 })).toBe(0);
    expect(sweeping(0).clock.timers).toBe(0);

    const { clock, peer, stop } = sweeping(1_000);
    peer.isSuspect = true;
    clock.advance(1_000);
    stop();
    clock.read();
    expect([clock.timers, peer.judged]).toEqual([0, 0]);
  });

  test("come often enough for the shortest of the times", () => {
    const beat = { intervalMs: 25_000, timeoutMs: 6_000, mode: "bandwidth" as const };
    expect(sweepPeriodMs({ beat, messageTimeoutMs: 30_000 })).toBe(1_200);
    expect(sweepPeriodMs({ beat, messageTimeoutMs: 1_000 })).toBe(200);
    expect(sweepPeriodMs({ beat: undefined, messageTimeoutMs: 30_000 })).toBe(6_000);
    expect(sweepPeriodMs({ beat: undefined, messageTimeoutMs: 1 })).toBe(10);
  });
});
