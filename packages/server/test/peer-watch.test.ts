import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../src/option-rules.ts";
import { PeerWatch, type WatchTarget } from "../src/peer-watch.ts";
import { startSweeps } from "../src/sweeps.ts";
import { WatchRules } from "../src/watch-rules.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { FakeSocket } from "./support/fake-socket.ts";

const BEAT = DEFAULTS.heartbeatOn;
const { messageTimeoutMs, sendQueue } = DEFAULTS;
const RULES = { beat: BEAT, messageTimeoutMs, stallTimeoutMs: sendQueue.stallTimeoutMs };

class Target implements WatchTarget {
  isAlive = true;
  sentBytes = 0;
  readonly told: string[] = [];
  readonly #socket: FakeSocket;
  #sentAtPing: number | undefined;
  constructor(socket: FakeSocket) {
    this.#socket = socket;
  }
  ask(): void {
    this.#sentAtPing = this.sentBytes;
    this.#socket.sendPing();
  }
  /** Its pong comes. */
  answer(watch: PeerWatch): void {
    this.#socket.receivedBytes += 2;
    watch.answered(this.#sentAtPing);
    this.#sentAtPing = undefined;
  }
  async sever(code: number, reason: string): Promise<void> {
    this.isAlive = false;
    this.told.push(`${code} ${reason}`);
  }
  tellFault({ message }: Error): void {
    this.told.push(message);
  }
}

/** Connections that are watched, as they are by default unless told otherwise. */
function watching({ count = 1, ...options }: Partial<ConstructorParameters<typeof WatchRules>[0]> & { count?: number } = {}) {
  const clock = new FakeClock();
  const rules = new WatchRules({ ...RULES, ...options });
  const all = Array.from({ length: count }, () => {
    const socket = new FakeSocket();
    socket.receivedBytes = 200;
    const target = new Target(socket);
    return { socket, target, watch: new PeerWatch(socket, rules, target) };
  });
  startSweeps(() => all, rules.periodMs, clock);
  /** Lets time pass in small steps, reading what is readable after each. */
  const pass = (ms: number, step = 100, each = (): void => {}): void => {
    for (let passed = 0; passed < ms; passed += step) {
      clock.advance(step);
      clock.read();
      each();
    }
  };
  return { clock, all, pass, ...(all[0] as (typeof all)[number]) };
}

describe("a silent peer", () => {
  test("is asked after at most 25 seconds and lost within 31 by default, whenever it fell silent", () => {
    for (let phase = 0; phase <= 2_400; phase += 100) {
      const { pass, socket, target } = watching();
      pass(10_000 + phase);
      socket.receivedBytes++;
      pass(19_000);
      expect([phase, socket.pings]).toEqual([phase, 0]);
      pass(6_000);
      expect([phase, socket.pings, target.told]).toEqual([phase, 1, []]);
      pass(6_000);
      expect([phase, target.told]).toEqual([phase, ["4408 silent, and no answer to a ping within heartbeat.timeoutMs 6000"]]);
      expect(socket.pings).toBe(1);
    }
  });

  test("has all its time to answer, and stays as long as anything comes, be it a byte", () => {
    const { pass, socket, target, watch } = watching();
    let askedFor = 0;
    pass(600_000, 100, () => {
      askedFor = socket.pings > 0 ? askedFor + 100 : 0;
      if (askedFor < BEAT.timeoutMs - 100) return;
      target.answer(watch);
      socket.pings = 0;
    });
    expect(target.told).toEqual([]);
  });

  test("is never asked while it talks", () => {
    const { pass, socket } = watching();
    pass(120_000, 1_000, () => socket.receivedBytes++);
    expect(socket.pings).toBe(0);
  });

  test("is not found while this side does not read: its time begins with reading", () => {
    const { pass, socket, target } = watching();
    pass(24_000);
    expect(socket.pings).toBe(1);
    socket.isReading = false;
    pass(300_000);
    expect([socket.pings, target.told]).toEqual([1, []]);
    socket.isReading = true;
    pass(18_000);
    expect([socket.pings, target.told]).toEqual([1, []]);
    pass(13_000);
    expect(target.told).toHaveLength(1);
  });

  test("is not taken for lost when its answer lies unread behind a process that stood still", () => {
    const { clock, pass, socket, target } = watching();
    pass(24_000);
    expect(socket.pings).toBe(1);
    // A sweep is late, and four sweeps later so is the one that would find it lost.
    clock.block(60_000);
    clock.advance(3_600);
    clock.block(60_000);
    socket.receivedBytes += 2;
    clock.read();
    expect(target.told).toEqual([]);
    pass(18_000);
    expect([socket.pings, target.told]).toEqual([1, []]);
  });

  test("is left alone while it takes what waits for it, which only a full kernel shows", () => {
    const taking = watching();
    taking.watch.isBlocked = true;
    taking.pass(300_000, 100, () => (taking.socket.takenBytes += 100));
    expect([taking.socket.pings, taking.target.told]).toEqual([0, []]);

    // What a kernel with room takes, it takes for the dead as well.
    const dead = watching();
    dead.pass(31_000, 100, () => (dead.socket.takenBytes += 10));
    expect(dead.target.told).toHaveLength(1);
  });

  test("is asked early when much is sent to it, and has longer for an answer that lies behind it, though not for ever", () => {
    const { pass, socket, target } = watching();
    pass(2_400);
    target.sentBytes += 98_304;
    pass(1_200);
    expect(socket.pings).toBe(1);
    pass(17_900);
    expect(target.told).toEqual([]);
    pass(1_200);
    expect(target.told).toHaveLength(1);

    const huge = watching();
    huge.pass(2_400);
    huge.target.sentBytes += 100_000_000;
    huge.pass(1_200);
    expect(huge.socket.pings).toBe(1);
    huge.pass(36_000);
    expect(huge.target.told).toHaveLength(1);
  });

  test("that begins by reading much, slowly, has that time though it has just been heard, until an answer says how far it has read", () => {
    const { pass, socket, target, watch } = watching();
    pass(300);
    target.sentBytes += 200_000;
    pass(1_200);
    socket.receivedBytes++;
    pass(24_000);
    expect([socket.pings, target.told]).toEqual([1, []]);
    // 200,000 bytes at 8 KiB a second: 24 s, besides the 6 s that any peer has.
    target.answer(watch);
    pass(18_000);
    expect([socket.pings, target.told]).toEqual([1, []]);
    pass(13_000);
    expect([socket.pings, target.told.length]).toEqual([2, 1]);
  });

  test("has as long as sendQueue.stallTimeoutMs gives whoever takes nothing, where that is more than 30 seconds", () => {
    const { pass, target } = watching({ stallTimeoutMs: 600_000 });
    pass(2_400);
    target.sentBytes += 100_000_000;
    pass(600_000);
    expect(target.told).toEqual([]);
    pass(10_000);
    expect(target.told).toHaveLength(1);
  });

  test("is found in 40 seconds at most while it is sent something each 100 ms, however much", () => {
    for (const bytes of [50, 500, 1_000, 5_000, 50_000]) {
      const { pass, socket, target } = watching();
      pass(5_000, 100, () => {
        target.sentBytes += bytes;
        socket.receivedBytes++;
      });
      pass(40_000, 100, () => (target.sentBytes += bytes));
      expect([bytes, target.told.length]).toEqual([bytes, 1]);
    }
  });

  test("is not asked in one turn with all who fell silent together", () => {
    const { all, pass } = watching({ count: 1_000 });
    const asked: number[] = [];
    let before = 0;
    pass(25_200, 1_200, () => {
      const now = all.reduce((sum, { socket }) => sum + socket.pings, 0);
      if (now > before) asked.push(now - before);
      before = now;
    });
    expect(asked).toEqual([250, 250, 250, 250]);
  });

  test("is asked all the time in mode latency, each sweep an equal part of many, and once until it has answered", () => {
    const beat = { ...BEAT, mode: "latency" as const };
    const { all, pass } = watching({ beat, count: 100 });
    const talk = (): void => {
      for (const { socket } of all) socket.receivedBytes++;
    };
    const asked: number[] = [];
    for (let sweep = 0; sweep < 20; sweep++) {
      pass(1_200, 1_200, talk);
      asked.push(all.reduce((sum, { socket }) => sum + socket.pings, 0));
    }
    expect(asked).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 5));
    pass(120_000, 1_200, talk);
    expect(all.map(({ socket }) => socket.pings)).toEqual(all.map(() => 1));
    for (const { target, watch } of all) target.answer(watch);
    pass(25_200, 1_200, talk);
    expect(all.map(({ socket }) => socket.pings)).toEqual(all.map(() => 2));
  });

