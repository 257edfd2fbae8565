import { describe, expect, test } from "vitest";
import { StopSignal } from "../src/handshake/asker.ts";
import { type AskedPeer, type SweepOptions, sweepSessions } from "../src/services/session-sweep.ts";
import { FakeClock } from "./support/fake-clock.ts";

/** A connection whose signs of life the test gives. */
class FakePeer implements AskedPeer {
  isAlive = true;
  receivedBytes = 0;
  isOccupied = false;
  delayMs = 0;
  severed: string[] = [];
  pings = 0;
  #settle: { resolve(ms: number): void; reject(error: Error): void } | undefined;

  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  ping(): Promise<number> {
    this.pings++;
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  async sever(code: number, reason: string): Promise<void> {
    this.isAlive = false;
    this.severed.push(`${code} ${reason}`);
  }

  answer(): void {
    this.receivedBytes += 6;
    this.#settle?.resolve(1);
  }

  close(): void {
    this.isAlive = false;
    this.fail();
  }

  fail(): void {
    this.#settle?.reject(new Error("not sent"));
  }
}

function begin(names: string[], options: SweepOptions = { timeoutMs: 1_000 }) {
  const clock = new FakeClock();
  const stop = new StopSignal();
  const peers = names.map((name) => new FakePeer(name));
  const sweeping = sweepSessions(peers, options, clock, stop);
  /** Time passes, and all that is readable is read. */
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await turn();
    clock.read();
    await turn();
  };
  return {
    clock,
    stop,
    sweeping,
    pass,
    peers: Object.fromEntries(peers.map((peer) => [peer.id, peer])) as Record<string, FakePeer>,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a sweep of sessions", () => {
  test("ends those of whom nothing comes in time, and nobody else", async () => {
    const { clock, sweeping, pass, peers } = begin(["answers", "talks", "gone"]);
    expect(Object.values(peers).map(({ pings }) => pings)).toEqual([1, 1, 1]);
    peers.answers?.answer();
    if (peers.talks) peers.talks.receivedBytes = 5;
    await pass(999);
    expect(peers.gone?.severed).toEqual([]);
    await pass(1);
    expect(await sweeping).toEqual({ active: ["answers", "talks"], ended: ["gone"] });
    expect(peers.gone?.severed).toEqual(["4408 no answer to a ping within timeoutMs 1000 of a sweep"]);
    expect([peers.answers?.severed, peers.talks?.severed, clock.timers]).toEqual([[], [], 0]);
  });

  test("is over at once when all have answered or are closed, without a timer left", async () => {
    const { clock, sweeping, peers } = begin(["a", "b"]);
    peers.a?.answer();
    peers.b?.close();
    expect(await sweeping).toEqual({ active: ["a"], ended: [] });
    expect(clock.timers).toBe(0);
  });

  test("of nobody is over at once", async () => {
    const { clock, sweeping } = begin([]);
    expect([await sweeping, clock.timers]).toEqual([{ active: [], ended: [] }, 0]);
  });

  test("judges only once everything readable has been read: an answer that lies unread is one", async () => {
    const { clock, sweeping, peers } = begin(["late"]);
    clock.advance(1_000);
    peers.late?.answer();
    clock.read();
    expect(await sweeping).toEqual({ active: ["late"], ended: [] });
    expect([peers.late?.severed, clock.timers]).toEqual([[], 0]);
  });

  test("after the event loop was blocked gives everybody more time, since the pings may have left late", async () => {
    const { clock, sweeping, pass, peers } = begin(["slow", "gone"]);
    clock.block(30_000);
    clock.read();
    await turn();
    expect(peers.slow?.severed).toEqual([]);
    peers.slow?.answer();
    await pass(499);
    expect(peers.gone?.severed).toEqual([]);
    await pass(1);
    expect(await sweeping).toEqual({ active: ["slow"], ended: ["gone"] });
  });

  test("leaves alone who is in the middle of a message, or is not read", async () => {
    const { sweeping, pass, peers } = begin(["busy"]);
    if (peers.busy) peers.busy.isOccupied = true;
    await pass(1_000);
    expect([await sweeping, peers.busy?.severed]).toEqual([{ active: ["busy"], ended: [] }, []]);
  });

  test("gives more time to who may still have much to read before the ping", async () => {
    const clock = new FakeClock();
    const [behind, gone] = [new FakePeer("behind"), new FakePeer("gone")];
    behind.delayMs = 5_000;
    const sweeping = sweepSessions([behind, gone], { timeoutMs: 1_000 }, clock, new StopSignal());
    clock.advance(1_000);
    clock.read();
    await turn();
    expect([gone.severed.length, behind.severed.length]).toEqual([1, 0]);
    clock.advance(5_000);
    clock.read();
    expect(await sweeping).toEqual({ active: [], ended: ["gone", "behind"] });
  });

  test("ends one who owes so many answers that it cannot be asked once more, unless something comes of it", async () => {
    const { sweeping, pass, peers } = begin(["mute", "talks"]);
    for (const peer of Object.values(peers)) peer.fail();
    await turn();
    if (peers.talks) peers.talks.receivedBytes = 1;
    await pass(1_000);
    expect(await sweeping).toEqual({ active: ["talks"], ended: ["mute"] });
  });

  test("waits for nobody once the server stops, and leaves no timer", async () => {
    const { clock, stop, sweeping } = begin(["a"]);
    stop.stop();
    expect([await sweeping, clock.timers]).toEqual([{ active: ["a"], ended: [] }, 0]);
  });

  test.each([
    [{ timeoutMs: 99 }, /sweep: option timeoutMs: expected a whole number from 100 to 2147483647; got 99/],
    [{ timeoutMs: "1000" }, /option timeoutMs/],
    [{ timeout: 1_000 }, /option timeout: unknown; known are timeoutMs/],
    [null, /expected an object/],
  ])("refuses %j", async (options, message) => {
    await expect(sweepSessions([], options as SweepOptions, new FakeClock(), new StopSignal())).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });
});
