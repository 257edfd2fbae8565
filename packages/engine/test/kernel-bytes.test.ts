import { describe, expect, test } from "vitest";
import { flowSuite } from "../../../testkit/engine-flow.ts";
import { enginePair } from "../../../testkit/engine-harness.ts";
import { piecesSuite } from "../../../testkit/engine-pieces.ts";
import { basicSuite } from "../../../testkit/engine-suite.ts";
import { withoutHandle } from "./support/without-handle.ts";

// What docs/engine.md promises for the day that Node's handles tell less: all works, and whole writes are counted.

const overTcp = { makeEngine: () => withoutHandle, isSecure: false };
const overTls = { makeEngine: () => withoutHandle, isSecure: true };

basicSuite("own without Node's numbers", overTcp);
basicSuite("own without Node's numbers over TLS", overTls);
flowSuite("own without Node's numbers", overTcp, ["in the middle of a message"]);
piecesSuite("own without Node's numbers", overTcp);

describe("without Node's numbers", () => {
  test.each([
    ["TCP", overTcp],
    ["TLS", overTls],
  ])("over %s whole writes are counted: nothing of one that is under way, and all of it once it has left", async (_, setting) => {
    const { peer, seen } = await enginePair(setting);
    seen.socket.send("small");
    await seen.hasTaken(1);
    const before = seen.socket.takenBytes;
    expect(before).toBeGreaterThan(0);
    peer.socket.pause();
    seen.socket.send(new Uint8Array(16_777_216));
    await new Promise((resolve) => setImmediate(resolve));
    expect([seen.socket.flush(), seen.socket.takenBytes, seen.flow.at(-1)]).toEqual([false, before, "blocked"]);
    peer.socket.resume();
    await seen.hasTaken(2);
    expect([seen.socket.flush(), seen.socket.bufferedBytes, seen.flow.at(-1)]).toEqual([true, 0, "drained"]);
    expect(seen.socket.takenBytes - before).toBeGreaterThanOrEqual(16_777_216);
    seen.socket.terminate();
    await seen.whenClosed;
    expect(seen.socket.takenBytes - before).toBeGreaterThanOrEqual(16_777_216);
  });

  test.each([
    ["TCP", overTcp, true],
    ["TLS", overTls, false],
  ])("over %s what is flushed has left at once, as far as Node tells", async (_, setting, isTold) => {
    const { seen } = await enginePair(setting);
    seen.socket.send("small");
    expect(seen.socket.flush()).toBe(isTold);
    await seen.hasTaken(1);
    expect(seen.socket.flush()).toBe(true);
  });
});
