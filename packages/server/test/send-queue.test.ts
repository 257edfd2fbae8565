import { describe, expect, test } from "vitest";
import { ownEngine } from "../../engine/src/index.ts";
import { packetPayload, preparedPayload, rawPayload } from "../src/payload.ts";
import { SendQueue } from "../src/send-queue.ts";
import type { EngineSocket, OutgoingMessage } from "../src/socket.ts";
import { StallWatch } from "../src/stall-watch.ts";
import { FakeClock } from "./support/fake-clock.ts";

/** A socket whose kernel takes what the test lets it take. */
class FakeSocket implements Pick<EngineSocket, "bufferedBytes" | "takenBytes" | "send" | "flush"> {
  isBlocked = false;
  isOpen = true;
  /** What the kernel took, and how often that was asked. */
  kernelBytes = 0;
  looks = 0;
  queue: SendQueue<never> | undefined;
  flushes = 0;
  /** How much of a message's bytes it holds. */
  ratio = 1;
  /** Whether what the kernel took is known only later, as under TLS. */
  isLate = false;
  readonly #waiting: number[] = [];
  /** How many of them have left, which is not told yet. */
  #left = 0;
  #isTold = false;
  get takenBytes(): number {
    this.looks++;
    return this.kernelBytes;
  }
  get bufferedBytes(): number {
    return this.#waiting.slice(this.#left).reduce((sum, bytes) => sum + bytes * this.ratio, 0);
  }
  send(message: OutgoingMessage): boolean {
    if (!this.isOpen) return false;
    const bytes = typeof message === "string" ? message.length : "bytes" in message ? message.bytes : message.byteLength;
    this.#waiting.push(bytes);
    return true;
  }
  flush(): boolean {
    this.flushes++;
    if (!this.isBlocked && !this.isLate) this.#left = this.#waiting.length;
    return !this.isBlocked;
  }
  /** The turn ends: the kernel takes all, or the queue is told that it does not. */
  endTurn(): void {
    if (!this.isBlocked) while (this.#waiting.length > 0) this.take();
    else if (!this.#isTold && this.#waiting.length > 0) {
      this.#isTold = true;
      this.queue?.blocked();
    }
  }
  /** Takes the first message that waits. */
  take(): void {
    const bytes = this.#waiting.shift() ?? 0;
    this.#left = Math.max(0, this.#left - 1);
    this.kernelBytes += bytes;
    this.queue?.taken(1, bytes);
    if (this.#isTold && this.#waiting.length === 0) {
      this.#isTold = false;
      this.queue?.drained();
    }
  }
}

function queued(options: Partial<{ maxBytes: number; onOverflow: "disconnect" | "drop-newest"; stallTimeoutMs: number }> = {}) {
  const clock = new FakeClock();
  const socket = new FakeSocket();
  const all = { maxBytes: 100, onOverflow: "disconnect" as const, stallTimeoutMs: 1_000, ...options };
  const reasons: string[] = [];
  const sent: unknown[] = [];
  const counts = { messages: 0, bytes: 0 };
  const queue = new SendQueue<never>(socket as unknown as EngineSocket, all, new StallWatch(all.stallTimeoutMs, clock), {
    sent: ({ message }) => void sent.push(message),
    counted(messages, bytes) {
      counts.messages += messages;
      counts.bytes += bytes;
    },
    tooSlow: (reason) => void reasons.push(reason),
  });
  socket.queue = queue;
  const push = (what: number | string) => {
    const refused = queue.push(rawPayload(typeof what === "number" ? new Uint8Array(what) : what));
    socket.endTurn();
    return refused;
  };
  return { clock, socket, reasons, queue, push, sent, counts };
}

describe("a send queue", () => {
  test("hands messages on, and needs no timer while nothing waits", () => {
    const { clock, push, sent } = queued();
    for (let count = 0; count < 50; count++) expect(push(100)).toBeUndefined();
    expect([sent.length, clock.timers]).toEqual([50, 0]);
  });

  test("tells and counts messages in order as they are taken, but not what is its own, nor what is told for many", () => {
    const { socket, queue, push, sent, counts } = queued();
    socket.isBlocked = true;
    push("one");
    queue.pushOwn("ping");
    queue.push(preparedPayload(rawPayload("for all"), ownEngine, 100));
    push("two");
    expect([sent, counts]).toEqual([[], { messages: 0, bytes: 0 }]);
    for (let count = 0; count < 4; count++) socket.take();
    expect([sent, counts]).toEqual([["one", "two"], { messages: 3, bytes: 13 }]);
  });

  test("settles promises when the message of each is taken, those of one turn together", async () => {
    const { socket, queue, push } = queued();
    const settled: string[] = [];
    const watch = (name: string): void => {
      queue.whenTaken().then(
        () => settled.push(name),
        (error) => settled.push(`${name}: ${error.code}`),
      );
    };
    socket.isBlocked = true;
    for (const name of ["a", "b"]) {
      push(name);
      watch(name);
    }
    socket.take();
    push("c");
    watch("c");
    await Promise.resolve();
    expect(settled).toEqual([]);
    socket.take();
    await Promise.resolve();
    expect(settled).toEqual(["a", "b"]);
    queue.end("gone");
    await Promise.resolve();
    expect(settled).toEqual(["a", "b", "c: UNKNOWN"]);
  });

  test("keeps no more places than there are messages that wait, though it never drains", () => {
    const { socket, push, sent } = queued({ maxBytes: 1_000_000 });
    socket.isBlocked = true;
    for (let count = 0; count < 10; count++) push("x");
    for (let count = 0; count < 5_000; count++) {
      push(`${count}`);
      socket.take();
    }
    expect(sent.length).toBe(5_000);
    expect(sent.slice(-1)).toEqual(["4989"]);
  });

  test("says that a connection is closing", () => {
    const { socket, push } = queued();
    socket.isOpen = false;
    expect(push(1)).toMatchObject({ code: "NOT_SENT", message: expect.stringContaining("closing") });
  });

  test.each([
    ["in bytes", { maxBytes: 100 }, 10, 30],
    ["in number", { maxBytes: 4_096 }, 1, 17],
  ])(
    "what is only gathered for the end of the turn waits for no peer: beyond the bound %s it is written out",
    (_, options, bytes, most) => {
      const { socket, queue, reasons, sent } = queued(options);
      for (let count = 0; count < 1_000; count++) expect(queue.push(rawPayload(new Uint8Array(bytes)))).toBeUndefined();
      expect([reasons, socket.flushes > 0, socket.flushes <= 1_000 / (most / 3)]).toEqual([[], true, true]);
      socket.endTurn();
      expect(sent).toHaveLength(1_000);
    },
  );

  test("counts what it holds, though the socket holds less of it, since it compresses", () => {
    const { socket, queue, reasons } = queued({ maxBytes: 1_000 });
    socket.isBlocked = true;
    socket.ratio = 0.01;
    for (let count = 0; count < 10; count++) expect(queue.push(rawPayload(new Uint8Array(100)))).toBeUndefined();
    expect(queue.push(rawPayload(new Uint8Array(1)))).toMatchObject({ code: "NOT_SENT" });
    expect(reasons).toHaveLength(1);
    socket.take();
    expect(queue.push(rawPayload(new Uint8Array(100)))).toBeUndefined();
  });

  test("nor does it where the kernel has room, and only tells so later", () => {
    const { socket, queue, reasons, sent } = queued();
    socket.isLate = true;
    for (let count = 0; count < 5; count++) expect(queue.push(rawPayload(new Uint8Array(100)))).toBeUndefined();
    socket.isBlocked = true;
    expect(queue.push(rawPayload(new Uint8Array(1)))).toMatchObject({ code: "NOT_SENT" });
    expect(reasons).toHaveLength(1);
    socket.isBlocked = false;
    socket.endTurn();
    expect(sent).toHaveLength(5);
  });

  test("what the kernel took in the same turn is not told as waiting", () => {
    const { socket, queue, push } = queued({ onOverflow: "drop-newest" });
    for (let count = 0; count < 5; count++) {
      push(60);
      socket.flush();
    }
    socket.isBlocked = true;
    push(60);
    expect(push(60)).toMatchObject({ message: expect.stringContaining("60 bytes are waiting in 1 message") });
    expect(queue.push(rawPayload(new Uint8Array(40)))).toBeUndefined();
  });

  test("refuses what is above its bound, and asks to disconnect", () => {
    const { socket, push, reasons } = queued();
    socket.isBlocked = true;
    expect(push(60)).toBeUndefined();
    expect(push(40)).toBeUndefined();
    expect(push(1)).toMatchObject({
      code: "NOT_SENT",
      message: expect.stringContaining("sendQueue.maxBytes 100, 100 bytes are waiting in 2 messages"),
    });
    expect(reasons).toEqual(["send queue full: sendQueue.maxBytes 100"]);
  });

  test("only refuses when told to drop the newest, and takes more once there is room", () => {
    const { socket, push, reasons } = queued({ onOverflow: "drop-newest" });
    socket.isBlocked = true;
    push(100);
    expect(push(1)).toMatchObject({ code: "NOT_SENT" });
    socket.take();
    expect([push(1), reasons]).toEqual([undefined, []]);
  });

  test("refuses a message that is larger than the bound by itself, without blaming the peer", () => {
    const { push, reasons } = queued();
    expect(push(101)).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("101 bytes, above sendQueue.maxBytes 100"),
    });
    expect(reasons).toEqual([]);
  });

