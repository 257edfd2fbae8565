import { TOKEN_SUBPROTOCOL } from "@websockets-simple/shared";
import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import type { UpgradeRequest } from "../src/index.ts";
import { serve, TestClient, turns, until } from "./support/harness.ts";

describe("what a connection tells of its request", () => {
  test("address, path, channel, query, headers, cookies, origin, host, id, start and state", async () => {
    const { server, port, connections } = await serve({ path: "/chat" });
    const peer = await RawSocket.open(port, "/chat/room/caf%C3%A9?a=1&a=2&b=x%20y", {
      Host: "example.com:8080",
      Origin: "https://example.com",
      Cookie: 'session="abc"; theme=dark',
      "X-Twice: 1\r\nx-twice": "2",
    });
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect(connection).toMatchObject({
      id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/),
      state: "open",
      isAlive: true,
      remoteAddress: "127.0.0.1",
      remotePort: (peer.socket.address() as { port: number }).port,
      path: "/chat/room/café",
      channel: "room/café",
      host: "example.com:8080",
      origin: "https://example.com",
      subprotocol: undefined,
      secure: false,
      data: undefined,
    });
    expect([...connection.query]).toEqual([
      ["a", "1"],
      ["a", "2"],
      ["b", "x y"],
    ]);
    expect([...connection.cookies]).toEqual([
      ["session", "abc"],
      ["theme", "dark"],
    ]);
    expect(connection.headers["x-twice"]).toBe("1, 2");
    expect(Object.isFrozen(connection.headers)).toBe(true);
    expect(Math.abs(connection.startedAt.getTime() - Date.now())).toBeLessThan(60_000);
    expect(server.connections.get(connection.id)).toBe(connection);
    peer.destroy();
    await connections.one(({ type }) => type === "disconnected");
    expect(connection).toMatchObject({ state: "closed", isAlive: false, remoteAddress: "127.0.0.1" });
  });

  test.each([
    ["/", "/", ""],
    ["/room", "/", "room"],
    ["/room/", "/", "room"],
    ["/room?x=1", "/", "room"],
    ["/room/42?room=7#x", "/", "room/42"],
    ["/chat", "/chat", ""],
    ["/chat/?x", "/chat", ""],
    ["/chat/room?x=/y", "/chat/", "room"],
    ["http://example.com/chat/room", "/chat", "room"],
  ])("the channel of %s below %s never has the query in it", async (target, path, channel) => {
    const { port, connections } = await serve({ path });
    const peer = await RawSocket.open(port, target);
    expect((await connections.one(({ type }) => type === "connected")).connection.channel).toBe(channel);
    peer.destroy();
  });
});

describe("subprotocols", () => {
  test("the first of the client's that is available is chosen", async () => {
    const { url, connections } = await serve({ availableSubprotocols: ["a", "b"] });
    const client = await TestClient.connect(url, { protocols: ["x", "b", "a"] });
    expect(client.socket.protocol).toBe("b");
    expect((await connections.one()).connection.subprotocol).toBe("b");
  });

  test("none in common is HTTP 400 that names what is available", async () => {
    const { port } = await serve({ availableSubprotocols: ["a", "b"] });
    const peer = await RawSocket.connect(port);
    peer.write(upgradeRequest("/", { "Sec-WebSocket-Protocol": "x, y" }));
    expect(await peer.readAnswer()).toMatchObject({
      status: 400,
      body: "None of the offered subprotocols is available. Available: a, b.",
    });
    peer.destroy();
  });

  test("offering one where there is none is HTTP 400; offering none is fine", async () => {
    const without = await serve();
    await expect(TestClient.connect(without.url, { protocols: ["x"] })).rejects.toMatchObject({ status: 400 });
    const withSome = await serve({ availableSubprotocols: ["a"] });
    expect((await TestClient.connect(withSome.url)).socket.protocol).toBe("");
  });

  test("the name that announces a token is answered where nothing else is agreed upon, and is not the application's", async () => {
    const { url, connections } = await serve();
    const client = await TestClient.connect(url, { protocols: [TOKEN_SUBPROTOCOL, `${TOKEN_SUBPROTOCOL}.dG9rZW4`] });
    expect(client.socket.protocol).toBe(TOKEN_SUBPROTOCOL);
    expect((await connections.one()).connection.subprotocol).toBeUndefined();
  });
});

