import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { WebsocketServer } from "../src/index.ts";
import { serve, TestClient, turns, until } from "./support/harness.ts";

describe("the life of a server", () => {
  test("start resolves with the port it was given by the system, and clients connect there", async () => {
    const { server, port, url, connections, states } = await serve({ connectionSuccessString: "Connected Successfully" });
    expect(port).toBeGreaterThan(0);
    expect(server.address).toMatchObject({ host: "127.0.0.1", port });
    const client = await TestClient.connect(url);
    expect(await client.hears(1)).toEqual(["Connected Successfully"]);
    expect(client.messages.all).toEqual(["Connected Successfully"]);
    expect((await connections.has(2)).map(({ type }) => type)).toEqual(["connecting", "connected"]);
    expect(states.all).toEqual([{ type: "started" }]);
  });

  test("without a host it listens on all interfaces", async () => {
    const { server, port } = await serve({ host: undefined as never });
    expect(["::", "0.0.0.0"]).toContain(server.address?.host);
    await TestClient.connect(`ws://127.0.0.1:${port}`);
    await TestClient.connect(`ws://localhost:${port}`);
  });

  test("a port in use rejects with LISTEN_FAILED that says what to do, and start works once it is free", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const server = new WebsocketServer({ port, host: "127.0.0.1" });
    await expect(server.start()).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      retryable: true,
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE.*; stop the other process`)),
    });
    await new Promise((resolve) => other.close(resolve));
    expect(await server.start()).toMatchObject({ port });
    await server.dispose();
  });

  test("a host that is not of this machine rejects with LISTEN_FAILED", async () => {
    const server = new WebsocketServer({ host: "192.0.2.1" });
    await expect(server.start()).rejects.toMatchObject({ code: "LISTEN_FAILED", message: expect.stringContaining("192.0.2.1") });
  });

  test("start while started and start after dispose reject with INVALID_STATE", async () => {
    const { server } = await serve();
    await expect(server.start()).rejects.toMatchObject({ code: "INVALID_STATE", message: expect.stringContaining("started") });
    await server.dispose();
    await expect(server.start()).rejects.toMatchObject({ code: "INVALID_STATE", message: expect.stringContaining("disposed") });
  });

  test("stop leaves no client connected, no socket and no timer behind, and start works again", async () => {
    // What tests before this one left behind ends by itself.
    while (Object.keys(activeResources()).length > 0) await new Promise((resolve) => setImmediate(resolve));
    const { server, url, port, connections, states } = await serve({ pingIntervalMs: 60_000, rateLimit: true });
    const client = await TestClient.connect(url);
    const idle = await RawSocket.connect(port);
    const halfway = await RawSocket.connect(port);
    halfway.write("GET / HTTP/1.1\r\n");
    await connections.one(({ type }) => type === "connected");
    await server.stop();
    expect(await client.closed).toEqual({ code: 1001, reason: "the server stops" });
    await Promise.all([idle.whenOver(), halfway.whenOver()]);
    expect(connections.all.at(-1)).toMatchObject({ type: "disconnected", code: 1001 });
    expect([server.connections.size, server.address, server.stats().connections]).toEqual([0, undefined, 0]);
    expect(states.all.map(({ type }) => type)).toEqual(["started", "stopped"]);
    await turns();
    expect(activeResources()).toEqual({});
    await expect(TestClient.connect(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });

    const again = await server.start();
    await TestClient.connect(`ws://127.0.0.1:${again.port}`);
    await connections.has(2, ({ type }) => type === "connected");
  });

  test("stop does not wait longer than closeTimeoutMs for a peer who does not answer", async () => {
    const { server, port, connections } = await serve({ closeTimeoutMs: 30 });
    const silent = await RawSocket.open(port);
    await connections.one(({ type }) => type === "connected");
    await server.stop();
    const close = await silent.readFrame();
    expect([close.opcode, close.code]).toEqual([Opcode.close, 1001]);
    await silent.whenOver();
  });

  test("stop closes those who are not connected yet without waiting for those who are", async () => {
    const { server, port } = await serve<never, undefined>({
      closeTimeoutMs: 60_000,
      createState: (request) => (request.channel === "pending" ? new Promise<undefined>(() => {}) : undefined),
    });
    const connected = await RawSocket.open(port);
    const pending = await RawSocket.connect(port);
    pending.write(upgradeRequest("/pending"));
    const silent = await RawSocket.connect(port);
    await until("pending", () => server.stats().pendingHandshakes === 1);
    let isStopped = false;
    const stopping = server.stop().then(() => (isStopped = true));
    await Promise.all([pending.whenOver(), silent.whenOver()]);
    expect([isStopped, server.stats().pendingHandshakes]).toEqual([false, 0]);
    connected.destroy();
    await stopping;
  });

  test("stop during start, stop twice, and stop when stopped all resolve", async () => {
    const server = new WebsocketServer({ host: "127.0.0.1" });
    await server.stop();
    const starting = server.start();
    await Promise.all([starting, server.stop(), server.stop()]);
    expect(server.address).toBeUndefined();
    await server.dispose();
  });

  test("dispose removes listeners; await using disposes", async () => {
    let disposed: WebsocketServer;
    {
      await using server = new WebsocketServer({ host: "127.0.0.1" });
      server.on("message", () => {});
      await server.start();
      disposed = server;
    }
    expect([disposed.listenerCount("message"), disposed.address]).toEqual([0, undefined]);
  });

  test("stats counts connections, messages, bytes and refusals", async () => {
    const { server, url, port, messages } = await serve({ path: "/chat" });
    const client = await TestClient.connect(`${url}/chat`);
    client.send("zwölf");
    await messages.one();
    await server.broadcastRaw("é");
    await client.hears(1);
    const lost = await RawSocket.connect(port);
    lost.write(upgradeRequest("/elsewhere"));
    await lost.readAnswer();
    expect(server.stats()).toEqual({
      engine: "own",
      connections: 1,
      pendingHandshakes: 0,
      accepted: 1,
      messagesReceived: 1,
      bytesReceived: 6,
      messagesSent: 1,
      bytesSent: 2,
      refusals: { 404: 1 },
      severed: {},
    });
  });

  test("a connection that breaks without a word is told as disconnected 1006 and forgotten", async () => {
    const { server, port, connections, errors } = await serve();
    const peer = await RawSocket.open(port);
    await connections.one(({ type }) => type === "connected");
    peer.reset();
    const { code, reason } = await connections.one(({ type }) => type === "disconnected");
    expect([code, reason]).toEqual([1006, expect.stringContaining("ECONNRESET")]);
    expect([server.connections.size, errors.all]).toEqual([0, []]);
  });
});

/** Sockets, servers and timers of this process, by kind; the test runner's own are there before and after. */
function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|TLS/.test(name)))
    counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
