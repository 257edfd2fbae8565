import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { platform } from "../src/platform.node.ts";
import { makeTarget, TOKEN_PLACES } from "../src/target.ts";

/** A `ws` socket of which only the counts matter. */
class Counts extends EventEmitter {
  bufferedAmount = 0;
  readyState = 1;
  terminate(): void {}
  send(_message: unknown, done: () => void): void {
    setImmediate(done);
  }
  readonly stream = { bytesRead: 0, bytesWritten: 0, writableLength: 0 };
}

function counted(hasStream = true) {
  const target = makeTarget(new URL("ws://a/"), [], "", TOKEN_PLACES.message);
  const nothing = (): void => {};
  const pings = { listenerCount: () => 0, emit: () => false };
  const made = platform.createSocket(Counts as never, target, { maxPayload: 1, closeTimeoutMs: 1 }, nothing, nothing, pings);
  const counts = made.socket as unknown as Counts;
  if (hasStream) counts.emit("upgrade", { socket: counts.stream });
  /** Whether bytes moved while `act` ran. */
  const moves = (act: () => void): boolean => {
    const before = made.progress();
    act();
    return made.progress() > before;
  };
  return { counts, stream: counts.stream, moves, send: made.send };
}

describe("progress", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("is made when bytes arrive, of unfinished messages too", () => {
    const { stream, moves } = counted();
    expect(moves(() => {})).toBe(false);
    const arrive = (): void => {
      stream.bytesRead += 5;
    };
    expect(moves(arrive)).toBe(true);
  });

  it("is made when the network takes what had to wait, though more is sent meanwhile", () => {
    const { counts, stream, moves } = counted();
    stream.bytesWritten = stream.writableLength = counts.bufferedAmount = 1_000;
    const takeAndSend = (): void => {
      stream.bytesWritten += 500;
      stream.writableLength = counts.bufferedAmount += 400;
    };
    expect(moves(takeAndSend)).toBe(true);
    // The network takes it in lumps, which may be far between on a slow line; but not for ever.
    expect(moves(() => vi.advanceTimersByTime(29_000))).toBe(true);
    expect(moves(() => vi.advanceTimersByTime(1_000))).toBe(false);
    expect(moves(takeAndSend)).toBe(true);
  });

  it("is made for a while after a message had to wait: the end of it may still be on its way", async () => {
    const { send, moves, counts } = counted();
    counts.bufferedAmount = 10;
    await new Promise((resolve) => send("x", resolve));
    counts.bufferedAmount = 0;
    expect(moves(() => {})).toBe(true);
    expect(moves(() => {})).toBe(true);
  });

  it("of another class is that it takes what it holds", () => {
    const { counts, moves } = counted(false);
    counts.bufferedAmount = 10;
    expect(moves(() => (counts.bufferedAmount = 4))).toBe(true);
    expect(moves(() => {})).toBe(false);
  });

  it("is not made when a kernel with room takes what is sent to a dead peer", () => {
    const { stream, moves } = counted();
    const send = (): void => {
      stream.bytesWritten += 100;
    };
    for (let n = 0; n < 3; n++) expect(moves(send)).toBe(false);
  });
});
