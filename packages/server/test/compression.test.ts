import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { within } from "../../../testkit/raw-socket.ts";
import { serve, serveAuth } from "./support/harness.ts";

const LARGE = "what is said again and again. ".repeat(1_000);

/** A client of the package ws, which offers compression, and what it hears. */
async function connect(url: string, options: object = {}): Promise<{ socket: WebSocket; next: () => Promise<string> }> {
  const socket = new WebSocket(url, { ...options, maxPayload: 10_000_000 });
  const heard: string[] = [];
  let wake = (): void => {};
  socket.on("message", (data) => {
    heard.push(String(data));
    wake();
  });
  await within("open", new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject)));
  const next = async (): Promise<string> => {
    while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return heard.shift() as string;
  };
  return { socket, next: () => within("a message", next()) };
}

describe.each(["own", "ws"] as const)("compression with engine %s", (engine) => {
  test("is off by default, though clients offer it", async () => {
    const { url } = await serve({ engine });
    const { socket } = await connect(url);
    expect(socket.extensions).toBe("");
    socket.terminate();
  });

  test.each([
    ["each by itself", true],
    ["with context", { contextTakeover: true, threshold: 0, windowBits: 10, level: 9 }],
  ])("messages go both ways, to one and to many, small and large, in order: %s", async (_, compression) => {
    const { server, url, messages, connections } = await serve({ engine, compression, maxPayload: 1_000_000 });
    const clients = [await connect(url), await connect(url), await connect(url, { perMessageDeflate: false })];
    await connections.has(3, ({ type }) => type === "connected");
    expect(clients.map(({ socket }) => socket.extensions.startsWith("permessage-deflate"))).toEqual([true, true, false]);
    const texts = ["small", LARGE, "then small", LARGE.repeat(20), "last"];
    for (const text of texts) void server.broadcastRaw(text);
    for (const { socket, next } of clients) {
      for (const text of texts) expect((await next()) === text).toBe(true);
      for (const text of texts) socket.send(text);
    }
    const heard = await messages.has(15, ({ type }) => type === "received");
    for (const { socket } of clients) socket.terminate();
    const sizes = texts.map(({ length }) => length);
    expect(heard.map(({ message }) => message.length).sort()).toEqual([...sizes, ...sizes, ...sizes].sort());
    expect(server.stats().bytesReceived).toBe(3 * sizes.reduce((sum, size) => sum + size));
    expect(server.stats().bytesSent).toBe(3 * sizes.reduce((sum, size) => sum + size));
  });

  test("a message that inflates beyond maxPayload is 1009, and the others go on", async () => {
    const { url, messages, errors } = await serve({ engine, compression: true, maxPayload: 10_000 });
    const bomb = await connect(url);
    const honest = await connect(url);
    const closed = new Promise((resolve) => bomb.socket.once("close", resolve));
    bomb.socket.send("x".repeat(10_001));
    expect(await within("closed", closed)).toBe(1009);
    honest.socket.send("x".repeat(10_000));
    expect((await messages.one()).message).toHaveLength(10_000);
    expect(errors.all).toMatchObject([
      { error: { code: "PROTOCOL_ERROR", message: expect.stringContaining("more than 10000 bytes") } },
    ]);
    honest.socket.terminate();
  });

  test("before its token a client may have no more inflated than maxPayloadBeforeAuth", async () => {
    const { url } = await serveAuth(
      { engine, compression: true, tokenIn: "message", maxPayloadBeforeAuth: 200 },
      { getId: (token) => (token === "secret" ? 1 : null) },
    );
    const { socket } = await connect(url);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.send("x".repeat(5_000));
    expect(await within("closed", closed)).toBe(1009);
  });
});

test("who reads gets all, though messages come faster than they are compressed", async () => {
  const { url, connections } = await serve({ compression: true });
  const { socket, next } = await connect(url);
  const { connection } = await connections.one(({ type }) => type === "connected");
  const text = LARGE.repeat(9);
  const sends: Promise<void>[] = [];
  for (let burst = 0; burst < 5; burst++) {
    for (let count = 0; count < 5; count++) sends.push(connection.sendRaw(text));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(sends);
  for (const _ of sends) expect((await next()) === text).toBe(true);
  socket.terminate();
});
