import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import type { ClientOptions, WebsocketClient } from "../src/index.ts";
import { client, echoServer } from "./support/node.ts";

const TEXT = "compress me, ".repeat(1_000);

/** Bytes that the peer's socket has read and written. */
function moved(peer: WebSocket): { read: number; written: number } {
  const { bytesRead, bytesWritten } = (peer as unknown as { _socket: { bytesRead: number; bytesWritten: number } })._socket;
  return { read: bytesRead, written: bytesWritten };
}

async function echoed(me: WebsocketClient, message: string | Uint8Array): Promise<unknown> {
  const messages = me[Symbol.asyncIterator]();
  await me.sendRaw(message);
  return (await messages.next()).value?.message;
}

async function connected(compression: ClientOptions["compression"], theirs: boolean | object = true) {
  const { wss, port } = await echoServer({ perMessageDeflate: theirs });
  const me = client(port, { compression });
  const opened = once(wss, "connection");
  await me.connect();
  return { me, peer: (await opened)[0] as WebSocket };
}

describe("compression", () => {
  it.each<[string, ClientOptions["compression"], object | boolean]>([
    ["by the defaults", true, true],
    ["with context takeover", { contextTakeover: true }, { threshold: 0 }],
    ["with a small window", { windowBits: 9 }, { threshold: 0 }],
    ["with a server that takes no context over", { contextTakeover: true }, { serverNoContextTakeover: true, threshold: 0 }],
  ])("%s saves bytes both ways, and messages come as they were, in order", async (_, compression, theirs) => {
    const { me, peer } = await connected(compression, theirs);
    const messages = [TEXT, "small", new Uint8Array(50_000).fill(7), `${TEXT}żółw`, ""];
    for (const message of messages) expect(await echoed(me, message)).toEqual(message);
    const { read, written } = moved(peer);
    expect([read < 6_000, written < 6_000]).toEqual([true, true]);
    await me.disconnect();
  });

  it("is not used where the server does not agree, nor for messages below the threshold", async () => {
    const { me, peer } = await connected(true, false);
    expect(await echoed(me, TEXT)).toBe(TEXT);
    expect([peer.extensions, moved(peer).read > TEXT.length]).toEqual(["", true]);
    const large = await connected({ threshold: 100_000 });
    expect(await echoed(large.me, TEXT)).toBe(TEXT);
    expect([large.peer.extensions, moved(large.peer).read > TEXT.length]).toEqual([
      expect.stringMatching(/permessage-deflate/),
      true,
    ]);
  });

  it("does not inflate a bomb beyond maxPayload: 1009, and nothing is thrown", async () => {
    const { wss, port } = await echoServer({ perMessageDeflate: true, maxPayload: 0 });
    wss.on("connection", (socket) => socket.send(Buffer.alloc(50_000_000), { compress: true }));
    const me = client(port, { compression: true, maxPayload: 1_000_000 });
    const closed = new Promise((resolve) => me.on("connection", (event) => event.type === "disconnected" && resolve(event)));
    await me.connect();
    expect(await closed).toMatchObject({
      code: 1009,
      reason: expect.stringMatching(/more than 1000000 bytes once it is inflated/),
    });
  });

  it.each<[unknown, RegExp]>([
    [{ level: 10 }, /option compression\.level: expected a whole number from 1 to 9; got 10/],
    [{ windowBits: 8 }, /option compression\.windowBits: expected a whole number from 9 to 15; got 8/],
    ["yes", /option compression: expected boolean or object/],
  ])("of %j is refused by the constructor", (compression, message) => {
    const made = (): unknown => client(1, { compression: compression as never });
    expect(made).toThrow(expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }));
  });

  it("is left to a WebSocket class of one's own", async () => {
    const me = client(1, { compression: true, webSocket: class {} as never });
    const message = expect.stringMatching(/option compression: not with option webSocket/);
    await expect(me.connect()).rejects.toMatchObject({ code: "INVALID_OPTION", message });
  });
});