  test("in mode latency is not lost while what it was sent goes on to leave, though it answers nothing", () => {
    const { pass, socket, target, watch } = watching({ beat: { ...BEAT, mode: "latency" as const } });
    watch.isBlocked = true;
    pass(600_000, 1_200, () => socket.takenBytes++);
    expect([socket.pings, target.told]).toEqual([1, []]);
    watch.isBlocked = false;
    pass(40_000, 1_200);
    expect(target.told).toHaveLength(1);
  });

  test("is not taken to have read what was sent after a ping of the application's that it answers", () => {
    const { pass, socket, target, watch } = watching();
    pass(2_400);
    target.sentBytes += 200_000;
    pass(1_200);
    expect(socket.pings).toBe(1);
    watch.answered(0);
    pass(18_000);
    expect([socket.pings, target.told]).toEqual([1, []]);
    // 200,000 bytes at 8 KiB a second: 24 s, besides the 6 s that any peer has.
    pass(13_200);
    expect(target.told).toHaveLength(1);
  });

  test("is nobody's business where heartbeat is false, nor is one that is closing", () => {
    const off = watching({ beat: undefined });
    off.pass(600_000, 1_000);
    expect([off.socket.pings, off.target.told]).toEqual([0, []]);

    const closing = watching();
    closing.target.isAlive = false;
    closing.pass(600_000, 1_000);
    expect([closing.socket.pings, closing.target.told]).toEqual([0, []]);
  });
});