describe("createState", () => {
  test("makes connection.data of the request before connected, sync or async", async () => {
    for (const createState of [
      (request: UpgradeRequest) => ({ name: request.query.get("name") }),
      async (request: UpgradeRequest) => ({ name: request.query.get("name") }),
    ]) {
      const { server, url } = await serve<never, { name: string | null }>({ createState });
      let atConnected: unknown;
      server.on("connection", ({ type, connection }) => {
        if (type === "connected") atConnected = connection.data.name;
      });
      await TestClient.connect(`${url}/?name=ada`);
      await until("connected", () => atConnected !== undefined);
      expect(atConnected).toBe("ada");
    }
  });

  test.each([
    [
      "throws",
      (): never => {
        throw new Error("no state");
      },
      /option createState failed: no state/,
    ],
    ["rejects", (): Promise<never> => Promise.reject(new Error("no state")), /option createState failed: no state/],
    ["never answers", (): Promise<never> => new Promise(() => {}), /no answer within limits\.headersTimeoutMs 50/],
  ])("is HTTP 500 and an error event when it %s, and the next client is served", async (_, fail, message) => {
    let isFirst = true;
    const { server, port, url, errors, connections } = await serve<never, unknown>({
      limits: { headersTimeoutMs: 50, checkIntervalMs: 10 },
      createState: () => {
        if (!isFirst) return "fine";
        isFirst = false;
        return fail();
      },
    });
    const peer = await RawSocket.connect(port);
    peer.write(upgradeRequest());
    expect((await peer.readAnswer()).status).toBe(500);
    expect(errors.all).toMatchObject([{ error: { code: "LISTENER_FAILED", message: expect.stringMatching(message) } }]);
    expect([server.stats().pendingHandshakes, connections.all]).toEqual([0, []]);
    peer.destroy();
    await TestClient.connect(url);
  });

  test.each(["reset", "destroy"] as const)("a client who leaves (%s) while it runs leaves nothing behind", async (leave) => {
    let finish = (): void => {};
    const { server, port, connections, errors } = await serve<never, undefined>({
      createState: () => new Promise<undefined>((resolve) => (finish = () => resolve(undefined))),
    });
    const peer = await RawSocket.connect(port);
    peer.write(upgradeRequest());
    await until("pending", () => server.stats().pendingHandshakes === 1);
    peer[leave]();
    await turns();
    finish();
    await until("forgotten", () => server.stats().pendingHandshakes === 0);
    expect([connections.all, errors.all, server.stats().accepted, server.stats().refusals]).toEqual([[], [], 0, {}]);
  });

  test("a client who leaves while it runs is forgotten at once, whatever lies behind its request", async () => {
    let finish = (): void => {};
    const { server, port, connections } = await serve<never, undefined>({
      createState: () => new Promise<undefined>((resolve) => (finish = () => resolve(undefined))),
    });
    const peer = await RawSocket.connect(port);
    peer.write(Buffer.concat([Buffer.from(upgradeRequest()), frame(Opcode.text, "hello")]));
    await until("pending", () => server.stats().pendingHandshakes === 1);
    peer.write(frame(Opcode.text, "and goodbye"));
    peer.socket.end();
    await peer.whenOver();
    finish();
    await until("forgotten", () => server.stats().pendingHandshakes === 0);
    expect([connections.all, server.stats().accepted]).toEqual([[], 0]);
  });

  test.each([
    ["bytes", Array<Buffer>(3).fill(Buffer.alloc(6_000))],
    ["pieces", Array<Buffer>(300).fill(Buffer.alloc(1))],
  ])("too many %s behind a request, while it runs, are 400", async (_, pieces) => {
    let finish = (): void => {};
    const { server, port, connections } = await serve<never, undefined>({
      createState: () => new Promise<undefined>((resolve) => (finish = () => resolve(undefined))),
    });
    const peer = await RawSocket.connect(port);
    peer.write(upgradeRequest());
    await until("pending", () => server.stats().pendingHandshakes === 1);
    for (const piece of pieces) {
      peer.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await peer.readAnswer()).toMatchObject({
      status: 400,
      body: "Too much followed the request before its answer (RFC 6455 section 4.1).",
    });
    finish();
    await until("forgotten", () => server.stats().pendingHandshakes === 0);
    expect([connections.all, server.stats().refusals]).toEqual([[], { 400: 1 }]);
    peer.destroy();
  });

  test("bytes that come while it runs are the first of the connection", async () => {
    let finish = (): void => {};
    const { server, port, messages } = await serve<never, undefined>({
      createState: () => new Promise<undefined>((resolve) => (finish = () => resolve(undefined))),
    });
    const peer = await RawSocket.connect(port);
    peer.write(Buffer.concat([Buffer.from(upgradeRequest()), frame(Opcode.text, "with the handshake")]));
    await until("pending", () => server.stats().pendingHandshakes === 1);
    peer.write(frame(Opcode.text, "while waiting"));
    await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect((await messages.has(2)).map(({ message }) => message)).toEqual(["with the handshake", "while waiting"]);
    peer.destroy();
  });
});

