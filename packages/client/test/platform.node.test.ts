import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { platform } from "../src/platform.node.ts";
import { makeTarget, TOKEN_PLACES } from "../src/target.ts";

/** A `ws` socket of which only the counts matter. */
class Counts extends EventEmitter {
  bufferedAmount = 0;
  readonly stream = { bytesRead: 0, bytesWritten: 0 };
}

function counted() {
  const target = makeTarget(new URL("ws://a/"), [], "", TOKEN_PLACES.message);
  const nothing = (): void => {};
  const made = platform.createSocket(Counts as never, target, { maxPayload: 1 }, nothing, nothing);
  const counts = made.socket as unknown as Counts;
  counts.emit("upgrade", { socket: counts.stream });
  /** Whether bytes moved while `act` ran. */
  const moves = (act: () => void): boolean => {
    const before = made.progress();
    act();
    return made.progress() > before;
  };
  return { counts, stream: counts.stream, moves };
}

describe("progress", () => {
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
    stream.bytesWritten = counts.bufferedAmount = 1_000;
    const takeAndSend = (): void => {
      stream.bytesWritten += 500;
      counts.bufferedAmount += 400;
    };
    expect(moves(takeAndSend)).toBe(true);
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
