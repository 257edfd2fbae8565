import { describe, expect, it, onTestFinished } from "vitest";
import { RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import type { Clock } from "../src/clock.ts";
import { LoopDelay } from "../src/handshake/loop-delay.ts";
import { WebsocketServer } from "../src/index.ts";

/** A clock whose timers are called when the test says, as late as it says. */
function lateClock() {
  let time = 0;
  const timers: { at: number; run: () => void }[] = [];
  const clock = {
    now: () => time,
    after: (ms: number, run: () => void) => {
      timers.push({ at: time + ms, run });
      return () => {};
    },
  };
  const wake = (lateMs: number): void => {
    const timer = timers.shift();
    if (!timer) throw new Error("no timer runs");
    time = timer.at + lateMs;
    timer.run();
  };
  return { clock: clock as unknown as Clock, timers, wake };
}

describe("an event loop that stands still", () => {
  it("again and again turns away whoever comes, with 503, until it keeps up", () => {
    const { clock, wake } = lateClock();
    const delay = new LoopDelay(1_000, clock);
    expect(delay.judge()).toBeUndefined();
    wake(1_001);
    expect(delay.judge()).toBeUndefined();
    wake(1_001);
    const refusal = delay.judge();
    expect(refusal).toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
    expect(refusal?.reason).toContain("limits.maxEventLoopDelayMs 1000");
    wake(1_000);
    expect(delay.judge()).toBeUndefined();
  });

  it("once, for however long, turns nobody away", () => {
    const { clock, wake } = lateClock();
    const delay = new LoopDelay(1_000, clock);
    delay.judge();
    wake(60_000);
    expect(delay.judge()).toBeUndefined();
    wake(0);
    expect(delay.judge()).toBeUndefined();
  });

  it("is looked for only while somebody comes, and not at all with Infinity", () => {
    const { clock, wake, timers } = lateClock();
    const delay = new LoopDelay(1_000, clock);
    expect(timers).toHaveLength(0);
    delay.judge();
    delay.judge();
    expect(timers).toHaveLength(1);
    wake(5_000);
    expect(timers).toHaveLength(1);
    wake(0);
    expect(timers).toHaveLength(0);
    new LoopDelay(Number.POSITIVE_INFINITY, clock).judge();
    expect(timers).toHaveLength(0);
  });

  it("costs a server newcomers, and nobody who is there; afterwards there is room again", async () => {
    const server = new WebsocketServer({ host: "127.0.0.1", limits: { maxEventLoopDelayMs: 50 } });
    onTestFinished(() => server.dispose());
    const gone: unknown[] = [];
    server.on("connection", ({ type, code }) => void (type === "disconnected" && gone.push(code)));
    const { port } = await server.start();
    const ask = async (): Promise<number> => {
      const raw = await RawSocket.connect(port as number);
      onTestFinished(() => raw.destroy());
      raw.write(upgradeRequest());
      return (await raw.readHead()).status;
    };
    expect(await ask()).toBe(101);
    const standStill = setInterval(() => {
      for (const until = performance.now() + 200; performance.now() < until; );
    }, 1);
    onTestFinished(() => clearInterval(standStill));
    await expect.poll(ask, { timeout: 20_000 }).toBe(503);
    clearInterval(standStill);
    await expect.poll(ask, { timeout: 10_000 }).toBe(101);
    expect(gone).toEqual([]);
  });
});
