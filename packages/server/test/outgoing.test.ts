import { describe, expect, test } from "vitest";
import { rawPayload, SendQueue, StallWatch } from "../src/outgoing.ts";
import type { EngineSocket } from "../src/socket.ts";
import { FakeClock } from "./support/fake-clock.ts";

/** A socket whose kernel takes what the test lets it take. */
class FakeSocket implements Pick<EngineSocket, "bufferedBytes" | "takenBytes" | "send"> {
  isBlocked = false;
  /** What the kernel took, and how often that was asked. */
  taken = 0;
  looks = 0;
  readonly #waiting: { bytes: number; done: (error?: Error) => void }[] = [];
  get takenBytes(): number {
    this.looks++;
    return this.taken;
  }
  get bufferedBytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  send(message: Parameters<EngineSocket["send"]>[0], done: (error?: Error) => void = () => {}): void {
    const bytes =
      message instanceof Uint8Array ? message.byteLength : typeof message === "string" ? message.length : message.utf8.byteLength;
    if (this.isBlocked) return void this.#waiting.push({ bytes, done });
    this.taken += bytes;
    done();
  }
  /** The connection is gone: all that waits is cancelled. */
  destroy(): void {
    for (const { done } of this.#waiting.splice(0)) done(new Error("destroyed"));
  }
  /** Something that is none of the queue's waits, such as a pong, or has left. */
  alien(bytes: number): void {
    if (bytes > 0) this.#waiting.push({ bytes, done: () => {} });
    else this.#waiting.pop();
  }
  /** Takes the first message that waits. */
  take(): void {
    const first = this.#waiting.shift();
    this.taken += first?.bytes ?? 0;
    first?.done();
  }
}

function queued(options: Partial<{ maxBytes: number; onOverflow: "disconnect" | "drop-newest"; stallTimeoutMs: number }> = {}) {
  const clock = new FakeClock();
  const socket = new FakeSocket();
  const all = { maxBytes: 100, onOverflow: "disconnect" as const, stallTimeoutMs: 1_000, ...options };
  const reasons: string[] = [];
  const queue = new SendQueue(socket as unknown as EngineSocket, all, new StallWatch(all.stallTimeoutMs, clock), (reason) =>
    reasons.push(reason),
  );
  let done = 0;
  const push = (bytes: number) => queue.push(rawPayload(new Uint8Array(bytes)), () => done++);
  return { clock, socket, reasons, queue, push, done: () => done };
}

describe("a send queue", () => {
  test("hands messages on, and needs no timer while nothing waits", () => {
    const { clock, push, done } = queued();
    for (let count = 0; count < 50; count++) expect(push(100)).toBeUndefined();
    expect([done(), clock.timers]).toEqual([50, 0]);
  });

  test("begins to count anew, when something else than its own messages was the last to leave", () => {
    const { clock, socket, push, reasons } = queued();
    socket.isBlocked = true;
    push(10);
    socket.alien(4);
    socket.take();
    socket.alien(0);
    clock.advance(60_000);
    clock.read();
    expect(clock.timers).toBe(0);
    push(10);
    clock.advance(900);
    clock.read();
    expect(reasons).toEqual([]);
    clock.advance(500);
    clock.read();
    expect(reasons).toHaveLength(1);
  });

  test("refuses what is above its bound, and asks to disconnect", () => {
    const { socket, push, reasons } = queued();
    socket.isBlocked = true;
    expect(push(60)).toBeUndefined();
    expect(push(40)).toBeUndefined();
    expect(push(1)).toMatchObject({
      code: "NOT_SENT",
      message: expect.stringContaining("sendQueue.maxBytes 100, 100 bytes in 2 messages are waiting"),
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
      socket.taken++;
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
    const { clock, socket, push, reasons, done } = queued({ maxBytes: 100_000 });
    socket.isBlocked = true;
    for (let count = 0; count < 100; count++) push(1);
    expect(socket.looks).toBe(1);
    for (let count = 0; count < 50; count++) socket.take();
    expect(socket.looks).toBe(1);
    clock.advance(500);
    clock.read();
    expect(socket.looks).toBe(3);
    socket.destroy();
    expect([socket.looks, done(), clock.timers, reasons]).toEqual([3, 100, 0, []]);
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
    queue.end();
    expect(clock.timers).toBe(0);
  });

  test("keeps its own copy of bytes", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    const { wire } = rawPayload(bytes);
    bytes.fill(0);
    expect(wire).toEqual(Uint8Array.of(1, 2, 3));
  });
});