  test("bounds tiny messages by their number", () => {
    const { socket, push } = queued({ maxBytes: 25_600 });
    socket.isBlocked = true;
    let count = 0;
    push(1);
    while (push(1) === undefined) expect(++count).toBeLessThan(200);
    expect(count).toBe(100);
  });

  test("asks to disconnect when nothing moves for stallTimeoutMs, and only then", () => {
    const { clock, socket, push, reasons } = queued();
    socket.isBlocked = true;
    push(10);
    push(10);
    clock.advance(900);
    clock.read();
    socket.take();
    clock.advance(900);
    clock.read();
    expect(reasons).toEqual([]);
    clock.advance(500);
    clock.read();
    expect(reasons).toEqual(["not reading: nothing taken within sendQueue.stallTimeoutMs 1000"]);
  });

  test("takes any byte for a move: a large message may take its time, but not for ever", () => {
    const { clock, socket, push, reasons } = queued();
    socket.isBlocked = true;
    push(100);
    for (let round = 0; round < 10; round++) {
      socket.kernelBytes++;
      clock.advance(900);
      clock.read();
    }
    expect(reasons).toEqual([]);
    clock.advance(1_000);
    clock.read();
    expect(reasons).toEqual(["not reading: nothing taken within sendQueue.stallTimeoutMs 1000"]);
  });

