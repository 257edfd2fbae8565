import { WebsocketClient } from "@websockets-simple/client";
import { WebsocketServer, WebsocketServerAuth } from "@websockets-simple/server";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  availableStrangerClients,
  availableStrangerServers,
  type StrangerClientKind,
  startStrangerClient,
  startStrangerServer,
} from "../../testkit/strangers/strangers.ts";
import { nextConnection, started } from "../started.ts";

const TEXT = 'grüß "𝄞" żółć';

function stranger(kind: StrangerClientKind, url: string, subprotocol?: string) {
  const client = startStrangerClient(kind, url, subprotocol === undefined ? {} : { subprotocol });
  onTestFinished(() => client.stop());
  return client;
}

describe.each(availableStrangerClients())("our server and %s", (kind) => {
  it("exchange texts, packets and bytes, and close with code and reason", async () => {
    const { server, url } = await started(
      new WebsocketServer({ host: "127.0.0.1", connectionSuccessString: "welcome", availableSubprotocols: ["chat"] }),
    );
    const received: unknown[] = [];
    const connected = nextConnection(server);
    const disconnected = new Promise((resolve) => {
      server.on("connection", ({ type, code, reason }) => type === "disconnected" && resolve([code, reason]));
    });
    server.on(
      "message",
      ({ type, message, packet }) =>
        type === "received" && received.push(packet?.data ?? Buffer.from(message as Uint8Array).toString("hex")),
    );

    const client = stranger(kind, url, "chat");
    expect(await client.next("open")).toEqual({ event: "open", subprotocol: "chat" });
    expect(await client.next("text")).toEqual({ event: "text", data: "welcome" });
    const connection = await connected;
    client.do({ do: "text", data: TEXT });
    client.do({ do: "text", data: JSON.stringify({ Data: "a packet", Timestamp: "2026-01-02T03:04:05.1234567Z" }) });
    client.do({ do: "binary", hex: "00ff807f" });
    await expect.poll(() => received).toEqual([TEXT, "a packet", "00ff807f"]);

    await connection.send(TEXT);
    expect(JSON.parse((await client.next("text")).data)).toMatchObject({ data: TEXT });
    await connection.sendRaw(new Uint8Array([1, 255]));
    expect(await client.next("binary")).toEqual({ event: "binary", hex: "01ff" });
    client.do({ do: "ping" });
    await client.next("pong");
    client.do({ do: "close", code: 4000, reason: "enough" });
    expect(await disconnected).toEqual([4000, "enough"]);
  });

  it("agree on being severed with a reason", async () => {
    const { server, url } = await started(new WebsocketServer({ host: "127.0.0.1", pingIntervalMs: 300 }));
    const client = stranger(kind, url);
    await client.next("open");
    expect(await client.next("text")).toEqual({ event: "text", data: "ping" });
    expect(await client.next("close")).toMatchObject({ code: 4408, reason: expect.stringContaining("pong") });
    await expect.poll(() => server.connections.size).toBe(0);
  });

  it("agree on tokens in the path: 401, or 4401 for who sends an Origin, without a known one", async () => {
    const { server, url } = await started(
      new WebsocketServerAuth<number>(
        { host: "127.0.0.1", connectionUnauthorizedString: "who are you?" },
        { getId: (token) => (token === "s3cret" ? 7 : null) },
      ),
    );
    const refused = stranger(kind, `${url}wrong`);
    if (kind === "python-websocket-client") {
      // It sends an Origin as browsers do, so it is told as browsers are.
      expect(await refused.next("text")).toMatchObject({ data: "who are you?" });
      expect(await refused.next("close")).toMatchObject({ code: 4401 });
    } else {
      const { status, body } = await refused.next("refused");
      expect(status).toBe(401);
      expect([null, "who are you?"]).toContain(body);
    }
    await stranger(kind, `${url}s3cret`).next("open");
    await expect.poll(() => [...server.identities.keys()]).toEqual([7]);
  });
});

describe.each(availableStrangerServers())("our client and %s", (kind) => {
  it("exchange what it can carry, and close", async () => {
    const server = await startStrangerServer(kind);
    onTestFinished(() => server.stop());
    const client = new WebsocketClient({ url: server.url, subprotocols: server.subprotocols.slice(0, 1), reconnect: false });
    onTestFinished(() => client.dispose());
    await client.connect();
    expect(client.subprotocol).toBe(server.subprotocols[0] ?? "");
    const messages = client[Symbol.asyncIterator]();
    await client.sendRaw(TEXT);
    expect((await messages.next()).value?.message).toBe(TEXT);
    await client.send(TEXT);
    expect((await messages.next()).value?.packet).toMatchObject({ data: TEXT });
    await client.disconnect(4000, "enough");
    expect(client.state).toBe("disconnected");
  });

  it("notice it when the server dies", async () => {
    const server = await startStrangerServer(kind);
    onTestFinished(() => server.stop());
    const client = new WebsocketClient({ url: server.url, subprotocols: server.subprotocols.slice(0, 1) });
    onTestFinished(() => client.dispose());
    await client.connect();
    const away = new Promise<void>((resolve) => {
      client.on("connection", ({ type }) => type === "reconnecting" && resolve());
    });
    await server.stop();
    await away;
    expect(["reconnecting", "connecting"]).toContain(client.state);
  });
});
