import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Heartbeat, startHeartbeat } from "../src/heartbeat.ts";

/** Fake time. `stall`: the process was busy or asleep, and whatever fell due runs late, now. */
const clock = {
  now: () => performance.now(),
  pass: (ms: number) => vi.advanceTimersByTime(ms),
  stall(ms: number) {
    const real = performance.now.bind(performance);
    const wokenAt = real() + ms;
    const now = vi.spyOn(performance, "now").mockReturnValue(wokenAt);
    vi.runOnlyPendingTimers();
    const ahead = wokenAt - real();
    now.mockImplementation(() => real() + ahead);
  },
};
let log: string[];
let heartbeat: Heartbeat;
let bytes: number;
let latencyMs: number | undefined;

beforeEach(() => {
  vi.useFakeTimers();
  log = [];
  latencyMs = undefined;
  bytes = 0;
  heartbeat = startHeartbeat(
    { intervalMs: 1_000, timeoutMs: 300 },
    () => bytes,
    () => log.push(`ping ${clock.now()}`),
    (ms) => {
      latencyMs = ms;
    },
    () => log.push(`dead ${clock.now()}`),
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("a client's heartbeat", () => {
  it("pings at once, then each interval after the answer, and measures the round trip", () => {
    clock.pass(30);
    heartbeat.heard(true);
    expect(latencyMs).toBe(30);
    clock.pass(1_000);
    clock.pass(40);
    heartbeat.heard(true);
    expect(latencyMs).toBe(40);
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
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes any traffic for life, but not for a measured round trip", () => {
    clock.pass(1_200);
    heartbeat.heard();
    clock.pass(900);
    expect(log).toEqual(["ping 0", "ping 1000"]);
    expect(latencyMs).toBeUndefined();
  });

  it("takes a part of a long message that went through for life, and waits on without asking again", () => {
    clock.pass(1_100);
    for (let n = 0; n < 5; n++) {
      bytes += 10_000;
      clock.pass(300);
    }
    expect(log).toEqual(["ping 0", "ping 1000"]);
    heartbeat.heard(true);
    expect(latencyMs).toBe(1_600);
    clock.pass(1_300);
    expect(log.slice(2)).toEqual(["ping 3600", "dead 3900"]);
  });

  it("takes the ping's own bytes for no sign of life", () => {
    vi.useFakeTimers();
    let held = 0;
    const dead = vi.fn();
    const ping = (): void => {
      held += 4;
    };
    const { stop } = startHeartbeat(
      { intervalMs: 1_000, timeoutMs: 300 },
      () => -held,
      ping,
      () => {},
      dead,
    );
    heartbeat.stop();
    clock.pass(1_100);
    held = 4;
    clock.pass(200);
    expect(dead).toHaveBeenCalledOnce();
    stop();
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
    expect(vi.getTimerCount()).toBe(0);
  });
});
