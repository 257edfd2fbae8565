import { describe, expect, it, onTestFinished } from "vitest";
import { serveRaw, switching } from "../../../testkit/raw-server.ts";
import { frame, Opcode, type RawSocket, within } from "../../../testkit/raw-socket.ts";
import { deflated } from "../../../testkit/rfc/compression.ts";
import { WebsocketClient } from "../src/index.ts";

// What others had to publish advisories for, by a server that means harm: docs/threats.md says which is which.

/** A client that does not come back, disposed of after the test. */
function client(port: number): WebsocketClient {
  const made = new WebsocketClient({ url: `ws://127.0.0.1:${port}/`, reconnect: false, heartbeat: false });
  made.on("error", () => {});
  onTestFinished(() => made.dispose());
  return made;
}

/** Connects; what ends that connection. */
async function connected(): Promise<{ me: WebsocketClient; server: RawSocket; ended: Promise<unknown> }> {
  const { port, peers } = await serveRaw((accept) => switching(accept));
  const me = client(port);
  const ended = new Promise((resolve) => {
    me.on("connection", ({ type }) => type === "disconnected" && resolve(type));
  });
  await me.connect();
  return { me, server: peers[0] as RawSocket, ended: within("disconnected", ended) };
}

describe("advisories of others", () => {
  it.each([
    "permessage-deflate; server_max_window_bits=99",
    "permessage-deflate; server_max_window_bits=0",
    "permessage-deflate",
    "__proto__",
    "constructor; toString",
  ])("a server that answers an extension nobody offered is no connection: %s", async (extensions) => {
    const { port } = await serveRaw((accept) => switching(accept, `Sec-WebSocket-Extensions: ${extensions}\r\n`));
    await expect(client(port).connect()).rejects.toMatchObject({ name: "WebsocketsSimpleError" });
  });

  it.each([
    ["a declared length of 2^53+1", frame(Opcode.binary, "", { declaredLength: 2n ** 53n + 1n, masked: false }), 1009],
    ["a declared length of 2^63-1", frame(Opcode.binary, "", { declaredLength: 2n ** 63n - 1n, masked: false }), 1009],
    ["a declared length of 2^64-1", frame(Opcode.binary, "", { declaredLength: 2n ** 64n - 1n, masked: false }), 1009],
    ["a compressed bomb", frame(Opcode.binary, deflated(Buffer.alloc(50_000_000)), { rsv: 4, masked: false }), 1002],
  ])("%s ends the connection by its code, and nothing is thrown", async (_, bytes, code) => {
    const { server, ended } = await connected();
    server.write(bytes);
    expect((await server.readFrame()).code).toBe(code);
    server.socket.end();
    await ended;
  });

  it("a number is no message, and bytes are no close reason", async () => {
    const { me, server } = await connected();
    for (const value of [5, 100_000_000, { length: 100 }]) {
      await expect(me.sendRaw(value as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    for (const reason of [new Float32Array(20), new ArrayBuffer(20), 20]) {
      await expect(me.disconnect(4000, reason as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    await me.sendRaw("the only one");
    const read = await server.readFrame();
    expect([read.opcode, read.text]).toEqual([Opcode.text, "the only one"]);
  });
});
