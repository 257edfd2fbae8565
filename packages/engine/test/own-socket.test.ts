import { deflateRawSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { enginePair, serveEngine } from "../../../testkit/engine-harness.ts";
import { closePayload, frame, Opcode } from "../../../testkit/raw-socket.ts";
import { deflated } from "../../../testkit/rfc/compression.ts";
import { type Engine, ownEngine } from "../src/index.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each([
  ["TCP", false],
  ["TLS", true],
])("a loud connection over %s", (_, isSecure) => {
  /** The most messages that were told in one turn, of so many that came at once. */
  async function mostInTurn(count: number, message: Buffer): Promise<number> {
    const { peer, seen } = await enginePair({ makeEngine: () => ownEngine, isSecure });
    peer.write(Buffer.concat(Array.from({ length: count }, () => message)));
    let most = 0;
    for (let told = 0; told < count; ) {
      await turn();
      most = Math.max(most, seen.messages.length - told);
      told = seen.messages.length;
    }
    return most;
  }

  test("has its turn for so many messages, and then others have theirs", async () => {
    // As many again, since what waited and what is read may fall into one.
    expect(await mostInTurn(20_000, frame(Opcode.text))).toBeLessThanOrEqual(2 * 512);
  });

  test("and for so many bytes", async () => {
    // One read more, of 64 KiB, may be under way when there were enough.
    expect(await mostInTurn(2_000, frame(Opcode.binary, Buffer.alloc(1_000)))).toBeLessThanOrEqual(132);
  });
});

/** The engine, on which whoever is told of a message pauses. */
const pausing: Engine = {
  ...ownEngine,
  createAcceptor(options) {
    const acceptor = ownEngine.createAcceptor(options);
    return {
      accept: (request, stream, head, answer, opened) =>
        acceptor.accept(request, stream, head, answer, (socket) => {
          const listener = opened(socket);
          return {
            ...listener,
            message(message, size) {
              listener.message(message, size);
              socket.pause();
            },
          };
        }),
    };
  },
};

describe("a loud connection that compresses", () => {
  const compression = { threshold: 0, level: 6, contextTakeover: false, windowBits: 15 };

  test.each([
    ["for so many bytes once they are inflated", deflated(new Uint8Array(50_000)), 4],
    ["for so many calls of zlib", deflated("x"), 64],
    ["for so many of them within a message", Buffer.concat([...Array(10).fill(deflateRawSync("")), deflated("x")]), 8],
    ["for so much that inflates to nothing", Buffer.concat(Array(1_600).fill(Buffer.of(2, 0, 0, 0, 0xff, 0xff))), 4],
  ])("has its turn %s", async (_, payload, most) => {
    const { open, next } = await serveEngine({ makeEngine: () => ownEngine, isSecure: false }, { compression });
    const peer = await open({ "Sec-WebSocket-Extensions": "permessage-deflate" });
    const seen = await next();
    const message = frame(Opcode.binary, payload, { rsv: 4 });
    peer.write(Buffer.concat(Array.from({ length: 300 }, () => message)));
    let found = 0;
    for (let told = 0; told < 300; ) {
      await turn();
      found = Math.max(found, seen.messages.length - told);
      told = seen.messages.length;
    }
    expect(found).toBeLessThanOrEqual(most);
  });
});

test("what a paused connection has left when it is gone is told, and starts no timer", async () => {
  const closeTimeoutMs = 61_234;
  const started = vi.spyOn(globalThis, "setTimeout");
  const stopped = vi.spyOn(globalThis, "clearTimeout");
  try {
    const { peer, seen } = await enginePair({ makeEngine: () => pausing, isSecure: false }, { closeTimeoutMs });
    const texts = ["heard", "left", "and left"].map((text) => frame(Opcode.text, text));
    peer.write(Buffer.concat([...texts, frame(Opcode.close, closePayload(1000))]));
    await seen.has(1);
    peer.reset();
    seen.socket.terminate();
    expect(await seen.whenClosed).toEqual({ code: 1000, reason: "" });
    expect(seen.messages).toEqual(["heard", "left", "and left"]);
    const timers = started.mock.results.filter((_, call) => started.mock.calls[call]?.[1] === closeTimeoutMs);
    const ended = new Set(stopped.mock.calls.map(([timer]) => timer));
    expect(timers.filter(({ value }) => !ended.has(value))).toEqual([]);
  } finally {
    vi.restoreAllMocks();
  }
});

test("all that came in one read is told, though the peer is gone before the connection has had its turns for it", async () => {
  const { peer, seen } = await enginePair({ makeEngine: () => ownEngine, isSecure: false });
  peer.write(Buffer.concat(Array.from({ length: 2_000 }, (_, n) => frame(Opcode.text, `${n}`))));
  await seen.has(1);
  expect(seen.messages.length).toBeLessThan(2_000);
  peer.reset();
  await seen.whenClosed;
  expect(seen.messages).toEqual(Array.from({ length: 2_000 }, (_, n) => `${n}`));
});