describe("a message that has begun", () => {
  const WHY = "less than 4096 bytes of a message, and not its end, came within messageTimeoutMs 30000";
  const ENDLESS = [WHY, `1008 ${WHY}`];

  test("has its time and hardly more, though it drips and pings come between", () => {
    const { pass, socket, target } = watching();
    socket.unfinished = { id: 1, bytes: 1 };
    const drip = (): void => {
      socket.receivedBytes += 1_000;
      socket.unfinished = { id: 1, bytes: (socket.unfinished?.bytes ?? 0) + 1 };
    };
    pass(30_000, 100, drip);
    expect(target.told).toEqual([]);
    pass(1_300, 100, drip);
    expect(target.told).toEqual(ENDLESS);
  });

  test("may come for hours, 4 KiB in each 30 seconds", () => {
    const { pass, socket, target } = watching();
    let bytes = 0;
    pass(7_200_000, 1_000, () => {
      bytes += 150;
      socket.receivedBytes += 150;
      socket.unfinished = { id: 1, bytes };
    });
    expect(target.told).toEqual([]);
  });

  test("does not count for the next one, however often one is under way when it is looked at", () => {
    const { pass, socket, target } = watching();
    let id = 0;
    pass(600_000, 1_000, () => {
      socket.receivedBytes++;
      socket.unfinished = { id: ++id, bytes: 1 };
    });
    expect(target.told).toEqual([]);
  });

  test("is not charged with the time in which this side does not read", () => {
    const { pass, socket, target } = watching();
    socket.unfinished = { id: 1, bytes: 1 };
    pass(20_000);
    socket.isReading = false;
    pass(600_000, 1_000);
    socket.isReading = true;
    pass(9_000);
    expect(target.told).toEqual([]);
    pass(3_600);
    expect(target.told).toEqual(ENDLESS);
  });

  test("is not endless when its end lies unread", () => {
    const { clock, socket, target } = watching({ beat: undefined });
    socket.unfinished = { id: 1, bytes: 1 };
    clock.advance(36_000);
    socket.unfinished = undefined;
    clock.read();
    expect(target.told).toEqual([]);
  });

  test("has any time where messageTimeoutMs is 0", () => {
    const { pass, socket, target } = watching({ messageTimeoutMs: 0 });
    socket.unfinished = { id: 1, bytes: 1 };
    pass(600_000, 1_000, () => socket.receivedBytes++);
    expect(target.told).toEqual([]);
  });
});
