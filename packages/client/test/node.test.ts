import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTcpServer, type Socket } from "node:net";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { retained } from "../../../testkit/retained.ts";
import { client, echoServer, listen, next } from "./support/node.ts";

describe("against a plain WebSocket server", () => {
  it("sends and receives text and bytes of every size, in order", async () => {
    const { port } = await echoServer();
    const me = client(port, { maxPayload: 2_000_000 });
    await me.connect();
    const messages = me[Symbol.asyncIterator]();
    const big = new Uint8Array(1_500_000).map((_, index) => index);
    for (const message of ["żółć 👩‍🚀", "", "x".repeat(70_000), new Uint8Array(0), big]) {
      await me.sendRaw(message);
      const echo = (await messages.next()).value?.message ?? "nothing";
      // Bytes are compared as bytes: to walk 1.5 million elements takes the test runner seconds.
      expect(typeof echo).toBe(typeof message);
      expect(Buffer.from(echo as string).equals(Buffer.from(message as string))).toBe(true);
    }
  });

  it("hands over bytes that are the listener's own for ever", async () => {
    const { port } = await echoServer();
    const me = client(port);
    await me.connect();
    const messages = me[Symbol.asyncIterator]();
    for (const byte of [1, 2, 3]) await me.sendRaw(new Uint8Array(50).fill(byte));
    const kept = [(await messages.next()).value, (await messages.next()).value, (await messages.next()).value];
    for (let n = 0; n < 20; n++) {
      await me.sendRaw(new Uint8Array(50).fill(9));
      await messages.next();
    }
    expect(kept.map((event) => new Set(event?.message as Uint8Array))).toEqual([new Set([1]), new Set([2]), new Set([3])]);
  });

  it("does not lose what comes with the handshake", async () => {
    const server = createServer();
    server.on("upgrade", async (request, socket) => {
      const accept = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
      socket.write(Buffer.concat([Buffer.from(head), Buffer.from([0x81, 2]), Buffer.from("hi")]));
    });
    const me = client(await listen(server));
    const first = next<{ message: unknown }>((listener) => me.on("message", listener));
    await me.connect();
    expect(await first).toMatchObject({ message: "hi" });
  });

  it("tells nobody of messages before whoever awaited connect() could listen", async () => {
    const { wss, port } = await echoServer();
    wss.on("connection", (socket) => {
      for (let n = 0; n < 5; n++) socket.send(String(n));
    });
    for (let round = 0; round < 20; round++) {
      const me = client(port);
      await (async () => me.connect())();
      const seen: unknown[] = [];
      for await (const { message } of me) if (seen.push(message) === 5) break;
      expect(seen).toEqual(["0", "1", "2", "3", "4"]);
    }
  });

  it("sees the server's close code and reason", async () => {
    const { wss, port } = await echoServer();
    wss.on("connection", (socket) => socket.close(4403, "not you"));
    const me = client(port);
    const end = next<{ type: string }>(
      (listener) => me.on("connection", listener),
      ({ type }) => type === "disconnected",
    );
    await me.connect();
    expect(await end).toMatchObject({ code: 4403, reason: "not you" });
  });

  it("waits closeTimeoutMs for a server that closes and keeps the line; what is sent meanwhile waits too", async () => {
    const sockets: Socket[] = [];
    const server = createServer();
    server.on("upgrade", (request, socket) => {
      sockets.push(socket as Socket);
      const accept = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      if (sockets.length === 1) socket.write(Buffer.of(0x88, 2, 0x03, 0xe9));
    });
    const me = client(await listen(server), { reconnect: { baseDelayMs: 1 }, closeTimeoutMs: 100 });
    await me.connect();
    const again = next<{ type: string }>(
      (listener) => me.on("connection", listener),
      ({ type }) => type === "connected",
    );
    await new Promise((resolve) => sockets[0]?.once("data", resolve));
    await me.sendRaw("x");
    await again;
    expect(sockets).toHaveLength(2);
  });

  it("is told 1000 by a client that is disposed of", async () => {
    const { wss, port } = await echoServer();
    const closed = new Promise((resolve) => wss.on("connection", (socket) => socket.on("close", (code) => resolve(code))));
    const me = client(port);
    await me.connect();
    me.dispose();
    expect(await closed).toBe(1000);
  });

  it("lets the server see its own", async () => {
    const { wss, port } = await echoServer();
    const closed = new Promise((resolve) =>
      wss.on("connection", (socket) => socket.on("close", (code, reason) => resolve([code, String(reason)]))),
    );
    const me = client(port);
    await me.connect();
    await me.disconnect(4321, "żegnaj");
    expect(await closed).toEqual([4321, "żegnaj"]);
  });

  it("takes a message in many fragments, and refuses one in more than its bound", async () => {
    const { wss, port } = await echoServer();
    const inFragments = (count: number): void => {
      for (const socket of wss.clients) {
        for (let n = 1; n <= count; n++) socket.send("x", { fin: n === count });
      }
    };
    const me = client(port);
    await me.connect();
    const messages = me[Symbol.asyncIterator]();
    inFragments(1_024);
    expect((await messages.next()).value?.message).toBe("x".repeat(1_024));
    const failed = next<{ error: { code: string } }>((listener) => me.on("error", listener));
    inFragments(1_025);
    expect((await failed).error.code).toBe("CONNECTION_LOST");
  });

  it("refuses a message beyond maxPayload and says so", async () => {
    const { port } = await echoServer();
    const me = client(port, { maxPayload: 1_000 });
    await me.connect();
    const error = next<{ error: Error }>((listener) => me.on("error", listener));
    await me.sendRaw("x".repeat(1_001));
    expect((await error).error.message).toMatch(
      /^ws:\/\/\S+ closed with 1009: a message of more than 1000 bytes \(option maxPayload\)$/,
    );
  });

  it("says what 1009 means", async () => {
    const { wss, port } = await echoServer();
    wss.on("connection", (socket) => socket.close(1009));
    const me = client(port);
    const error = next<{ error: Error }>((listener) => me.on("error", listener));
    await me.connect();
    expect((await error).error.message).toMatch(/ closed with 1009: a message is too large for it$/);
  });

  it("retains of fragments little more than their payload, whatever frames come between", async () => {
    const { wss, port } = await echoServer();
    const peer = new Promise<WebSocket>((resolve) => wss.on("connection", resolve));
    const me = client(port);
    await me.connect();
    const server = await peer;
    const messages = me[Symbol.asyncIterator]();
    const pongs = Buffer.alloc(64_000);
    for (let at = 0; at < pongs.length; at += 127) pongs.set([0x8a, 125], at);
    const before = retained();
    for (let count = 0; count < 200; count++) {
      server.send("x", { fin: false });
      const { _socket: stream } = server as unknown as { _socket: { write(bytes: Uint8Array, done: () => void): void } };
      await new Promise<void>((resolve) => stream.write(pongs.subarray(0, 63_500), resolve));
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(retained() - before).toBeLessThan(2_000_000);
    server.send("y");
    expect((await messages.next()).value?.message).toBe(`${"x".repeat(200)}y`);
  });

  it("rejects what was under way when the connection broke as UNKNOWN, and sends nothing twice", async () => {
    const { wss, port } = await echoServer();
    wss.on("connection", (socket) => socket.pause());
    const me = client(port, { maxBufferedBytes: 1e9 });
    await me.connect();
    const sends = Array.from({ length: 40 }, () => me.sendRaw(new Uint8Array(1_000_000)));
    const outcomes = Promise.allSettled(sends);
    await sends[0];
    for (const socket of wss.clients) socket.terminate();
    const codes = new Set((await outcomes).map((outcome) => (outcome.status === "fulfilled" ? "sent" : outcome.reason.code)));
    expect(codes).toContain("UNKNOWN");
    expect([...codes].every((code) => ["sent", "UNKNOWN", "NOT_SENT"].includes(code))).toBe(true);
  });

  it.each(["dispose", "reset"] as const)("calls no message sent that %s cut off", async (how) => {
    const { wss, port } = await echoServer();
    const peer = new Promise<WebSocket>((resolve) => wss.on("connection", resolve));
    const me = client(port, { maxBufferedBytes: 1e9, outbox: false });
    const sent: unknown[] = [];
    me.on("message", ({ type }) => sent.push(type));
    await me.connect();
    const socket = await peer;
    socket.pause();
    // More than the kernels of both sides take in: none of it can be whole.
    const outcomes = Promise.allSettled(Array.from({ length: 2 }, () => me.sendRaw(new Uint8Array(40_000_000))));
    if (how === "dispose") me.dispose();
    else (socket as unknown as { _socket: Socket })._socket.resetAndDestroy();
    const codes = (await outcomes).map((outcome) => (outcome.status === "fulfilled" ? "sent" : outcome.reason.code));
    expect(codes).toEqual(["UNKNOWN", "UNKNOWN"]);
    expect(sent).toEqual([]);
  });

  it("calls a message sent that the kernel took at once, though the client is disposed of in the same turn", async () => {
    const { port } = await echoServer();
    const me = client(port);
    await me.connect();
    const sending = me.sendRaw("x");
    me.dispose();
    await sending;
  });

  it("does not take a long message on a slow line for silence", async () => {
    const { wss, port } = await echoServer({ autoPong: false });
    const peer = new Promise<WebSocket>((resolve) => wss.on("connection", resolve));
    const me = client(port, { heartbeat: { intervalMs: 100, timeoutMs: 300 } });
    const lost = vi.fn();
    me.on("error", lost);
    await me.connect();
    const messages = me[Symbol.asyncIterator]();
    const socket = await peer;
    const stream = (socket as unknown as { _socket: Socket })._socket;
    stream.write(Buffer.from([0x82, 60]));
    // No pong, and no whole message, for far longer than the heartbeat waits.
    let bytes = 0;
    const timer = setInterval(() => {
      stream.write(Buffer.from([bytes]));
      if (++bytes === 60) clearInterval(timer);
    }, 20);
    onTestFinished(() => clearInterval(timer));
    expect((await messages.next()).value?.message).toHaveLength(60);
    expect(lost).not.toHaveBeenCalled();
  });

  it("finds a frozen server dead by RFC pings, and measures a live one", async () => {
    const { wss, port } = await echoServer({ autoPong: false });
    const me = client(port, { heartbeat: { intervalMs: 100, timeoutMs: 100 } });
    wss.once("connection", (socket) => socket.once("ping", () => socket.pong()));
    const lost = next<{ error: { code: string; message: string } }>((listener) => me.on("error", listener));
    await me.connect();
    expect((await lost).error).toMatchObject({
      code: "CONNECTION_LOST",
      message: expect.stringContaining("heartbeat.timeoutMs"),
    });
  });

  it("comes back to a server that died and was started again on its port", async () => {
    const dying = createServer();
    const first = await echoServer({}, dying);
    const me = client(first.port, { reconnect: { baseDelayMs: 20, maxDelayMs: 50 } });
    await me.connect();
    const types: string[] = [];
    me.on("connection", ({ type }) => types.push(type));
    const away = next<{ type: string }>(
      (listener) => me.on("connection", listener),
      ({ type }) => type === "reconnecting",
    );
    dying.close();
    for (const socket of first.wss.clients) socket.terminate();
    await away;
    const waiting = me.sendRaw("kept while away");
    const again = createServer();
    const { promise, resolve } = deferred();
    new WebSocketServer({ server: again }).on("connection", (socket) => socket.on("message", (data) => resolve(String(data))));
    await listen(again, first.port);
    await waiting;
    expect(await promise).toBe("kept while away");
    expect(types.at(-1)).toBe("connected");
  });

  it("leaves compression alone", async () => {
    const { wss, port } = await echoServer({ perMessageDeflate: true });
    const extensions = new Promise((resolve) =>
      wss.on("connection", (_socket, request) => resolve(request.headers["sec-websocket-extensions"])),
    );
    await client(port).connect();
    expect(await extensions).toBeUndefined();
  });
});

describe("a refused handshake", () => {
  const refuse = async (status: number, body = "", headers: Record<string, string> = {}) => {
    const server = createServer().on("upgrade", (_request, socket) => {
      const lines = Object.entries({ "Content-Length": String(Buffer.byteLength(body)), ...headers }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.end(`HTTP/1.1 ${status} X\r\n${lines.join("")}\r\n${body}`);
    });
    return listen(server);
  };

  it.each([
    [401, "UNAUTHORIZED"],
    [400, "REFUSED"],
    [403, "REFUSED"],
    [404, "REFUSED"],
    [426, "REFUSED"],
    [302, "REFUSED"],
    [503, "CONNECT_FAILED"],
    [429, "CONNECT_FAILED"],
  ])("with %i is %s, with status and the server's own words", async (status, code) => {
    const port = await refuse(status, "the reason\nwhy");
    const error = await client(port)
      .connect()
      .catch((error) => error);
    expect(error).toMatchObject({ code, status });
    expect(error.message).toContain("the reason why");
  });

  it("is final for 4xx, and worth another try for 5xx, after Retry-After", async () => {
    const final = client(await refuse(404), { reconnect: true });
    await expect(final.connect()).rejects.toMatchObject({ code: "REFUSED" });
    const busy = client(await refuse(503, "", { "Retry-After": "7" }), { reconnect: true });
    const away = next<{ type: string; retryInMs?: number }>(
      (listener) => busy.on("connection", listener),
      ({ type }) => type === "reconnecting",
    );
    busy.connect().catch(() => {});
    expect((await away).retryInMs).toBe(7_000);
  });

  it("with an endless body does not fill memory", async () => {
    const server = createServer().on("upgrade", (_request, socket) => {
      socket.on("error", () => {});
      socket.write("HTTP/1.1 403 X\r\n\r\n");
      const flood = (): void => {
        while (!socket.destroyed && socket.write("x".repeat(65_536)));
        if (!socket.destroyed) socket.once("drain", flood);
      };
      flood();
    });
    const error = await client(await listen(server))
      .connect()
      .catch((error) => error);
    expect(error.code).toBe("REFUSED");
    expect(error.message.length).toBeLessThan(5_000);
  });

  it("with a body that never ends is told all the same, with its status", async () => {
    const server = createServer().on("upgrade", (_request, socket) => {
      socket.on("error", () => {});
      socket.write("HTTP/1.1 401 X\r\nContent-Length: 100\r\n\r\nno such");
    });
    await expect(client(await listen(server)).connect()).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      status: 401,
      message: expect.stringContaining("no such"),
    });
  });

  it.each(["", "5\r\nno su", "zzz\r\n"])("keeps its status when the connection breaks in the body (%j)", async (body) => {
    const server = createServer().on("upgrade", (_request, socket) => {
      socket.on("error", () => {});
      socket.write(`HTTP/1.1 401 X\r\nTransfer-Encoding: chunked\r\n\r\n${body}`, () => (socket as Socket).resetAndDestroy());
    });
    await expect(client(await listen(server)).connect()).rejects.toMatchObject({ code: "UNAUTHORIZED", status: 401 });
  });

  it("shows no part of a token that stands where its body is cut", async () => {
    const token = "s3cret-and-long-enough";
    for (let shown = 1; shown < token.length; shown++) {
      const part = token.slice(0, shown);
      const server = createServer().on("upgrade", (_request, socket) => {
        socket.on("error", () => {});
        // Cut by the client's bound, and by a server that falls silent.
        if (shown % 5) socket.end(`HTTP/1.1 401 X\r\n\r\n${"x".repeat(4096 - shown)}${token} and more`);
        else socket.write(`HTTP/1.1 401 X\r\nContent-Length: 100\r\n\r\nxx${part}`, () => socket.destroy());
      });
      const error = await client(await listen(server), {}, token)
        .connect()
        .catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "UNAUTHORIZED", status: 401 });
      expect(error.message).not.toContain(`x${part}`);
    }
  });

  it.each(["header", "subprotocol", "path", "query"] as const)(
    "never shows the token of the %s that it repeats",
    async (tokenIn) => {
      const token = "top/secret=1";
      const server = createServer().on("upgrade", (request, socket) => {
        socket.end(`HTTP/1.1 404 X\r\n\r\n${request.url} ${JSON.stringify(request.headers)} ${token}`);
      });
      const error = await client(await listen(server), { tokenIn }, token)
        .connect()
        .catch((thrown) => thrown);
      expect(error.message).toContain("[token]");
      expect(inspect(error)).not.toMatch(/top\/secret|top%2Fsecret|dG9wL3NlY3JldD0x/);
    },
  );

  it("of TLS by a server without it says so", async () => {
    const { port } = await echoServer();
    await expect(client(port, { url: `wss://127.0.0.1:${port}` }).connect()).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("does not speak TLS on this port; use ws://"),
    });
  });

  it("by nobody, or by something else than a WebSocket server, says what to look at", async () => {
    const gone = createTcpServer();
    const port = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    await expect(client(port).connect()).rejects.toThrow(/ECONNREFUSED.*: is the server running\?/);
    const web = createServer((_request, response) => response.end("hi"));
    await expect(client(await listen(web)).connect()).rejects.toThrow("answered HTTP 200, so no WebSocket server is there: hi");
  });

  it("by a page of HTML, or at length, is told in a sentence", async () => {
    const page = createServer((_request, response) => {
      response.writeHead(404, { "Content-Type": "text/html; charset=utf-8" }).end("<h1>Not found</h1>");
    });
    const error = await client(await listen(page))
      .connect()
      .catch((thrown) => thrown);
    expect(error.message).toMatch(/answered HTTP 404$/);
    const chatter = createServer((_request, response) => response.writeHead(404).end("x".repeat(301)));
    const other = await client(await listen(chatter))
      .connect()
      .catch((thrown) => thrown);
    expect(other.message).toMatch(/answered HTTP 404: x{300} …$/);
  });

  it("for the subprotocol is said clearly", async () => {
    const { port } = await echoServer({ handleProtocols: () => false });
    const error = await client(port, { subprotocols: ["v2"] })
      .connect()
      .catch((error) => error);
    expect(error).toMatchObject({ code: "REFUSED", message: expect.stringContaining("v2") });
  });

  it("never shows the token", async () => {
    for (const tokenIn of ["path", "query", "header", "subprotocol", "message"] as const) {
      for (const port of [await refuse(401, "no"), 1]) {
        const error = await client(port, { tokenIn }, "c4nary")
          .connect()
          .catch((error) => error);
        expect(error.code).toMatch(/UNAUTHORIZED|CONNECT_FAILED/);
        expect(inspect(error, { depth: 3 })).not.toMatch(/c4nary|YzRuYXJ5/);
      }
    }
  });
});

describe("a broken network", () => {
  it("fails clearly when nobody listens", async () => {
    await expect(client(1).connect()).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("fails clearly when the other side is no web server", async () => {
    const port = await listen(createTcpServer((socket) => socket.end("SSH-2.0-x\r\n")));
    await expect(client(port).connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  });

  it("gives up on a server that says nothing", async () => {
    const port = await listen(createTcpServer(() => {}));
    await expect(client(port, { connectTimeoutMs: 100 }).connect()).rejects.toMatchObject({
      message: expect.stringContaining("100 ms (option connectTimeoutMs)"),
    });
  });
});

function deferred() {
  let resolve: (value: unknown) => void = () => {};
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
