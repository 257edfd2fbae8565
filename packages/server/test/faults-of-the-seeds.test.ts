import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { serve, serveAuth, TestClient } from "./support/harness.ts";

// The faults of features.md, by number. 5 (TLS) is in tls.test.ts, 10 and 11 in slow-peers.test.ts, 13 in server.test.ts,
// 14 in heartbeat-server.test.ts.
describe("what went wrong in the seeds does not go wrong here", () => {
  test("1: text beyond ASCII arrives whole, at every length", async () => {
    const { url, messages, connections } = await serve();
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const texts = [
      "é",
      "żółw 🐢",
      "日本語",
      "é".repeat(62),
      "é".repeat(63),
      "é".repeat(32_767),
      "é".repeat(32_768),
      "🐢".repeat(20_000),
    ];
    for (const text of texts) {
      client.send(text);
      await connection.sendRaw(text);
    }
    expect((await messages.has(texts.length, ({ type }) => type === "received")).map(({ message }) => message)).toEqual(texts);
    expect(await client.hears(texts.length)).toEqual(texts);
  });

  test("2: an empty message, and one of any single byte, is a message and no disconnect", async () => {
    const { url, messages, connections } = await serve();
    const client = await TestClient.connect(url);
    client.send("");
    client.send(new Uint8Array(0));
    for (let byte = 0; byte < 256; byte++) client.send(Uint8Array.of(byte));
    for (let code = 0; code < 128; code++) client.send(String.fromCharCode(code));
    const events = await messages.has(2 + 256 + 128);
    expect(events.slice(2, 258).map(({ message }) => (message as Uint8Array)[0])).toEqual(
      Array.from({ length: 256 }, (_, byte) => byte),
    );
    expect(events.slice(258).map(({ message }) => message)).toEqual(
      Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)),
    );
    expect([events[0]?.message, events[1]?.message]).toEqual(["", new Uint8Array(0)]);
    expect(connections.all.map(({ type }) => type)).toEqual(["connecting", "connected"]);
  });

  test("3: a broadcast except the sender reaches everybody else and is one sent event", async () => {
    const { server, url, messages } = await serve();
    server.on(
      "message",
      ({ type, packet, connection }) => void (type === "received" && packet && server.broadcast(packet, { except: connection })),
    );
    const clients = await Promise.all(Array.from({ length: 4 }, () => TestClient.connect(url)));
    clients[0]?.send("from the first");
    for (const client of clients.slice(1)) expect(await client.hears(1)).toEqual(["from the first"]);
    clients[1]?.send("from the second");
    expect(await clients[0]?.hears(1)).toEqual(["from the second"]);
    const sent = await messages.has(2, ({ type }) => type === "sent");
    expect(sent.map(({ recipients }) => recipients)).toEqual([3, 3]);
    expect(clients[0]?.texts).toEqual(["from the second"]);
  });

  test("4: bytes that come with the handshake, and a handshake in many pieces, lose nothing", async () => {
    const { port, messages } = await serve();
    const bytes = Buffer.concat([Buffer.from(upgradeRequest()), frame(Opcode.text, "erste"), frame(Opcode.text, "zwölfte")]);
    for (const size of [bytes.length, 200, 17, 1]) {
      const peer = await RawSocket.connect(port);
      for (let start = 0; start < bytes.length; start += size) {
        await new Promise((resolve) => peer.socket.write(bytes.subarray(start, start + size), resolve));
      }
      expect((await peer.readHead()).status).toBe(101);
      const events = await messages.has(2);
      expect(events.map(({ message }) => message)).toEqual(["erste", "zwölfte"]);
      messages.all.length = 0;
      peer.destroy();
    }
  });

  test("6: a drop in the middle of a frame, of a message or of nothing is noticed", async () => {
    const { server, port, connections } = await serve();
    const cuts = [
      Buffer.alloc(0),
      frame(Opcode.text, "hello").subarray(0, 1),
      frame(Opcode.text, "hello").subarray(0, 8),
      frame(Opcode.text, "part", { fin: false }),
    ];
    for (const [index, cut] of cuts.entries()) {
      for (const end of ["destroy", "reset"] as const) {
        const peer = await RawSocket.open(port);
        peer.write(cut);
        peer[end]();
        const count = index * 2 + (end === "reset" ? 2 : 1);
        const events = await connections.has(count, ({ type }) => type === "disconnected");
        expect(events.at(-1)?.code).toBe(1006);
      }
    }
    expect([server.connections.size, server.stats().connections]).toEqual([0, 0]);
  });

  test("7: a blank message arrives, a blank packet is refused aloud, and no send claims what did not happen", async () => {
    const { url, messages, connections } = await serve();
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    client.send("   ");
    expect((await messages.one()).message).toBe("   ");
    await expect(connection.send(" ")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await connection.sendRaw("");
    await connection.sendRaw("  ");
    await client.messages.has(2);
    expect(client.messages.all).toEqual(["", "  "]);
    connection.terminate();
    await expect(connection.send("late")).rejects.toMatchObject({ code: "NOT_SENT" });
    await expect(connection.sendRaw("late")).rejects.toMatchObject({ code: "NOT_SENT" });
  });

  test("8: a channel's name is the same with and without a query", async () => {
    const { server, url, connections } = await serve();
    const clients = [
      await TestClient.connect(`${url}/room`),
      await TestClient.connect(`${url}/room?x=1`),
      await TestClient.connect(`${url}/room/?`),
    ];
    await connections.has(3, ({ type }) => type === "connected");
    expect([...server.connections.values()].map(({ channel }) => channel)).toEqual(["room", "room", "room"]);
    expect(await server.broadcast("hello room", { channel: "room" })).toBe(3);
    for (const client of clients) expect(await client.hears(1)).toEqual(["hello room"]);
  });

  test("9: a missing token or header is answered, never left hanging", async () => {
    const { port } = await serveAuth({}, { getId: () => null });
    for (const [headers, status] of [
      [{}, 401],
      [{ Authorization: "" }, 401],
      [{ "Sec-WebSocket-Key": undefined }, 400],
      [{ "Sec-WebSocket-Version": undefined }, 426],
      [{ Upgrade: undefined }, 426],
      [{ Host: undefined }, 400],
    ] as const) {
      const peer = await RawSocket.connect(port);
      peer.write(upgradeRequest("/", headers));
      expect((await peer.readAnswer()).status).toBe(status);
      peer.destroy();
    }
  });

  test("12: fragmented messages, more than 64 KiB and many reads arrive as one", async () => {
    const { port, messages } = await serve();
    const peer = await RawSocket.open(port);
    const text = "0123456789é".repeat(20_000);
    const bytes = Buffer.from(text);
    peer.write(frame(Opcode.text, text));
    for (let start = 0; start < bytes.length; start += 7_001) {
      const isLast = start + 7_001 >= bytes.length;
      peer.write(frame(start === 0 ? Opcode.text : Opcode.continuation, bytes.subarray(start, start + 7_001), { fin: isLast }));
    }
    const whole = frame(Opcode.text, text);
    for (let start = 0; start < whole.length; start += 10_007) {
      await new Promise((resolve) => peer.socket.write(whole.subarray(start, start + 10_007), resolve));
    }
    const events = await messages.has(3);
    expect(events.every(({ message }) => message === text)).toBe(true);
    peer.destroy();
  });
});
