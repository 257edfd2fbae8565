import { connect as connectTcp } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Seen, watch } from "../../../testkit/engine-harness.ts";
import { serveRaw, switching } from "../../../testkit/raw-server.ts";
import { frame, Opcode, type RawSocket, within } from "../../../testkit/raw-socket.ts";
import { deflated } from "../../../testkit/rfc/compression.ts";
import { type CompressionOptions, ownEngine, wsEngine } from "../src/index.ts";

// What others had to publish advisories for, by a server that means harm: docs/threats.md says which is which.

const COMPRESSION: CompressionOptions = { threshold: 50, level: 6, contextTakeover: false, windowBits: 15 };
const AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

describe.each([ownEngine, wsEngine])("advisories of others, with engine $name as client", (engine) => {
  /** Connects to a server in the hands of the test. */
  async function pair(compression?: CompressionOptions): Promise<{ server: RawSocket; seen: Seen }> {
    const { port, peers } = await serveRaw((accept) =>
      switching(accept, compression ? `Sec-WebSocket-Extensions: ${AGREED}\r\n` : ""),
    );
    const stream = connectTcp(port, "127.0.0.1");
    onTestFinished(() => void stream.destroy());
    const bounds = { handshakeTimeoutMs: 2_000, maxPayload: 100_000, maxFragments: 64, closeTimeoutMs: 2_000 };
    const options = { host: `127.0.0.1:${port}`, target: "/", headers: {}, subprotocols: [], compression, ...bounds };
    const opened = new Promise<Seen>((resolve, reject) => {
      engine.connect(stream, options, {
        opened(socket) {
          const { connection, listener } = watch(socket);
          resolve(connection);
          return listener;
        },
        refused: () => reject(new Error("refused")),
        failed: reject,
      });
    });
    const seen = await within("open", opened);
    return { server: peers[0] as RawSocket, seen };
  }

  test.each([
    ["in one frame", (bomb: Buffer) => [frame(Opcode.binary, bomb, { rsv: 4, masked: false })]],
    [
      "in fragments",
      (bomb: Buffer) => [
        frame(Opcode.binary, bomb.subarray(0, 50), { rsv: 4, masked: false, fin: false }),
        frame(Opcode.continuation, bomb.subarray(50), { masked: false }),
      ],
    ],
  ])("a small frame that inflates beyond maxPayload ends by 1009 %s", async (_, framesOf) => {
    const { server, seen } = await pair(COMPRESSION);
    server.write(frame(Opcode.text, deflated("fits".repeat(20_000)), { rsv: 4, masked: false }));
    const bomb = deflated(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    server.write(Buffer.concat(framesOf(bomb)));
    expect((await server.readFrame()).code).toBe(1009);
    server.socket.end();
    expect((await seen.whenClosed).code).toBe(1009);
    expect(seen.messages.map((message) => message.length)).toEqual([80_000]);
  });

  test("a declared length that no number holds ends by its code, and throws nothing", async () => {
    for (const declaredLength of [100_001n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      const { server, seen } = await pair();
      server.write(frame(Opcode.binary, "", { declaredLength, masked: false }));
      // The highest bit must not be set (RFC 6455 section 5.2).
      const code = declaredLength < 2n ** 63n || engine === wsEngine ? 1009 : 1002;
      expect([declaredLength, (await server.readFrame()).code]).toEqual([declaredLength, code]);
      server.socket.end();
      expect((await seen.whenClosed).code).toBe(code);
    }
  });
});
