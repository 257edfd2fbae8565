import type { Codec } from "@websockets-simple/shared";
import { describe, expect, test } from "vitest";
import { msgpack } from "../../shared/src/msgpack.ts";
import { type Connection, type Packet, type StandardSchema, WebsocketHandler, WebsocketServer } from "../src/index.ts";
import { serve, TestClient } from "./support/harness.ts";

const codec = msgpack();
const AT = new Date("2026-01-02T03:04:05.678Z");

describe("option codec", () => {
  test("packets go out as bytes and come in as packets, of one and of a broadcast", async () => {
    const { server, url, connections, messages } = await serve<Packet & { room?: number }>({
      codec,
      connectionSuccessString: "Connected Successfully",
    });
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    client.send(codec.encode({ data: "hello", timestamp: AT, room: 7 }));
    const event = await messages.one(({ type }) => type === "received");
    expect(event).toMatchObject({ message: "hello", packet: { data: "hello", timestamp: AT, room: 7 } });
    await connection.send({ data: "to one", timestamp: AT });
    await server.broadcast("to all");
    const [greeting, one, all] = await client.messages.has(3);
    expect(greeting).toBe("Connected Successfully");
    expect(codec.decode(one as Uint8Array)).toEqual({ data: "to one", timestamp: AT });
    expect(codec.decode(all as Uint8Array)).toEqual({ data: "to all", timestamp: expect.any(Date) });
    expect(messages.all.filter(({ type }) => type === "sent").map(({ message }) => message)).toEqual(["to one", "to all"]);
  });

  test("what it cannot read is told as it came, texts as without it; raw messages are told as their receiver reads them", async () => {
    const { url, connections, messages, errors } = await serve({ codec });
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    client.send(Uint8Array.of(0xc1, 1));
    client.send("plain");
    client.send('{"data":"json"}');
    client.send("PONG");
    await messages.has(3);
    await connection.sendRaw(Uint8Array.of(0xc1));
    await connection.sendRaw(codec.encode({ data: "as a packet" }));
    const told = await messages.has(5);
    expect(told.map(({ message, packet }) => [message, packet?.data])).toEqual([
      [Uint8Array.of(0xc1, 1), undefined],
      ["plain", "plain"],
      ["json", "json"],
      [Uint8Array.of(0xc1), undefined],
      ["as a packet", "as a packet"],
    ]);
    expect(told.map((event) => "packet" in event)).toEqual([false, true, true, false, true]);
    expect(errors.all).toEqual([]);
  });

  test("the schema checks what it has read, and packetCasing spells what it writes", async () => {
    const packet: StandardSchema<Packet & { user: string }> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => {
          const { user } = value as { user?: unknown };
          return typeof user === "string"
            ? { value: { ...(value as Packet), user: user.toUpperCase() } }
            : { issues: [{ message: "expected a string", path: ["user"] }] };
        },
      },
    };
    const { server, url, messages, errors } = await serve<Packet & { user: string }>({ codec, packet, packetCasing: "pascal" });
    const client = await TestClient.connect(url);
    client.send(codec.encode({ Data: "x", User: "ada" }));
    expect(await messages.one()).toMatchObject({ message: "x", packet: { user: "ADA" } });
    client.send(codec.encode({ Data: "x", User: 5 }));
    expect((await errors.one()).error).toMatchObject({
      code: "INVALID_PACKET",
      message: expect.stringContaining("user: expected"),
    });
    await server.broadcast({ data: "y", user: "bob", timestamp: AT });
    expect(codec.decode((await client.messages.one()) as Uint8Array)).toEqual({ Data: "y", User: "bob", Timestamp: AT });
    expect(messages.all.filter(({ type }) => type === "received")).toHaveLength(1);
  });

  test("a handler subclass takes bytes over as well", async () => {
    class Counting extends WebsocketHandler<Packet & { bytes: number }> {
      protected override messageReceived(message: string | Uint8Array, connection: Connection<Packet & { bytes: number }>) {
        const packet = super.messageReceived(message, connection);
        return packet && { ...packet, bytes: message.length };
      }
    }
    const { url, messages } = await serve<Packet & { bytes: number }>({ codec, handler: new Counting() });
    const client = await TestClient.connect(url);
    const bytes = codec.encode({ data: "x", timestamp: AT });
    client.send(Uint8Array.of(0xc1));
    client.send(bytes);
    expect(await messages.one()).toMatchObject({ packet: { data: "x", bytes: bytes.length } });
    expect(messages.all).toHaveLength(1);
  });

  test("one of an application's own that throws, or makes no message, harms nobody", async () => {
    const wild: Codec = {
      name: "wild",
      encode: (packet) => ((packet as Packet).data === "number" ? (5 as never) : thrown("encode")),
      decode: () => thrown("decode"),
    };
    const { server, url, connections, messages, errors } = await serve({ codec: wild });
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    for (const text of ["number", "throws"]) {
      await expect(connection.send(text)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      await expect(server.broadcast(text)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    client.send("text");
    client.send(Uint8Array.of(1));
    expect((await messages.has(2)).map(({ message }) => message)).toEqual(["text", Uint8Array.of(1)]);
    expect(errors.all.filter(({ error }) => error.code !== "INVALID_ARGUMENT")).toEqual([]);
  });

  test.each([
    ["a number", 5],
    ["its name", "msgpack"],
    ["msgpack, not called", msgpack],
    ["half of one", { name: "half", encode: () => "" }],
  ])("%s is refused", (_, value) => {
    expect(() => new WebsocketServer({ codec: value as never })).toThrow(
      /^option codec: expected a codec \{ name, encode, decode \}, such as msgpack\(\); got /,
    );
  });
});

function thrown(what: string): never {
  throw new Error(what);
}
