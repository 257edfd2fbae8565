import { WebsocketClient } from "@websockets-simple/client";
import { msgpack as forClients } from "@websockets-simple/client/msgpack";
import { type Packet, type StandardSchema, WebsocketServer } from "@websockets-simple/server";
import { msgpack } from "@websockets-simple/server/msgpack";
import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { within } from "../../testkit/raw-socket.ts";

interface ChatPacket extends Packet {
  user: string;
}

/** The same packet, as each library says it; each trims the user's name. */
const SCHEMAS: readonly (readonly [string, StandardSchema<ChatPacket>])[] = [
  ["zod", z.object({ data: z.string(), timestamp: z.date(), user: z.string().trim() })],
  ["valibot", v.object({ data: v.string(), timestamp: v.date(), user: v.pipe(v.string(), v.trim()) })],
  ["arktype", type({ data: "string", timestamp: "Date", user: "string.trim" })],
];

describe.each(SCHEMAS)("a schema of %s", (_, packet) => {
  it.each([
    ["JSON", {}, {}],
    ["MessagePack", { codec: forClients() }, { codec: msgpack() }],
  ])("gives client and server its packets by %s, and refuses others on both sides", async (_, ofClient, ofServer) => {
    const server = new WebsocketServer({ ...ofServer, host: "127.0.0.1", packet });
    onTestFinished(() => server.dispose());
    const { port } = await server.start();
    const client = new WebsocketClient({ ...ofClient, url: `ws://127.0.0.1:${port}`, packet });
    onTestFinished(() => client.dispose());
    const told: unknown[] = [];
    const hear = (side: string) => {
      return ({ type, packet }: { type: string; packet?: ChatPacket }) =>
        void (type === "received" && told.push([side, packet?.user, packet?.timestamp]));
    };
    const fail =
      (side: string) =>
      ({ error }: { error: Error & { code: string } }) =>
        void told.push([side, error.code, /user/.test(error.message)]);
    client.on("message", hear("client"));
    client.on("error", fail("client"));
    server.on("message", hear("server"));
    server.on("error", fail("server"));

    await within("a connection", client.connect());
    const timestamp = new Date(0);
    await client.send({ data: "x", user: " Ada ", timestamp });
    await expect.poll(() => told).toEqual([["server", "Ada", timestamp]]);
    await server.broadcast({ data: "x", user: " Bob ", timestamp });
    await expect.poll(() => told.slice(1)).toEqual([["client", "Bob", timestamp]]);
    await client.sendRaw('{"data":"x","user":5}');
    await expect.poll(() => told.slice(2)).toEqual([["server", "INVALID_PACKET", true]]);
    await server.broadcastRaw('{"data":"x"}');
    await expect.poll(() => told.slice(3)).toEqual([["client", "INVALID_PACKET", true]]);
  });
});