describe("closing a connection", () => {
  test("the other side sees code and reason, the promise resolves when it is over, the event tells the same", async () => {
    const { server, url, connections } = await serve();
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const closing = server.disconnectConnection(connection, 4000, "why é");
    expect(connection.state).toBe("closing");
    await closing;
    expect([connection.state, await client.closed]).toEqual(["closed", { code: 4000, reason: "why é" }]);
    expect(connections.all.at(-1)).toMatchObject({ type: "disconnected", code: 4000, reason: "why é" });
    await connection.close();
  });

  test("a close by the client tells its code and reason", async () => {
    const { url, connections } = await serve();
    const client = await TestClient.connect(url);
    client.socket.close(4001, "done é");
    expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({ code: 4001, reason: "done é" });
  });

  test.each([
    [999, ""],
    [1001, ""],
    [1006, ""],
    [5000, ""],
    [1000.5, ""],
    [4000, "é".repeat(62)],
    [4000, 7],
  ])("code %j, reason %j is refused", async (code, reason) => {
    const { url, connections } = await serve();
    await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    await expect(connection.close(code, reason as string)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(connection.state).toBe("open");
  });

  test("a peer who does not answer is destroyed after closeTimeoutMs; terminate does not wait at all", async () => {
    const { port, connections } = await serve({ closeTimeoutMs: 30 });
    const silent = await RawSocket.open(port);
    const [first] = await connections.has(1, ({ type }) => type === "connected");
    await first?.connection.close(4000, "bye");
    await silent.whenOver();

    const other = await RawSocket.open(port);
    const [, second] = await connections.has(2, ({ type }) => type === "connected");
    second?.connection.terminate();
    await other.whenOver();
    expect((await connections.has(2, ({ type }) => type === "disconnected"))[1]).toMatchObject({ code: 1006 });
  });

  test("a connection closed by a listener of connecting is never connected", async () => {
    const { server, port, connections } = await serve({ connectionSuccessString: "hi" });
    server.on("connection", ({ type, connection }) => void (type === "connecting" && connection.close(4003, "not now")));
    const peer = await RawSocket.open(port);
    expect((await peer.readFrame()).code).toBe(4003);
    peer.destroy();
    await connections.one(({ type }) => type === "disconnected");
    expect(connections.all.map(({ type }) => type)).toEqual(["connecting", "disconnected"]);
    expect(server.connections.size).toBe(0);
  });
});
