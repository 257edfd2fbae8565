import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket, upgradeRequest, within } from "../../../testkit/raw-socket.ts";
import { connectionsByOpenFiles } from "../src/listen/open-files.ts";
import { serve, TestClient, until } from "./support/harness.ts";

const KEY = "Sec-WebSocket-Key";
const VERSION = "Sec-WebSocket-Version";

/** Sends a request and reads the answer. */
async function ask(
  port: number,
  request: string,
): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: string }> {
  const raw = await RawSocket.connect(port);
  raw.write(request);
  const answer = await raw.readAnswer();
  raw.destroy();
  return answer;
}

describe("what is no good upgrade request", () => {
  test.each([
    ["a plain GET", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 426, { upgrade: "websocket" }],
    ["a plain POST with a body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi", 405, { allow: "GET" }],
    ["a POST that upgrades", upgradeRequest("/", {}, "POST / HTTP/1.1"), 405, { allow: "GET" }],
    ["CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405, {}],
    ["an upgrade to h2c", upgradeRequest("/", { Upgrade: "h2c" }), 426, { upgrade: "websocket" }],
    ["no Connection: upgrade", upgradeRequest("/", { Connection: "close" }), 400, {}],
    ["no key", upgradeRequest("/", { [KEY]: undefined }), 400, {}],
    ["a bad key", upgradeRequest("/", { [KEY]: "short" }), 400, {}],
    ["two keys", upgradeRequest("/", { [`${KEY}: dGhlIHNhbXBsZSBub25jZQ==\r\n${KEY}`]: "dGhlIHNhbXBsZSBub25jZQ==" }), 400, {}],
    ["version 8", upgradeRequest("/", { [VERSION]: "8" }), 426, { "sec-websocket-version": "13" }],
    ["version 99", upgradeRequest("/", { [VERSION]: "99" }), 426, { "sec-websocket-version": "13" }],
    ["no version", upgradeRequest("/", { [VERSION]: undefined }), 426, { "sec-websocket-version": "13" }],
    ["no Host", upgradeRequest("/", { Host: undefined }), 400, {}],
    ["a plain GET without Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400, {}],
    ["a POST without Host", "POST / HTTP/1.1\r\nA: b\r\n\r\n", 400, {}],
    ["another path", upgradeRequest("/other"), 404, {}],
    ["a path that only begins alike", upgradeRequest("/chatter"), 404, {}],
    ["a malformed percent-encoding", upgradeRequest("/chat/%zz"), 400, {}],
    ["a malformed subprotocol list", upgradeRequest("/chat", { "Sec-WebSocket-Protocol": "a b" }), 400, {}],
    ["the same subprotocol twice", upgradeRequest("/chat", { "Sec-WebSocket-Protocol": "a, a" }), 400, {}],
    ["no HTTP at all", "hello\r\n\r\n", 400, {}],
    ["a TLS greeting", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, {}],
    ["a bare line feed in a header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\nc\r\n\r\n", 400, {}],
  ])("%s gets a clean answer with a plain reason", async (_, request, status, headers) => {
    const { server, port, errors, connections } = await serve({ path: "/chat" });
    const answer = await ask(port, request);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      connection: "close",
      "content-type": "text/plain; charset=utf-8",
      "content-length": String(answer.body.length),
      ...headers,
    });
    expect(answer.body).toMatch(/^[A-Z][\w\W]*\.$/);
    expect(server.stats().refusals).toEqual({ [status]: 1 });
    expect([errors.all, connections.all]).toEqual([[], []]);
  });

  test("more headers than limits.maxHeaders are 431, at whatever number", async () => {
    const { port } = await serve({ limits: { maxHeaderBytes: 1_048_576 } });
    for (const [count, status] of [
      [0, 101],
      [58, 101],
      [59, 101],
      [60, 431],
      [100, 431],
      [1_000, 431],
      [5_000, 431],
    ] as const) {
      const headers = Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-${index}`, "1"]));
      const raw = await RawSocket.connect(port);
      raw.write(upgradeRequest("/", headers));
      expect([count, (await raw.readHead()).status]).toEqual([count, status]);
      raw.destroy();
    }
  });

  test("more than limits.maxHeaderBytes is 431, one header or many", async () => {
    const { port } = await serve();
    expect((await ask(port, upgradeRequest("/", { "X-Big": "x".repeat(100_000) }))).status).toBe(431);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`X-${index}`, "x".repeat(20)]));
    expect((await ask(port, upgradeRequest("/", many))).status).toBe(431);
  });

  test("a URL longer than limits.maxUrlBytes is 414", async () => {
    const { port } = await serve();
    expect((await ask(port, upgradeRequest(`/${"x".repeat(8_192)}`))).status).toBe(414);
    expect((await ask(port, `GET /${"x".repeat(8_192)} HTTP/1.1\r\nHost: x\r\n\r\n`)).status).toBe(414);
    const fits = await RawSocket.open(port, `/${"x".repeat(8_191)}`);
    fits.destroy();
  });

  test("a thousand sockets that drip headers are told 408 and destroyed, while an honest client is served", async () => {
    const { server, port, url } = await serve({
      limits: { headersTimeoutMs: 2_500, checkIntervalMs: 100 },
      connectionSuccessString: "hi",
    });
    const dripping = await Promise.all(Array.from({ length: 1_000 }, () => RawSocket.connect(port)));
    for (const raw of dripping) raw.write("GET / HTTP/1.1\r\nHost:");
    const drip = setInterval(() => {
      for (const { socket } of dripping) if (socket.writable) socket.write("x");
    }, 100);
    try {
      const honest = await TestClient.connect(url);
      expect(await honest.hears(1)).toEqual(["hi"]);
      expect(dripping.filter(({ socket }) => socket.writable).length).toBeGreaterThanOrEqual(500);
      const heads = await Promise.all(dripping.map((raw) => raw.readHead()));
      expect(new Set(heads.map(({ status }) => status))).toEqual(new Set([408]));
      await Promise.all(dripping.map((raw) => raw.whenOver()));
      expect([server.stats().refusals, server.connections.size]).toEqual([{ 408: 1_000 }, 1]);
      honest.send("still here");
    } finally {
      clearInterval(drip);
      for (const raw of dripping) raw.destroy();
    }
  });

  test("a connection that says nothing is destroyed as well", async () => {
    const { port } = await serve({ limits: { headersTimeoutMs: 50, checkIntervalMs: 20 } });
    const silent = await RawSocket.connect(port);
    expect((await silent.readHead()).status).toBe(408);
    await silent.whenOver();
  });

  test("a refused peer that does not close its side is destroyed after a while", async () => {
    const { port } = await serve();
    const stuck = await RawSocket.connect(port, { allowHalfOpen: true });
    stuck.write(upgradeRequest("/%zz"));
    expect((await stuck.readAnswer()).status).toBe(400);
    const ended = new Promise((resolve) => stuck.socket.once("error", resolve));
    const talk = setInterval(() => stuck.write("more"), 20);
    await within("the reset", ended).finally(() => clearInterval(talk));
  });

  test("names like those of object properties are ordinary headers, cookies, query names and channels", async () => {
    const { server, port, connections } = await serve({ availableSubprotocols: ["__proto__"] });
    const before = Object.getOwnPropertyNames(Object.prototype);
    const peer = await RawSocket.open(port, "/__proto__/constructor?__proto__=1&constructor=2", {
      __proto__x: "0",
      ["__proto__" as string]: "a",
      constructor: "b",
      hasOwnProperty: "c",
      Cookie: "__proto__=d; constructor=e",
      "Sec-WebSocket-Protocol": "__proto__",
      "Sec-WebSocket-Extensions": "__proto__; constructor=1",
    });
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect(Object.getPrototypeOf(connection.headers)).toBeNull();
    expect([connection.headers.constructor, connection.headers.hasownproperty]).toEqual(["b", "c"]);
    expect([connection.cookies.get("__proto__"), connection.cookies.get("constructor")]).toEqual(["d", "e"]);
    expect([connection.query.get("__proto__"), connection.channel, connection.subprotocol]).toEqual([
      "1",
      "__proto__/constructor",
      "__proto__",
    ]);
    expect([...server.connections.keys()]).toEqual([connection.id]);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
    peer.destroy();
  });
});

describe("more connections than allowed", () => {
  test("beyond limits.maxConnections a connection gets 503 with Retry-After at once, and there is room again later", async () => {
    const { server, port, url, connections } = await serve({ limits: { maxConnections: 2 } });
    const first = await TestClient.connect(url);
    await TestClient.connect(url);
    const turnedAway = await RawSocket.connect(port);
    const answer = await turnedAway.readAnswer();
    expect([answer.status, answer.headers["retry-after"], answer.headers.connection]).toEqual([503, "5", "close"]);
    turnedAway.destroy();
    await expect(TestClient.connect(url)).rejects.toThrow();
    expect(server.connections.size).toBe(2);
    first.socket.close();
    await connections.one(({ type }) => type === "disconnected");
    await within(
      "room",
      (async () => {
        for (;;) {
          const client = await TestClient.connect(url).catch(() => undefined);
          if (client) return;
        }
      })(),
    );
  });

  test("a flood beyond it is closed without a word, and the server lives", async () => {
    const { server, port, url, messages } = await serve({ limits: { maxConnections: 5 } });
    const kept = await TestClient.connect(url);
    const flood = await Promise.all(Array.from({ length: 300 }, () => RawSocket.connect(port, { allowHalfOpen: true })));
    const said = await Promise.all(flood.slice(4).map((raw) => raw.readToEnd()));
    expect(new Set(said.map((text) => text.slice(0, 12)))).toEqual(new Set(["HTTP/1.1 503", ""]));
    expect(server.connections.size).toBe(1);
    kept.send("still here");
    expect((await messages.one()).message).toBe("still here");
    for (const raw of flood) raw.destroy();
  });

  test("beyond limits.maxPendingHandshakes an upgrade gets 503 with Retry-After, and there is room again later", async () => {
    const waiting: (() => void)[] = [];
    const { server, port } = await serve<never, undefined>({
      limits: { maxPendingHandshakes: 2 },
      createState: () => new Promise<undefined>((resolve) => waiting.push(() => resolve(undefined))),
    });
    const pending = await Promise.all([RawSocket.connect(port), RawSocket.connect(port)]);
    for (const raw of pending) raw.write(upgradeRequest());
    await until("two are pending", () => server.stats().pendingHandshakes === 2);
    const { status, headers } = await ask(port, upgradeRequest());
    expect([status, headers["retry-after"]]).toEqual([503, "1"]);
    for (const resolve of waiting) resolve();
    expect(await Promise.all(pending.map(async (raw) => (await raw.readHead()).status))).toEqual([101, 101]);
    expect(server.stats().pendingHandshakes).toBe(0);
    const next = await RawSocket.connect(port);
    next.write(upgradeRequest());
    await until("it is let in", () => waiting.length === 3);
    waiting[2]?.();
    expect((await next.readHead()).status).toBe(101);
    for (const raw of [...pending, next]) raw.destroy();
  });

  test.each([
    ["Max open files            256                  4096                 files", 192],
    ["Max cpu time  unlimited\nMax open files            20000                20000                files", 18_976],
    ["Max open files            1048576              1048576              files", 1_047_552],
    ["Max open files            10                   10                   files", 1],
    ["Max open files            unlimited            unlimited            files", Number.POSITIVE_INFINITY],
    ["", Number.POSITIVE_INFINITY],
  ])("the default leaves a reserve of open files: %s", (limits, expected) => {
    expect(connectionsByOpenFiles(limits)).toBe(expected);
  });
});

describe("frames that break the protocol", () => {
  test.each([
    ["an unmasked frame", frame(Opcode.text, "x", { masked: false }), 1002],
    ["invalid UTF-8", frame(Opcode.text, Uint8Array.of(0xff)), 1007],
    ["a forged length of 2^63-1", frame(Opcode.binary, "", { declaredLength: 2n ** 63n - 1n }), 1009],
    ["a message above maxPayload", frame(Opcode.text, "x".repeat(1_001)), 1009],
  ])("%s closes with its code, as an error event that names the peer, and the others go on", async (_, bytes, code) => {
    const { server, port, url, errors, connections, messages } = await serve({ maxPayload: 1_000 });
    const honest = await TestClient.connect(url);
    const peer = await RawSocket.open(port);
    peer.write(bytes);
    expect((await peer.readFrame()).code).toBe(code);
    peer.destroy();
    expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({ code });
    expect(errors.all).toMatchObject([{ error: { code: "PROTOCOL_ERROR", message: expect.stringContaining("127.0.0.1") } }]);
    expect(server.stats().severed).toEqual({ [code]: 1 });
    honest.send("fine");
    expect((await messages.one()).message).toBe("fine");
    expect(server.connections.size).toBe(1);
  });
});
