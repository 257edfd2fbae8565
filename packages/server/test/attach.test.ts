import { once } from "node:events";
import { createServer, type ServerOptions as HttpOptions, type IncomingMessage, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { frame, Opcode, RawSocket, upgradeRequest, within } from "../../../testkit/raw-socket.ts";
import {
  type AttachOptions,
  type OwnHttpServer,
  type ServerOptions,
  WebsocketServer,
  WebsocketServerAuth,
} from "../src/index.ts";
import { TestClient, until } from "./support/harness.ts";

/** An HTTP server of a user's, which listens. */
async function http<S extends OwnHttpServer = Server>(made?: S, place: string | number = 0): Promise<{ http: S; port: number }> {
  const server = (made ?? createServer((_, response) => response.end("a page"))) as S;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(typeof place === "string" ? { path: place } : { port: place, host: "127.0.0.1" });
  await once(server, "listening");
  return { http: server, port: (server.address() as AddressInfo).port };
}

/** A server attached to it, which says where a connection is. */
async function attached(server: OwnHttpServer, options: ServerOptions = {}, place?: AttachOptions): Promise<WebsocketServer> {
  const websockets = new WebsocketServer({ closeTimeoutMs: 100, ...options });
  onTestFinished(() => websockets.dispose());
  websockets.on("connection", ({ type, connection }) => {
    if (type === "connected") void connection.sendRaw(`${connection.path} ${connection.channel}`);
  });
  websockets.on("message", ({ type, message, connection }) => {
    if (type === "received") void connection.sendRaw(message);
  });
  websockets.attach(server, place);
  await websockets.start();
  return websockets;
}

/** What an upgrade request is answered with; undefined: nothing, as long as nobody answers. */
async function statusOf(port: number, target: string, headers: Record<string, string | undefined> = {}): Promise<number> {
  const raw = await RawSocket.connect(port);
  onTestFinished(() => raw.destroy());
  raw.write(upgradeRequest(target, headers));
  return (await raw.readHead()).status;
}

describe.each(["own", "ws"] as const)("attached to an HTTP server, with engine %s", (engine) => {
  test("pages and WebSockets share its port, and the channel is what follows the path", async () => {
    const { http: server, port } = await http();
    await attached(server, { engine, path: "/chat" });
    const client = await TestClient.connect(`ws://127.0.0.1:${port}/chat/room`);
    client.send("hello");
    expect(await client.hears(2)).toEqual(["/chat/room room", "hello"]);
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect([page.status, await page.text()]).toEqual([200, "a page"]);
  });

  test("what comes behind the upgrade request in one piece is not lost", async () => {
    const { http: server, port } = await http();
    await attached(server, { engine });
    const raw = await RawSocket.connect(port);
    raw.write(Buffer.concat([Buffer.from(upgradeRequest()), frame(Opcode.text, "first"), frame(Opcode.text, "second")]));
    expect((await raw.readHead()).status).toBe(101);
    await raw.readFrame();
    const echoes = [await raw.readFrame(), await raw.readFrame()];
    expect(echoes.map(({ payload }) => payload.toString())).toEqual(["first", "second"]);
    raw.destroy();
  });

  test("an upgrade that does not wait for a page gets neither: the page would come among its frames", async () => {
    let finish = (): void => {};
    const { http: server, port } = await http(
      createServer((_, response) => {
        response.write("half ");
        finish = () => response.end("whole");
      }),
    );
    const websockets = await attached(server, { engine });
    const raw = await RawSocket.connect(port);
    onTestFinished(() => raw.destroy());
    raw.write(`GET / HTTP/1.1\r\nHost: x\r\n\r\n${upgradeRequest()}`);
    expect(await raw.readToEnd()).not.toContain("101");
    expect(websockets.connections.size).toBe(0);
    finish();
  });

  test("an upgrade on a connection that has had its page is taken", async () => {
    const { http: server, port } = await http(createServer((_, response) => response.writeHead(204).end()));
    const websockets = await attached(server, { engine });
    const before = server.listenerCount("request");
    websockets.attach(server)();
    websockets.attach(server);
    expect(server.listenerCount("request")).toBe(before);
    const raw = await RawSocket.connect(port);
    onTestFinished(() => raw.destroy());
    for (let count = 0; count < 3; count++) {
      raw.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      expect((await raw.readHead()).status).toBe(204);
    }
    raw.write(upgradeRequest());
    expect((await raw.readHead()).status).toBe(101);
  });

  test("an HTTPS server's certificate and a client's are seen", async () => {
    const { localhost, ca, client } = makeCertificates();
    const tls = { key: localhost.key, cert: localhost.cert, ca, requestCert: true };
    const { http: server, port } = await http(createHttpsServer(tls));
    const websockets = await attached(server, { engine });
    await TestClient.connect(`wss://localhost:${port}/`, { ca, key: client.key, cert: client.cert });
    const [connection] = [...websockets.connections.values()];
    expect([connection?.secure, connection?.clientCertificate?.isTrusted]).toEqual([true, true]);
    expect(connection?.clientCertificate?.x509.subject).toContain("Ada");
  });

  test("its time-outs do not end a WebSocket", async () => {
    const timeouts: HttpOptions = {
      headersTimeout: 400,
      requestTimeout: 400,
      keepAliveTimeout: 400,
      connectionsCheckingInterval: 20,
    };
    const made = createServer(timeouts, (_, response) => response.end("a page"));
    made.timeout = 400;
    const { http: server, port } = await http(made);
    await attached(server, { engine });
    // By a connection that has had its page, and is kept.
    const raw = await RawSocket.connect(port);
    raw.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    expect((await raw.readHead()).headers.connection).toBe("keep-alive");
    raw.write(upgradeRequest());
    await raw.readHeadText();
    // A connection that says nothing is what these time-outs end: twice as long.
    const silent = await RawSocket.connect(port);
    await silent.whenOver();
    const later = await RawSocket.connect(port);
    await later.whenOver();
    raw.write(frame(Opcode.text, "still here"));
    let text = "";
    while (text !== "still here") text = (await raw.readFrame()).payload.toString();
    raw.destroy();
  });
});

describe("whose an upgrade is", () => {
  test("where nobody else listens, what is at another path is refused with 404", async () => {
    const { http: server, port } = await http();
    const websockets = await attached(server, { path: "/chat" });
    expect(await statusOf(port, "/other")).toBe(404);
    expect(await statusOf(port, "/chat%zz")).toBe(400);
    expect(await statusOf(port, "/chat/%zz")).toBe(400);
    expect(websockets.stats().refusals).toEqual({ 404: 1, 400: 2 });
  });

  test("where others listen too, they get what is not at its path, untouched", async () => {
    const { http: server, port } = await http();
    const theirs: [string, Duplex][] = [];
    server.on("upgrade", (request, stream) => void theirs.push([request.url ?? "", stream]));
    const websockets = await attached(server, { path: "/chat" });
    const targets = ["/hmr", "/chatter", "/%zz", "/"];
    for (const target of targets) {
      const raw = await RawSocket.connect(port);
      onTestFinished(() => raw.destroy());
      raw.write(upgradeRequest(target));
      await until(target, () => theirs.at(-1)?.[0] === target);
      const [, stream] = theirs.at(-1) as [string, Duplex];
      expect([stream.destroyed, stream.listenerCount("data"), stream.writableEnded]).toEqual([false, 0, false]);
      stream.end("HTTP/1.1 418 \r\n\r\n");
      expect((await raw.readHead()).status).toBe(418);
    }
    await TestClient.connect(`ws://127.0.0.1:${port}/chat/room`);
    expect([websockets.connections.size, websockets.stats().refusals]).toEqual([1, {}]);
  });

  test('where others listen too, a server at "/" takes that path alone', async () => {
    const { http: server, port } = await http();
    server.on("upgrade", (request, stream) => !request.url?.startsWith("/?") && void stream.end("HTTP/1.1 418 \r\n\r\n"));
    await attached(server);
    expect([await statusOf(port, "/hmr"), await statusOf(port, "/?a=b")]).toEqual([418, 101]);
  });

  test("two of ours cannot have the same path there: attach() says so, and what was there before stays", async () => {
    const { http: server, port } = await http();
    await attached(server, { path: "/chat" });
    const other = await attached(server, { path: "/news" });
    expect(() => other.attach(server, { path: "/chat/" })).toThrow(
      expect.objectContaining({ code: "INVALID_STATE", message: expect.stringContaining('at "/chat"') }),
    );
    expect([await statusOf(port, "/chat"), await statusOf(port, "/news")]).toEqual([101, 101]);
    other.attach(server, { path: "/news" });
    expect([server.listenerCount("upgrade"), await statusOf(port, "/news")]).toEqual([2, 101]);
  });

  test("of several of ours the one with the longest path takes it, in whatever order they came, and one refuses the rest", async () => {
    const { http: server, port } = await http();
    const made = await Promise.all(["/a", "/a/b", "/c"].map((path) => attached(server, { path })));
    const places = ["/a/x", "/a/b", "/a/b/c", "/c/a", "/d"];
    const statuses: number[] = [];
    for (const target of places) statuses.push(await statusOf(port, target));
    expect(statuses).toEqual([101, 101, 101, 101, 404]);
    expect(made.map(({ connections }) => connections.size)).toEqual([1, 2, 1]);
    expect(made.map((one) => one.stats().refusals)).toEqual([{ 404: 1 }, {}, {}]);
  });

  test("option path of attach() holds there, and that of the server elsewhere", async () => {
    const { http: server, port } = await http();
    const websockets = await attached(server, { path: "/chat", host: "127.0.0.1" }, { path: "/api/live" });
    const [own, other] = websockets.addresses;
    expect(other?.port).toBe(port);
    const clients = [`ws://127.0.0.1:${port}/api/live/x`, `ws://127.0.0.1:${own?.port}/chat/y`];
    const texts = await Promise.all(clients.map(async (url) => (await TestClient.connect(url)).hears(1)));
    expect(texts).toEqual([["/api/live/x x"], ["/chat/y y"]]);
    expect([await statusOf(port, "/chat"), await statusOf(own?.port ?? 0, "/api/live")]).toEqual([404, 404]);
  });

  test("an upgrade to something else is refused, and so is one to another version", async () => {
    const { http: server, port } = await http();
    await attached(server);
    expect(await statusOf(port, "/", { Upgrade: "h2c" })).toBe(426);
    expect(await statusOf(port, "/", { "Sec-WebSocket-Version": "8" })).toBe(426);
  });
});

describe("what a server checks, it checks of an attached one's requests", () => {
  test.each<[string, ServerOptions, Record<string, string>, number]>([
    ["origins", { origins: ["https://a.test"] }, { Origin: "https://b.test" }, 403],
    ["hosts", { hosts: ["a.test"] }, { Host: "b.test" }, 421],
    ["verifyRequest", { verifyRequest: () => ({ status: 418, reason: "No." }) }, {}, 418],
    ["limits.maxHeaders", { limits: { maxHeaders: 8 } }, Object.fromEntries([..."abcd"].map((name) => [name, "1"])), 431],
    ["limits.maxHeaderBytes", { limits: { maxHeaderBytes: 1_000 } }, { A: "x".repeat(1_000) }, 431],
  ])("%s", async (_, options, headers, status) => {
    const { http: server, port } = await http();
    const websockets = await attached(server, options);
    expect(await statusOf(port, "/", headers)).toBe(status);
    expect(websockets.stats().refusals).toEqual({ [status]: 1 });
  });

  test("limits.maxUrlBytes", async () => {
    const { http: server, port } = await http();
    await attached(server, { limits: { maxUrlBytes: 20 } });
    expect([await statusOf(port, `/${"x".repeat(20)}`), await statusOf(port, `/${"x".repeat(19)}`)]).toEqual([414, 101]);
  });

  test("limits.maxConnections and limits.maxConnectionsPerAddress, of which plain requests take none", async () => {
    for (const [limits, status] of [
      [{ maxConnections: 2 }, 503],
      [{ maxConnectionsPerAddress: 2 }, 429],
    ] as const) {
      const { http: server, port } = await http();
      const websockets = await attached(server, { limits });
      const pages = await Promise.all([RawSocket.connect(port), RawSocket.connect(port)]);
      const first = await TestClient.connect(`ws://127.0.0.1:${port}`);
      await TestClient.connect(`ws://127.0.0.1:${port}`);
      expect(await statusOf(port, "/")).toBe(status);
      first.socket.terminate();
      await until("one has left", () => websockets.connections.size === 1);
      await within(
        "room",
        (async () => {
          while ((await statusOf(port, "/")) !== 101);
        })(),
      );
      for (const page of pages) page.destroy();
    }
  });

  test("a flood beyond limits.maxConnections is closed without a word", async () => {
    const { http: server, port } = await http();
    const websockets = await attached(server, { limits: { maxConnections: 1 } });
    const flood = await Promise.all(Array.from({ length: 60 }, () => RawSocket.connect(port, { allowHalfOpen: true })));
    for (const raw of flood) raw.write(upgradeRequest());
    const heads = await Promise.all(flood.slice(1).map((raw) => raw.readToEnd()));
    expect(new Set(heads.map((text) => text.slice(0, 12)))).toEqual(new Set(["HTTP/1.1 503", ""]));
    expect(websockets.connections.size).toBe(1);
    for (const raw of flood) raw.destroy();
  });

  test("users by token", async () => {
    const { http: server, port } = await http();
    const auth = new WebsocketServerAuth({ path: "/chat" }, { getId: (token) => (token === "good" ? 7 : null) });
    onTestFinished(() => auth.dispose());
    auth.attach(server);
    await auth.start();
    expect([await statusOf(port, "/chat/good"), await statusOf(port, "/chat/bad"), await statusOf(port, "/good")]).toEqual([
      101, 401, 404,
    ]);
    expect([...auth.identities.keys()]).toEqual([7]);
  });

  test("trustProxy, at a socket of the file system too", async () => {
    const socketPath = join(tmpdir(), `websockets-simple-attach-${process.pid}.sock`);
    const { http: server } = await http(undefined, socketPath);
    const websockets = await attached(server, { trustProxy: ["unix"] });
    expect(websockets.address).toEqual({ host: "", port: 0, family: "unix", socketPath });
    await TestClient.connect(`ws+unix://${socketPath}:/`, { headers: { "X-Forwarded-For": "203.0.113.7" } });
    expect([...websockets.connections.values()].map(({ remoteAddress }) => remoteAddress)).toEqual(["203.0.113.7"]);
  });
});

describe("the life of an attached server", () => {
  test("start() opens no port, and tells the HTTP server's address, also when that listens only later", async () => {
    const made = createServer();
    const websockets = new WebsocketServer();
    onTestFinished(() => websockets.dispose());
    websockets.attach(made);
    expect(await websockets.start()).toEqual({ host: "", port: 0, family: "" });
    const { port } = await http(made);
    expect(websockets.addresses).toEqual([{ host: "127.0.0.1", port, family: "IPv4" }]);
    expect(websockets.address).toEqual(websockets.addresses[0]);
    await websockets.stop();
    expect([await websockets.start(), websockets.address]).toEqual([made.address(), made.address()].map(asTold));
    await TestClient.connect(`ws://127.0.0.1:${port}`);
  });

  test("stop() says 1001, leaves the HTTP server alone and its sockets to nobody; start() and attach() take up again", async () => {
    const { http: server, port } = await http();
    const websockets = await attached(server);
    for (let round = 0; round < 2; round++) {
      const client = await TestClient.connect(`ws://127.0.0.1:${port}`);
      const mute = await RawSocket.open(port);
      const page = await RawSocket.connect(port);
      await websockets.stop();
      expect((await client.closed).code).toBe(1001);
      await mute.whenOver();
      expect([server.listenerCount("upgrade"), server.listening, websockets.addresses]).toEqual([1, true, []]);
      expect(await statusOf(port, "/")).toBe(503);
      page.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      expect((await page.readHead()).status).toBe(200);
      page.destroy();
      websockets.attach(server);
      await websockets.start();
      expect(server.listenerCount("upgrade")).toBe(1);
    }
    await websockets.dispose();
    expect(server.listenerCount("upgrade")).toBe(0);
    // Nothing of ours holds it back.
    server.closeIdleConnections();
    await within("closed", new Promise((resolve) => server.close(resolve)));
  });

  test("who comes before start(), or while it is stopped, gets 503 and is let in later; after dispose() it is not ours any more", async () => {
    const { http: server, port } = await http(createServer((_, response) => response.writeHead(404).end()));
    const websockets = new WebsocketServer({ path: "/chat" });
    onTestFinished(() => websockets.dispose());
    websockets.attach(server);
    const raw = await RawSocket.connect(port);
    onTestFinished(() => raw.destroy());
    raw.write(upgradeRequest("/chat"));
    expect(await raw.readHead()).toMatchObject({ status: 503, headers: { "retry-after": "2" } });
    await websockets.start();
    expect([await statusOf(port, "/chat"), await statusOf(port, "/else")]).toEqual([101, 404]);
    await websockets.stop();
    expect(await statusOf(port, "/chat")).toBe(503);
    const theirs = (request: IncomingMessage, stream: Duplex) => {
      if (request.url === "/theirs") stream.end("HTTP/1.1 418 \r\n\r\n");
    };
    server.on("upgrade", theirs);
    expect([await statusOf(port, "/chat"), await statusOf(port, "/theirs")]).toEqual([503, 418]);
    server.off("upgrade", theirs);
    await websockets.dispose();
    expect([server.listenerCount("upgrade"), await statusOf(port, "/chat")]).toEqual([0, 404]);
  });

  test("stop() ends a handshake that is under way", async () => {
    const { http: server, port } = await http();
    const websockets = await attached(server, { verifyRequest: () => new Promise(() => {}) });
    const raw = await RawSocket.connect(port);
    raw.write(upgradeRequest());
    await until("pending", () => websockets.stats().pendingHandshakes === 1);
    await websockets.stop();
    await raw.whenOver();
  });

  test("what attach() returns detaches, and connections stay; it may be called before start(), after it, and twice", async () => {
    const { http: server, port } = await http();
    const websockets = await attached(server);
    const detachAgain = websockets.attach(server, { path: "/b" });
    expect(server.listenerCount("upgrade")).toBe(1);
    expect([await statusOf(port, "/a"), await statusOf(port, "/b")]).toEqual([404, 101]);
    const client = await TestClient.connect(`ws://127.0.0.1:${port}/b`);
    detachAgain();
    detachAgain();
    expect([server.listenerCount("upgrade"), websockets.addresses]).toEqual([0, []]);
    client.send("still here");
    expect(await client.hears(2)).toEqual(["/b ", "still here"]);
  });

  test("beside a port that was asked for, both are served", async () => {
    const { http: server, port } = await http();
    const websockets = await attached(server, { port: 0, host: "127.0.0.1" });
    const ports = websockets.addresses.map((address) => address.port);
    expect(ports).toEqual([expect.any(Number), port]);
    await Promise.all(ports.map((one) => TestClient.connect(`ws://127.0.0.1:${one}`)));
    expect(websockets.connections.size).toBe(2);
  });

  test.each([undefined, null, 80, {}, () => {}, Object.assign(() => {}, { on() {}, listen() {} })])(
    "what is no HTTP server is refused with what to give: %s",
    (server) => {
      expect(() => new WebsocketServer().attach(server as Server)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("app.listen()") }),
      );
    },
  );

  test.each([
    [{ path: "chat" }, "option attach.path: expected a path that begins with / and has no query"],
    [{ paths: ["/chat"] }, "option attach.paths"],
  ])("%j: %s", (options, message) => {
    expect(() => new WebsocketServer().attach(createServer(), options as AttachOptions)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });
});

function asTold(address: ReturnType<Server["address"]>): unknown {
  const { address: host, port, family } = address as AddressInfo;
  return { host, port, family };
}
