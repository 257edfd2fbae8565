import type { Codec } from "@websockets-simple/shared";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ScriptedWebSocket } from "../../../testkit/scripted-websocket.ts";
import { msgpack } from "../../shared/src/msgpack.ts";
import { type Packet, WebsocketClient } from "../src/index.ts";
import { connected, pass } from "./scripted.ts";

const AT = new Date("2026-01-02T03:04:05.678Z");
const codec = msgpack();

beforeEach(() => {
  vi.useFakeTimers({ now: AT });
  ScriptedWebSocket.forget();
});
afterEach(() => void vi.useRealTimers());

describe("option codec", () => {
  it("sends packets as bytes, and takes bytes for packets", async () => {
    const { client, socket } = await connected({ codec });
    const told: unknown[] = [];
    client.on("message", ({ type, message, packet }) => told.push([type, message, packet]));
    await client.send("hello");
    await client.sendRaw("raw");
    expect(codec.decode(socket.sent[0] as Uint8Array)).toEqual({ data: "hello", timestamp: AT });
    expect(socket.sent[1]).toBe("raw");
    const packet = { data: "back", timestamp: new Date(0), room: 7 };
    socket.receive((codec.encode(packet) as Uint8Array).slice().buffer);
    expect(told).toEqual([
      ["sent", "hello", { data: "hello", timestamp: AT }],
      ["sent", "raw", { data: "raw", timestamp: AT }],
      ["received", "back", packet],
    ]);
    client.dispose();
  });

  it("hands out what it cannot read as it came, and texts as without it; the heartbeat stays text", async () => {
    const { client, socket, log } = await connected({ codec });
    const packets: unknown[] = [];
    client.on("message", (event) => packets.push("packet" in event));
    socket.receive(Uint8Array.of(0xc1, 2).buffer);
    socket.receive("Connected Successfully");
    socket.receive("ping");
    await client.sendRaw(Uint8Array.of(0xc1));
    await pass();
    expect(log).toEqual(["received 193,2", "received Connected Successfully", "sent 193"]);
    expect(packets).toEqual([false, true, false]);
    expect(socket.sent).toContain("pong");
    client.dispose();
  });

  it("gives bytes to a subclass that takes over decoding, and only then", async () => {
    const seen: unknown[] = [];
    class Watching extends WebsocketClient {
      protected override messageReceived(message: string | Uint8Array): Packet | undefined {
        seen.push(message);
        return super.messageReceived(message);
      }
    }
    for (const option of [codec, undefined]) {
      const client = new Watching({ url: "ws://a", webSocket: ScriptedWebSocket, codec: option });
      const connecting = client.connect();
      await pass();
      ScriptedWebSocket.last.open();
      await connecting;
      ScriptedWebSocket.last.receive(Uint8Array.of(0xc1).buffer);
      client.dispose();
    }
    expect(seen).toEqual([Uint8Array.of(0xc1)]);
  });

  it("of an application's own may be made of text, and may throw", async () => {
    const wild: Codec = {
      name: "reversed",
      encode: (packet) => [...JSON.stringify(packet)].reverse().join(""),
      decode: (message) => JSON.parse([...(message as string)].reverse().join("")),
    };
    const { client, socket } = await connected({ codec: wild });
    const told: unknown[] = [];
    client.on("message", ({ message, packet }) => told.push(packet?.data ?? message));
    await client.send("x");
    socket.receive(socket.sent[0] as string);
    socket.receive("none of its own");
    socket.receive(Uint8Array.of(1).buffer);
    expect(told).toEqual(["x", "x", "none of its own", Uint8Array.of(1)]);
    client.dispose();
  });

  it.each([
    ["a number", 5],
    ["msgpack, not called", msgpack],
    ["an empty object", {}],
  ])("%s is refused", (_, value) => {
    expect(() => new WebsocketClient({ url: "ws://a", codec: value as never })).toThrow(
      "option codec: expected a codec { name, encode, decode }; got ",
    );
  });
});
