import { once } from "node:events";
import { describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { within } from "../../../testkit/raw-socket.ts";
import type { AnyMessageStream, ClientOptions } from "../src/index.ts";
import { client, echoServer } from "./support/node.ts";

const MIB = 1_048_576;

async function connected(options: Partial<ClientOptions> = {}) {
  const { wss, port } = await echoServer({ maxPayload: 0, maxFragments: 0 });
  const me = client(port, { streams: true, ...options });
  const streams = me.messageStreams();
  const opened = once(wss, "connection");
  await me.connect();
  const peer = (await opened)[0] as WebSocket;
  const next = async () => (await within("a message", streams.next())).value as AnyMessageStream;
  return { wss, port, me, streams, next, peer };
}

describe("messages in pieces", () => {
  it("go there and back, far beyond maxPayload, text and binary, and wait for nobody but those before them", async () => {
    const { me, next } = await connected({ maxPayload: 1_000 });
    const writer = me.createMessageWriter();
    await new Blob([new Uint8Array(8 * MIB).fill(7)]).stream().pipeTo(writer.writable);
    let bytes = 0;
    for await (const piece of (await next()) as AsyncIterable<Uint8Array>) bytes += piece.length;
    expect(bytes).toBe(8 * MIB);
    const text = me.createMessageWriter({ type: "text" });
    await text.write("\ud83d");
    const behind = me.sendRaw("behind");
    await text.write("\udc22");
    await text.close();
    await behind;
    expect([await (await next()).text(), await (await next()).text()]).toEqual(["🐢", "behind"]);
  });

  it("that nobody reads stop the server, and a live connection is not taken for dead", async () => {
    const { me, next, peer } = await connected({ heartbeat: { intervalMs: 100, timeoutMs: 100 } });
    const lost: unknown[] = [];
    me.on("connection", ({ type }) => lost.push(type));
    const pings: unknown[] = [];
    peer.on("ping", () => pings.push(1));
    peer.send(Buffer.alloc(64 * MIB));
    const message = (await next()) as AnyMessageStream & AsyncIterable<Uint8Array>;
    const before = pings.length;
    await expect.poll(() => pings.length).toBeGreaterThan(before + 3);
    expect([peer.bufferedAmount > 0, lost]).toEqual([true, []]);
    let bytes = 0;
    for await (const piece of message) bytes += piece.length;
    expect(bytes).toBe(64 * MIB);
  });

  it("go on when the client has come back, and fail with the connection they were on", async () => {
    const { me, next, peer } = await connected({ reconnect: { baseDelayMs: 1 } });
    peer.send("half", { fin: false });
    const reading = (await next()).text();
    const writer = me.createMessageWriter({ type: "text" });
    await writer.write("half");
    peer.terminate();
    await expect(reading).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await expect(writer.close()).rejects.toMatchObject({ code: "UNKNOWN" });
    await expect.poll(() => me.state).toBe("connected");
    await me.sendRaw("anew");
    expect(await (await next()).text()).toBe("anew");
  });

  it.each(["disconnect", "dispose"] as const)("end with %s", async (how) => {
    const { me, streams } = await connected();
    const waiting = streams.next();
    await me[how]();
    expect(await within("the end", waiting)).toEqual({ done: true, value: undefined });
  });

  it("that are given up end the connection with 1011, and the client comes back", async () => {
    const { me, peer } = await connected({ reconnect: { baseDelayMs: 1 } });
    const closed = once(peer, "close");
    const aborter = new AbortController();
    const writer = me.createMessageWriter({ signal: aborter.signal });
    await writer.write(new Uint8Array(100_000));
    const back = new Promise((resolve) => me.on("connection", ({ type }) => type === "connected" && resolve(type)));
    aborter.abort();
    expect((await closed)[0]).toBe(1011);
    await expect(writer.close()).rejects.toMatchObject({ code: "ABORTED" });
    expect(await within("back", back)).toBe("connected");
  });

  it("reach listeners again when the loop is left", async () => {
    const { me, next, streams, peer } = await connected();
    const told: unknown[] = [];
    me.on("message", ({ type, message }) => type === "received" && told.push(message));
    peer.send("streamed");
    expect(await (await next()).text()).toBe("streamed");
    await streams.return?.();
    peer.send("told");
    await expect.poll(() => told).toEqual(["told"]);
  });

  it("need option streams, and an open connection", async () => {
    const { port } = await echoServer();
    const plain = client(port);
    await plain.connect();
    for (const call of [() => plain.createMessageWriter(), () => plain.messageStreams()]) {
      expect(call).toThrow(
        expect.objectContaining({ code: "INVALID_STATE", message: expect.stringContaining("option streams: true") }),
      );
    }
    const away = client(port, { streams: true });
    await expect(away.createMessageWriter().write(new Uint8Array(1))).rejects.toMatchObject({ code: "NOT_SENT" });
    const own = client(port, { streams: true, webSocket: class {} as never });
    await expect(own.connect()).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("option streams"),
    });
  });

  it("that come compressed come whole, and are streams all the same", async () => {
    const { wss, port } = await echoServer({ perMessageDeflate: { threshold: 0 } });
    const me = client(port, { streams: true, compression: true });
    const streams = me.messageStreams();
    const opened = once(wss, "connection");
    await me.connect();
    ((await opened)[0] as WebSocket).send("compress me".repeat(100), { compress: true });
    const message = (await within("a message", streams.next())).value as AnyMessageStream;
    expect(await message.text()).toBe("compress me".repeat(100));
  });
});
