import { describe, expect, test } from "vitest";
import { type HeartbeatPeer, startHeartbeat } from "../src/heartbeat.ts";
import { FakeClock } from "./support/fake-clock.ts";

class FakePeer implements HeartbeatPeer {
  awaitsPong = false;
  isHeldBack = false;
  isBusy = false;
  pings = 0;
  severed: string[] = [];
  beat(): void {
    this.pings++;
    this.awaitsPong = true;
  }
  pong(): void {
    this.awaitsPong = false;
  }
  sever(code: number, reason: string): void {
    this.severed.push(`${code} ${reason}`);
  }
}

function beating(intervalMs: number, count = 1) {
  const clock = new FakeClock();
  const peers = Array.from({ length: count }, () => new FakePeer());
  const stop = startHeartbeat(() => peers, intervalMs, clock);
  return { clock, peers, peer: peers[0] as FakePeer, stop };
}

describe("the heartbeat", () => {
  test("pings all at each interval with one timer", () => {
    const { clock, peers } = beating(1_000, 3);
    expect(clock.timers).toBe(1);
    for (let round = 1; round <= 3; round++) {
      clock.advance(1_000);
      expect(peers.map(({ pings }) => pings)).toEqual([round, round, round]);
      for (const peer of peers) peer.pong();
    }
    clock.read();
    expect([clock.timers, peers.flatMap(({ severed }) => severed)]).toEqual([1, []]);
  });

  test("severs who has not answered by the next ping, with a reason that names the interval", () => {
    const { clock, peer } = beating(1_000);
    clock.advance(2_000);
    expect(peer.severed).toEqual([]);
    clock.read();
    expect(peer.severed).toEqual(["4408 no pong within pingIntervalMs 1000"]);
  });

  test("leaves alone whoever moves much, whose pong may lie behind it, and pings again", () => {
    const { clock, peer } = beating(1_000);
    clock.advance(1_000);
    peer.isBusy = true;
    for (let round = 0; round < 5; round++) {
      clock.advance(1_000);
      clock.read();
    }
    expect([peer.severed, peer.pings]).toEqual([[], 6]);
    peer.isBusy = false;
    clock.advance(1_000);
    clock.read();
    expect(peer.severed).toHaveLength(1);
  });

  test("finds a pong that lay unread at the sweep, and pings again", () => {
    const { clock, peer } = beating(1_000);
    clock.advance(2_000);
    peer.pong();
    clock.read();
    expect([peer.severed, peer.pings]).toEqual([[], 2]);
  });

  test("gives a blocked event loop a grace before it judges", () => {
    const { clock, peer } = beating(1_000);
    clock.advance(1_000);
    clock.block(5_000);
    clock.read();
    expect(peer.severed).toEqual([]);
    peer.pong();
    clock.advance(500);
    clock.read();
    expect([peer.severed, peer.pings]).toEqual([[], 2]);
  });

  test("severs after the grace who is still silent", () => {
    const { clock, peer } = beating(1_000);
    clock.advance(1_000);
    clock.block(5_000);
    clock.advance(500);
    clock.read();
    expect(peer.severed).toHaveLength(1);
  });

  test("does not judge a peer whose reading is paused", () => {
    const { clock, peer } = beating(1_000);
    clock.advance(1_000);
    peer.isHeldBack = true;
    clock.advance(1_000);
    clock.read();
    expect(peer.severed).toEqual([]);
  });

  test("does nothing at interval 0, and nothing after it was stopped", () => {
    const off = beating(0);
    expect(off.clock.timers).toBe(0);
    off.stop();

    const { clock, peer, stop } = beating(1_000);
    clock.advance(2_000);
    stop();
    clock.read();
    expect([clock.timers, peer.severed]).toEqual([0, []]);
  });
});
