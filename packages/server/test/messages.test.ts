import type { StandardSchema } from "@websockets-simple/shared";
import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket } from "../../../testkit/raw-socket.ts";
import {
  type Connection,
  ConnectionManager,
  type Packet,
  type PacketInput,
  WebsocketHandler,
  WebsocketServer,
} from "../src/index.ts";
import { serve, TestClient } from "./support/harness.ts";

describe("messages", () => {
  test("a packet arrives as packet and message; a text that is none becomes one; bytes have none", async () => {
    const { url, messages } = await serve();
    const client = await TestClient.connect(url);
    client.send('{"data":"hello","timestamp":"2026-01-02T03:04:05.678Z","room":7}');
    client.send('{"Data":"from .NET","Timestamp":"2026-01-02T03:04:05.1234567Z"}');
    client.send("plain é🐢");
    client.send(Uint8Array.of(1, 2, 3));
    const [packet, pascal, text, binary] = await messages.has(4);
    expect(packet).toMatchObject({
      type: "received",
      message: "hello",
      packet: { data: "hello", timestamp: new Date("2026-01-02T03:04:05.678Z"), room: 7 },
    });
    expect(pascal).toMatchObject({ message: "from .NET", packet: { data: "from .NET" } });
    expect(text).toMatchObject({ message: "plain é🐢", packet: { data: "plain é🐢", timestamp: expect.any(Date) } });
    expect(binary).toMatchObject({ message: Uint8Array.of(1, 2, 3) });
    expect(binary && "packet" in binary).toBe(false);
  });

  test("what was on its way when this side closes is told, until the peer answers", async () => {
    const { server, port, connections, messages } = await serve({ closeTimeoutMs: 5_000 });
    for (const close of [(connection: Connection) => connection.close(4000), () => server.stop()]) {
      const peer = await RawSocket.open(port);
      const { connection } = (
        await connections.has(1, ({ connection, type }) => type === "connected" && connection.isAlive)
      )[0] as {
        connection: Connection;
      };
      const closed = close(connection);
      expect((await peer.readFrame()).opcode).toBe(Opcode.close);
      const before = messages.all.length;
      peer.write(Buffer.concat([frame(Opcode.text, "on its way"), frame(Opcode.close), frame(Opcode.text, "too late")]));
      await closed;
      expect(messages.all.slice(before).map(({ message }) => message)).toEqual(["on its way"]);
      peer.destroy();
    }
  });

  test("what a peer sends whom this side has terminated is not told", async () => {
    const { port, connections, messages } = await serve();
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    peer.write(frame(Opcode.text, "first"));
    await messages.one();
    peer.write(frame(Opcode.text, "second"));
    connection.terminate();
    await connections.one(({ type }) => type === "disconnected");
    expect(messages.all).toHaveLength(1);
    peer.destroy();
  });

  test("swapped or missing arguments are INVALID_ARGUMENT that names the call", async () => {
    const server = new WebsocketServer();
    const wrong = { code: "INVALID_ARGUMENT", message: expect.stringContaining("connection)") };
    await expect(server.sendToConnection({} as never, "text" as never)).rejects.toMatchObject(wrong);
    await expect(server.sendToConnectionRaw("text", undefined as never)).rejects.toMatchObject(wrong);
    await expect(server.disconnectConnection(null as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("send makes a packet, sendRaw does not, and each tells one sent event", async () => {
    const { server, url, connections, messages } = await serve();
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    await connection.send("text");
    await server.sendToConnection({ data: "packet", timestamp: new Date(0) }, connection);
    await connection.sendRaw("raw é");
    await server.sendToConnectionRaw(Uint8Array.of(9), connection);
    await client.messages.has(4);
    const [text, packet, raw, bytes] = client.messages.all;
    expect(JSON.parse(text as string)).toEqual({ data: "text", timestamp: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect(packet).toBe('{"data":"packet","timestamp":"1970-01-01T00:00:00.000Z"}');
    expect([raw, bytes]).toEqual(["raw é", Buffer.of(9)]);
    expect(messages.all).toMatchObject([
      { type: "sent", message: "text", packet: { data: "text" }, connection: { id: connection.id }, recipients: 1 },
      { type: "sent", message: "packet", recipients: 1 },
      { type: "sent", message: "raw é", packet: { data: "raw é" }, recipients: 1 },
      { type: "sent", message: Uint8Array.of(9), recipients: 1 },
    ]);
    expect(messages.all.map((event) => "packet" in event)).toEqual([true, true, true, false]);
  });

  test("packetCasing pascal writes .NET's spelling", async () => {
    const { server, url, connections } = await serve<Packet & { roomName: string }>({ packetCasing: "pascal" });
    const client = await TestClient.connect(url);
    await connections.one(({ type }) => type === "connected");
    await server.broadcast({ data: "x", roomName: "y", timestamp: new Date(0) });
    await client.hears(1);
    expect(client.messages.all).toEqual(['{"Data":"x","RoomName":"y","Timestamp":"1970-01-01T00:00:00.000Z"}']);
  });

  test("a broadcast reaches all but the excepted one, once, and tells one event with the number", async () => {
    const { server, url, connections, messages } = await serve();
    const clients = [await TestClient.connect(url), await TestClient.connect(url), await TestClient.connect(url)];
    const [first] = await connections.has(3, ({ type }) => type === "connected");
    expect(await server.broadcast("to the others", { except: first?.connection })).toBe(2);
    expect(await server.broadcastRaw("to all")).toBe(3);
    expect(await clients[0]?.hears(1)).toEqual(["to all"]);
    expect(await clients[1]?.hears(2)).toEqual(["to the others", "to all"]);
    expect(await clients[2]?.hears(2)).toEqual(["to the others", "to all"]);
    expect(messages.all).toMatchObject([
      { type: "sent", message: "to the others", recipients: 2 },
      { type: "sent", message: "to all", recipients: 3 },
    ]);
    expect(messages.all.some((event) => event.connection)).toBe(false);
  });

  test("a broadcast to a channel reaches that channel", async () => {
    const { server, url, connections } = await serve();
    const here = await TestClient.connect(`${url}/room/1`);
    const there = await TestClient.connect(`${url}/room/2`);
    await connections.has(2, ({ type }) => type === "connected");
    expect(await server.broadcast("here", { channel: "room/1" })).toBe(1);
    await server.broadcast("everywhere");
    expect(await here.hears(2)).toEqual(["here", "everywhere"]);
    expect(await there.hears(1)).toEqual(["everywhere"]);
  });

  test("sending to a closed connection rejects NOT_SENT, and does no harm when nobody handles it", async () => {
    const { server, url, connections, messages } = await serve();
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    client.socket.close(1000);
    await connections.one(({ type }) => type === "disconnected");
    await expect(connection.send("late")).rejects.toMatchObject({
      code: "NOT_SENT",
      retryable: true,
      message: expect.stringContaining("closed"),
    });
    void connection.send("nobody waits");
    void server.broadcast({} as never);
    expect([await server.broadcast("nobody there"), messages.all.length]).toEqual([0, 1]);
  });

  test("what broke on the way rejects UNKNOWN", async () => {
    const { port, connections } = await serve({ sendQueue: { maxBytes: 67_108_864 } });
    const peer = await RawSocket.open(port);
    peer.socket.pause();
    const { connection } = await connections.one(({ type }) => type === "connected");
    const sending = connection.sendRaw(new Uint8Array(33_554_432));
    peer.reset();
    await expect(sending).rejects.toMatchObject({ code: "UNKNOWN", retryable: false });
  });

  test.each([
    ["a lone surrogate", "sendRaw", "\ud800"],
    ["a number", "sendRaw", 5],
    ["null", "sendRaw", null],
    ["a plain array", "sendRaw", [1, 2]],
    ["a blank text", "send", "  "],
    ["a packet without data", "send", {}],
    ["null as a packet", "send", null],
    ["an invalid timestamp", "send", { data: "x", timestamp: new Date(Number.NaN) }],
    [
      "a circular packet",
      "send",
      Object.assign(
        { data: "x" },
        {
          get self(): unknown {
            return this;
          },
        },
      ),
    ],
  ] as const)("%s is refused by %s with INVALID_ARGUMENT", async (_, method, value) => {
    const { url, connections } = await serve();
    await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    await expect(connection[method](value as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("a handler subclass decides what a text is: its packet, or no event", async () => {
    class Upper extends WebsocketHandler<Packet & { by: string }> {
      protected override messageReceived(message: string, connection: Connection): (Packet & { by: string }) | undefined {
        if (message === "secret") return undefined;
        return { data: message.toUpperCase(), timestamp: new Date(0), by: connection.id };
      }
    }
    const { url, messages, connections } = await serve<Packet & { by: string }>({ handler: new Upper() });
    const client = await TestClient.connect(url);
    client.send("secret");
    client.send("loud");
    const event = await messages.one();
    expect(event).toMatchObject({ message: "LOUD", packet: { data: "LOUD", by: connections.all[0]?.connection.id } });
  });

  test("a handler subclass may leave decoding to the default", async () => {
    class Same extends WebsocketHandler {
      protected override messageReceived(message: string, connection: Connection): Packet | undefined {
        return super.messageReceived(message, connection);
      }
    }
    const { url, messages } = await serve({ handler: new Same() });
    (await TestClient.connect(url)).send('{"data":"x"}');
    expect(await messages.one()).toMatchObject({ packet: { data: "x" } });
  });

  test("a custom connection manager sees who comes and goes", async () => {
    const seen: string[] = [];
    class Watching extends ConnectionManager<Connection> {
      override add(connection: Connection): void {
        seen.push(`+${connection.channel}`);
        super.add(connection);
      }
      override remove(connection: Connection): void {
        seen.push(`-${connection.channel}`);
        super.remove(connection);
      }
    }
    const manager = new Watching();
    const { server, url, connections } = await serve({ connectionManager: manager });
    const client = await TestClient.connect(`${url}/a`);
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect([manager.get(connection.id), server.connections]).toEqual([connection, manager.connections]);
    client.socket.close();
    await connections.one(({ type }) => type === "disconnected");
    expect([seen, server.connections.size]).toEqual([["+a", "-a"], 0]);
  });

  test("a schema gives packets their type; what it refuses is an error and no message", async () => {
    type Chat = Packet & { kind: "chat"; text: string };
    const schema: StandardSchema<Chat> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          (value as Chat).kind === "chat" ? { value: value as Chat } : { issues: [{ message: "expected chat", path: ["kind"] }] },
      },
    };
    const { url, messages, errors } = await serve<Chat>({ packet: schema });
    const client = await TestClient.connect(url);
    client.send('{"kind":"other"}');
    client.send('{"kind":"chat","text":"hi","data":""}');
    client.send("no packet at all");
    const [chat, raw] = await messages.has(2);
    expect(chat).toMatchObject({ packet: { kind: "chat", text: "hi" } });
    expect(raw).toMatchObject({ message: "no packet at all" });
    expect(raw && "packet" in raw).toBe(false);
    expect(errors.all).toMatchObject([
      {
        error: { code: "INVALID_PACKET", message: expect.stringMatching(/127\.0\.0\.1.*kind: expected chat/) },
        connection: { state: "open" },
      },
    ]);
    const input: PacketInput<Chat> = { kind: "chat", text: "yo", data: "" };
    await chat?.connection?.send(input);
    expect(JSON.parse((await client.messages.one()).toString())).toMatchObject({ kind: "chat", text: "yo", data: "" });
  });

  test("malformed JSON, deep JSON and names of object properties never throw, and pollute nothing", async () => {
    const { url, messages, errors } = await serve();
    const client = await TestClient.connect(url);
    const texts = [
      '{"data":',
      "[".repeat(100_000),
      '{"__proto__":{"polluted":1},"data":"x"}',
      '{"constructor":{"prototype":{"polluted":1}},"data":"y"}',
      "null",
      "[]",
      "0",
    ];
    for (const text of texts) client.send(text);
    const events = await messages.has(texts.length);
    expect(events.map(({ packet }) => typeof packet?.data)).toEqual(texts.map(() => "string"));
    expect([({} as { polluted?: number }).polluted, errors.all]).toEqual([undefined, []]);
  });

  test("bytes given to a listener stay as they are", async () => {
    const { port, messages } = await serve();
    const peer = await RawSocket.open(port);
    for (let round = 0; round < 100; round++) peer.write(frame(Opcode.binary, Buffer.alloc(64, round)));
    const events = await messages.has(100);
    expect(events.every(({ message }, round) => (message as Uint8Array).every((byte) => byte === round))).toBe(true);
  });
});
