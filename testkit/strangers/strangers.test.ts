import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  availableStrangerClients,
  availableStrangerServers,
  type StrangerClient,
  type StrangerClientKind,
  type StrangerServer,
  startStrangerClient,
  startStrangerServer,
} from "./strangers.ts";

const TEXT = 'grüß "𝄞" \\u0041 \u0001';

let client: StrangerClient | undefined;
afterEach(() => client?.stop());

describe.each(availableStrangerServers())("server %s", (serverKind) => {
  let server: StrangerServer;
  beforeAll(async () => {
    server = await startStrangerServer(serverKind);
  });
  afterAll(() => server?.stop());

  test.each(availableStrangerClients())("client %s opens, sends, is answered, pings and closes", async (clientKind) => {
    const [subprotocol] = server.subprotocols;
    client = startStrangerClient(clientKind, server.url, subprotocol === undefined ? {} : { subprotocol });
    expect(await client.next("open")).toEqual({ event: "open", subprotocol: subprotocol ?? null });

    client.do({ do: "text", data: TEXT });
    expect(await client.next("text")).toEqual({ event: "text", data: TEXT });
    client.do({ do: "ping" });
    await client.next("pong");

    client.do({ do: "close", code: 4000, reason: "enough" });
    await client.next("close");
  });
});

describe.runIf(availableStrangerServers().includes("python-websockets"))("an echo server that keeps what it gets", () => {
  let server: StrangerServer;
  beforeAll(async () => {
    server = await startStrangerServer("python-websockets");
  });
  afterAll(() => server?.stop());

  test.each(availableStrangerClients())("%s carries binary and the close code both ways", async (kind) => {
    client = startStrangerClient(kind, server.url, { subprotocol: "chat" });
    expect(await client.next("open")).toEqual({ event: "open", subprotocol: "chat" });
    client.do({ do: "binary", hex: "00ff807f" });
    expect(await client.next("binary")).toEqual({ event: "binary", hex: "00ff807f" });
    client.do({ do: "close", code: 4000, reason: "enough" });
    expect(await client.next("close")).toEqual({ event: "close", code: 4000, reason: "enough" });
  });

  test.each(availableStrangerClients())("%s sees a connection that is cut as 1006", async (kind) => {
    const own = await startStrangerServer("python-websockets");
    client = startStrangerClient(kind, own.url);
    expect(await client.next("open")).toEqual({ event: "open", subprotocol: null });
    await own.stop();
    expect((await client.next("close")).code).toBe(1006);
  });
});

describe("a server that refuses", () => {
  const server = createServer((_, response) => response.writeHead(401).end("who are you?"));
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each(availableStrangerClients())("%s reports the status", async (kind) => {
    client = startStrangerClient(kind, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const refusal = await client.next("refused");
    expect(refusal.status).toBe(401);
    expect([null, "who are you?"]).toContain(refusal.body);
  });

  const [anyKind] = availableStrangerClients();
  test.runIf(anyKind)("waiting for what never comes says what came instead", async () => {
    client = startStrangerClient(anyKind as StrangerClientKind, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await expect(client.next("open")).rejects.toThrow(/No "open" event: .*refused.*401/);
  });
});
