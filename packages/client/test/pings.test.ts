import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { within } from "../../../testkit/raw-socket.ts";
import { ScriptedWebSocket } from "../../../testkit/scripted-websocket.ts";
import { type ClientOptions, WebsocketClient } from "../src/index.ts";
import { SocketPings } from "../src/pings.node.ts";

/** A client in Node that is connected to a server in the hands of the test. */
async function connected(serverOptions: object = {}, options: Partial<ClientOptions> = {}) {
  const http: Server = createServer();
  const wss = new WebSocketServer({ server: http, ...serverOptions });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of wss.clients) socket.terminate();
    http.close();
  });
  const accepted = new Promise<WebSocket>((resolve) => wss.once("connection", resolve));
  const { port } = http.address() as AddressInfo;
  const me = new WebsocketClient({ url: `ws://127.0.0.1:${port}/`, reconnect: false, heartbeat: false, ...options });
  onTestFinished(() => me.dispose());
  await me.connect();
  const socket = await within("the server's side", accepted);
  /** Resolves when the server has got so many pings. */
  const heard: string[] = [];
  socket.on("ping", (payload: Buffer) => heard.push(payload.toString("latin1")));
  const hears = (count: number): Promise<void> =>
    within(
      `${count} pings`,
      (async () => {
        while (heard.length < count) await new Promise((resolve) => socket.once("ping", resolve));
      })(),
    );
  /** Resolves when the client has read all that the server has sent. */
  const read = async (): Promise<void> => {
    const message = new Promise<void>((resolve) => me.once("message", () => resolve()));
    socket.send("read");
    await within("a message", message);
  };
  return { me, socket, heard, hears, read };
}

describe.each([
  ["ws", {}],
  ["our own engine", { compression: true }],
] as const)("client.ping in Node, over %s", (_, over) => {
  it("resolves with the round trip, which is latencyMs from then on, with a text, bytes or nothing", async () => {
    const { me, heard, hears } = await connected({}, over);
    expect(me.latencyMs).toBeUndefined();
    const ms = await within("a pong", me.ping("hello"));
    expect(ms).toBeGreaterThanOrEqual(0);
    expect(me.latencyMs).toBe(ms);
    for (const payload of [Uint8Array.of(0, 255), undefined, ""]) await within("a pong", me.ping(payload));
    await hears(4);
    expect(heard.map(({ length }) => length)).toEqual([5, 2, 4, 0]);
    expect([heard[0], heard[1]]).toEqual(["hello", "\x00\xff"]);
  });

  it("several at a time are told apart by payload; those before the one that is answered are answered too", async () => {
    const { me, socket, hears, read } = await connected({ autoPong: false }, over);
    const told: string[] = [];
    for (const name of ["one", "two", "three"]) void me.ping(name).then(() => told.push(name));
    await hears(3);
    socket.pong("other");
    socket.pong("two");
    await read();
    expect(told).toEqual(["one", "two"]);
    socket.pong("three");
    await read();
    expect(told).toEqual(["one", "two", "three"]);
  });

  it("is not confused by the heartbeat's own, nor ends its waiting wrongly", async () => {
    const { me, socket, hears, heard, read } = await connected(
      { autoPong: false },
      { ...over, heartbeat: { intervalMs: 100_000, timeoutMs: 100_000 } },
    );
    let isAnswered = false;
    void me.ping("mine").then(() => (isAnswered = true));
    await hears(1);
    expect(heard.at(-1)).toBe("mine");
    socket.pong();
    await read();
    expect([isAnswered, me.latencyMs]).toEqual([false, expect.any(Number)]);
    socket.pong("mine");
    await read();
    expect(isAnswered).toBe(true);
  });

  it.each<[string, unknown]>([
    ["126 bytes of UTF-8", "é".repeat(63)],
    ["126 bytes", new Uint8Array(126)],
    ["half a character", "\ud83d"],
    ["a number", 5],
  ])("rejects with INVALID_ARGUMENT for %s, and sends nothing", async (_name, payload) => {
    const { me, heard } = await connected({}, over);
    await expect(me.ping(payload as string)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await within("a pong", me.ping("good"));
    expect(heard).toEqual(["good"]);
  });

  it("rejects with NOT_SENT when it is not connected, with UNKNOWN when the connection ends before the pong", async () => {
    const { me, socket, hears } = await connected({ autoPong: false }, over);
    const pinging = me.ping().catch(({ code }) => code);
    await hears(1);
    const ended = new Promise<void>((resolve) => me.once("connection", () => resolve()));
    socket.terminate();
    expect(await within("the outcome", pinging)).toBe("UNKNOWN");
    await within("the end", ended);
    await expect(me.ping()).rejects.toMatchObject({ code: "NOT_SENT" });
    const never = new WebsocketClient({ url: "ws://127.0.0.1:1/" });
    await expect(never.ping()).rejects.toMatchObject({ code: "NOT_SENT" });
  });

  it("that nobody waits for does no harm, whatever becomes of it", async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown): void => void rejections.push(reason);
    process.on("unhandledRejection", note);
    onTestFinished(() => void process.off("unhandledRejection", note));
    const { me } = await connected({ autoPong: false }, over);
    void me.ping();
    me.dispose();
    void me.ping();
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(rejections).toEqual([]);
  });
});

describe("client.ping over another class", () => {
  it("is INVALID_STATE where the class of option webSocket has none", async () => {
    ScriptedWebSocket.forget();
    const me = new WebsocketClient({ url: "ws://server/", heartbeat: false, webSocket: ScriptedWebSocket as never });
    const connecting = me.connect();
    await expect.poll(() => ScriptedWebSocket.all.length).toBe(1);
    ScriptedWebSocket.last.open();
    await connecting;
    await expect(me.ping()).rejects.toMatchObject({ code: "INVALID_STATE", message: expect.stringContaining("webSocket") });
    me.dispose();
    ScriptedWebSocket.forget();
  });
});

describe("events ping and pong in Node", () => {
  it.each([
    ["ws", {}],
    ["our own engine", { compression: true }],
  ])("tell what came, with a payload of one's own, and the ping is answered all the same: over %s", async (_, over) => {
    const { me, socket, read } = await connected({}, over);
    const told: string[] = [];
    for (const event of ["ping", "pong"] as const) {
      me.on(event, ({ payload }) => {
        expect(payload.buffer.byteLength).toBe(payload.length);
        told.push(`${event} ${Buffer.from(payload)}`);
      });
    }
    const answered = new Promise<string>((resolve) => socket.once("pong", (payload) => resolve(String(payload))));
    socket.ping("hello");
    socket.pong("unasked");
    await read();
    expect([told, await within("a pong", answered)]).toEqual([["ping hello", "pong unasked"], "hello"]);
    expect(me.latencyMs).toBeUndefined();
  });

  it("are told of no socket that was let go of", () => {
    const told: string[] = [];
    const events = { listenerCount: () => 1, emit: (event: string) => told.push(event) };
    const pings = new SocketPings(
      () => {},
      () => true,
      events,
      () => told.push("measured"),
    );
    for (let round = 0; round < 2; round++) {
      pings.pinged(new Uint8Array(1));
      pings.ponged(new Uint8Array(1));
      pings.end();
    }
    expect(told).toEqual(["ping", "measured", "pong"]);
  });
});
