import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../testkit/manual-clock.ts";
import { type Heartbeat, startHeartbeat } from "../src/heartbeat.ts";

let clock: ManualClock;
let log: string[];
let heartbeat: Heartbeat;
let bytes: number;

beforeEach(() => {
  clock = new ManualClock();
  log = [];
  bytes = 0;
  heartbeat = startHeartbeat(
    clock,
    { intervalMs: 1_000, timeoutMs: 300 },
    () => bytes,
    () => log.push(`ping ${clock.now()}`),
    () => log.push(`dead ${clock.now()}`),
  );
});

describe("a client's heartbeat", () => {
  it("pings at once, then each interval after the answer, and measures the round trip", () => {
    clock.pass(30);
    heartbeat.answered();
    expect(heartbeat.latencyMs).toBe(30);
    clock.pass(1_000);
    clock.pass(40);
    heartbeat.answered();
    expect(heartbeat.latencyMs).toBe(40);
    clock.pass(1_000);
    expect(log).toEqual(["ping 0", "ping 1030", "ping 2070"]);
  });

  it("judges nobody by the first ping: a server may still be busy with letting the client in", () => {
    clock.pass(999);
    expect(log).toEqual(["ping 0"]);
    clock.pass(1);
    expect(log).toEqual(["ping 0", "ping 1000"]);
  });

  it("finds a silent connection dead, once", () => {
    clock.pass(10_000);
    expect(log).toEqual(["ping 0", "ping 1000", "dead 1300"]);
    expect(clock.pending).toBe(0);
  });

  it("takes any traffic for life, but not for a measured round trip", () => {
    clock.pass(1_200);
    heartbeat.heard();
    clock.pass(900);
    expect(log).toEqual(["ping 0", "ping 1000"]);
    expect(heartbeat.latencyMs).toBeUndefined();
  });

  it("takes a part of a long message that went through for life, and waits on without asking again", () => {
    clock.pass(1_100);
    for (let n = 0; n < 5; n++) {
      bytes += 10_000;
      clock.pass(300);
    }
    expect(log).toEqual(["ping 0", "ping 1000"]);
    heartbeat.answered();
    expect(heartbeat.latencyMs).toBe(1_600);
    clock.pass(1_300);
    expect(log.slice(2)).toEqual(["ping 3600", "dead 3900"]);
  });

  it("does not take its own busy process for a dead peer: a late timer asks again", () => {
    clock.pass(1_000);
    clock.stall(5_000);
    expect(log).toEqual(["ping 0", "ping 1000", "ping 6000"]);
    clock.pass(300);
    expect(log.at(-1)).toBe("dead 6300");
  });

  it("asks at once when probed, and only once at a time", () => {
    heartbeat.probe();
    heartbeat.probe();
    expect(log).toEqual(["ping 0", "ping 0"]);
    heartbeat.heard();
    heartbeat.probe();
    expect(log).toHaveLength(3);
  });

  it("leaves no timer when stopped", () => {
    clock.pass(1_000);
    heartbeat.stop();
    clock.pass(10_000);
    expect(log).toEqual(["ping 0", "ping 1000"]);
    expect(clock.pending).toBe(0);
  });
});