  test("is not kept alive by messages that only pile up", () => {
    const { clock, socket, push, reasons } = queued({ maxBytes: 1_000 });
    push(50);
    socket.isBlocked = true;
    for (let round = 0; round < 4; round++) {
      push(1);
      clock.advance(300);
      clock.read();
    }
    expect(reasons).toEqual(["not reading: nothing taken within sendQueue.stallTimeoutMs 1000"]);
  });

  test("looks what was taken once when something begins to wait and in each sweep, however many messages come and go", () => {
    const { clock, socket, queue, push, reasons } = queued({ maxBytes: 100_000 });
    socket.isBlocked = true;
    for (let count = 0; count < 100; count++) push(1);
    expect(socket.looks).toBe(1);
    for (let count = 0; count < 50; count++) socket.take();
    expect(socket.looks).toBe(1);
    clock.advance(500);
    clock.read();
    expect(socket.looks).toBe(3);
    queue.end("gone");
    expect([socket.looks, clock.timers, reasons]).toEqual([3, 0, []]);
  });

  test("does not blame a peer for a blocked event loop", () => {
    const { clock, socket, push, reasons } = queued();
    socket.isBlocked = true;
    push(10);
    clock.block(60_000);
    socket.take();
    clock.read();
    expect([reasons, clock.timers]).toEqual([[], 0]);
  });

  test("leaves no timer when the queue drains, nor when the connection ends", () => {
    const { clock, socket, push, queue } = queued();
    socket.isBlocked = true;
    push(10);
    expect(clock.timers).toBe(1);
    socket.take();
    expect(clock.timers).toBe(0);
    push(10);
    queue.end("gone");
    expect(clock.timers).toBe(0);
  });

  test("does not measure texts that are sure to have room, and measures those that are not", () => {
    const { push } = queued();
    expect(push("x".repeat(33))).toBeUndefined();
    expect(push("x".repeat(100))).toBeUndefined();
    expect(push("é".repeat(51))).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining("102 bytes") });
  });
});

describe("a payload", () => {
  test("for many is encoded once, and refused above the bound", () => {
    const payload = packetPayload("hello", { packetCasing: "camel" }, 0);
    expect(preparedPayload(payload, ownEngine, 100)).toMatchObject({ message: "hello", isTold: false, wire: { bytes: 55 } });
    expect(() => preparedPayload(payload, ownEngine, 54)).toThrow("55 bytes, above sendQueue.maxBytes 54");
  });
});
