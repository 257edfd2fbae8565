import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { clientSuite } from "../../../testkit/engine-client.ts";
import { compressionSuite } from "../../../testkit/engine-compression.ts";
import { enginePair } from "../../../testkit/engine-harness.ts";
import { rfcSuite } from "../../../testkit/engine-rfc.ts";
import { engineSuite } from "../../../testkit/engine-suite.ts";
import { type Engine, type EngineSocket, ownEngine, wsEngine } from "../src/index.ts";

engineSuite("ws", () => wsEngine);
rfcSuite("ws", () => wsEngine, ["shortest length", "top bit", "UTF-8 at once"]);
// ws ends a message at its first final block, tells what is cut as if it were whole, and bounds compressed bytes as it bounds
// the message.
compressionSuite("ws", () => wsEngine, [/final blocks/, /ends within a block/, /1048576 bytes in stored blocks/]);
clientSuite("ws", () => wsEngine, { own: ownEngine }, ["compression", "server first"]);

describe("taken bytes", () => {
  /** The engine, with a look at the streams it is given. */
  function watched(streams: Duplex[], began = (_socket: EngineSocket): void => {}): Engine {
    return {
      ...wsEngine,
      createAcceptor(options) {
        const acceptor = wsEngine.createAcceptor(options);
        return {
          accept(request, stream, head, answer, opened) {
            streams.push(stream);
            acceptor.accept(request, stream, head, answer, (socket) => {
              const listener = opened(socket);
              began(socket);
              return listener;
            });
          },
        };
      },
    };
  }

  test("grow step by step of a large message that is sent as soon as the connection opens", async () => {
    const whole = 33_554_432;
    const engine = watched([], (socket) => socket.send(new Uint8Array(whole)));
    const { peer, seen } = await enginePair({ makeEngine: () => engine, isSecure: false });
    peer.socket.pause();
    await expect.poll(() => seen.socket.takenBytes).toBeGreaterThan(1_000);
    expect([seen.socket.takenBytes < whole, seen.taken]).toEqual([true, 0]);
    seen.socket.terminate();
    await seen.whenClosed;
  });

  test("are told without a walk through all that waits, before and after the end, and then do not change", async () => {
    const streams: Duplex[] = [];
    const { peer, seen } = await enginePair({ makeEngine: () => watched(streams), isSecure: false });
    let walks = 0;
    Object.defineProperty(streams[0], "bytesWritten", { get: () => walks++ });
    peer.socket.pause();
    seen.socket.send(new Uint8Array(16_777_216));
    let taken = 0;
    for (let count = 0; count < 50; count++) {
      taken = seen.socket.takenBytes;
      seen.socket.send("tick");
    }
    seen.socket.terminate();
    await seen.whenClosed;
    expect([seen.socket.takenBytes, seen.taken]).toEqual([taken, 0]);
    expect([walks, taken > 0]).toEqual([0, true]);
  });
});
