import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { Opcode, RawSocket, upgradeRequest, within } from "../../../testkit/raw-socket.ts";
import {
  type AnyConnection,
  type AnyService,
  type Packet,
  type ServerConnectionEvent,
  type ServerErrorEvent,
  type ServerMessageEvent,
  WebsocketServer,
} from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { Arrivals, serve, TestClient, turns, until } from "./support/harness.ts";

/** What a service tells. */
function listen(service: AnyService) {
  const connections = new Arrivals<ServerConnectionEvent<AnyConnection>>();
  const messages = new Arrivals<ServerMessageEvent<Packet, AnyConnection>>();
  const errors = new Arrivals<ServerErrorEvent<AnyConnection>>();
  service.on("connection", (event) => connections.add(event));
  service.on("message", (event) => messages.add(event));
  service.on("error", (event) => errors.add(event));
  return { connections, messages, errors };
}

/** The status that an upgrade request gets, 101 included. */
async function statusOf(port: number, target: string, headers: Record<string, string> = {}): Promise<number> {
  const peer = await RawSocket.connect(port);
  peer.write(upgradeRequest(target, headers));
  const { status } = await peer.readHead();
  peer.destroy();
  return status;
}

describe.each(["own", "ws"] as const)("services with engine %s", (engine) => {
  test("each has its own connections, events, success string, subprotocols and state; the rest is the server's", async () => {
    const { server, url, connections, messages } = await serve({ engine, connectionSuccessString: "server" });
    const chat = server.service("/chat", {
      connectionSuccessString: "chat",
      availableSubprotocols: ["chat.v1"],
      createState: (request) => ({ name: request.query.get("name") ?? "?" }),
    });
    const feed = server.service("/feed");
    const [ofChat, ofFeed] = [listen(chat), listen(feed)];

    const ada = await TestClient.connect(`${url}/chat?name=Ada`, { protocols: ["chat.v1"] });
    const reader = await TestClient.connect(`${url}/feed`);
    const other = await TestClient.connect(`${url}/other`);
    expect(await ada.hears(1)).toEqual(["chat"]);
    expect(await other.hears(1)).toEqual(["server"]);
    ada.send("hello");
    reader.send("there");
    const { connection, message } = await ofChat.messages.one();
    await ofFeed.messages.one();
    expect([message, connection?.subprotocol, connection?.path, connection?.channel]).toEqual(["hello", "chat.v1", "/chat", ""]);
    expect([...chat.connections.values()].map(({ data }) => data.name)).toEqual(["Ada"]);
    expect([chat.connections.size, feed.connections.size, server.connections.size]).toEqual([1, 1, 1]);

    expect([await chat.broadcast("to chat"), await feed.broadcastRaw("to feed"), await server.broadcast("to server")]).toEqual([
      1, 1, 1,
    ]);
    expect([await ada.hears(2), await reader.hears(1), await other.hears(2)]).toEqual([
      ["chat", "to chat"],
      ["to feed"],
      ["server", "to server"],
    ]);
    expect(messages.all.map(({ message }) => message)).toEqual(["to server"]);
    expect(connections.all.map(({ connection }) => connection.path)).toEqual(["/other", "/other"]);
    expect(server.stats()).toMatchObject({ connections: 3, accepted: 3, messagesReceived: 2 });
    expect(chat.stats()).toMatchObject({ connections: 1, accepted: 1, messagesReceived: 1 });
  });

  test("are served before start, while the server runs, and after another start; and removed while it runs", async () => {
    const server = new WebsocketServer({ engine, host: "127.0.0.1", path: false, closeTimeoutMs: 100 });
    onTestFinished(() => server.dispose());
    const chat = server.service("/chat");
    let { port } = await server.start();
    expect([await statusOf(port, "/chat"), await statusOf(port, "/late")]).toEqual([101, 404]);
    const late = server.service("/late");
    expect(await statusOf(port, "/late")).toBe(101);
    expect([...server.services]).toEqual([
      ["/chat", chat],
      ["/late", late],
    ]);
    await late.remove();
    expect([await statusOf(port, "/late"), [...server.services.keys()], late.isRemoved]).toEqual([404, ["/chat"], true]);
    await server.stop();
    server.service("/between");
    ({ port } = await server.start());
    const statuses = await Promise.all(["/chat", "/between", "/late"].map((path) => statusOf(port, path)));
    expect(statuses).toEqual([101, 101, 404]);
  });

  test("remove closes the connections with 1001, tells of it, answers who is being judged, and frees the path", async () => {
    const { server, url, port } = await serve({ engine });
    const service = server.service("/chat", {
      createState: (request) => (request.query.has("slow") ? new Promise<undefined>(() => {}) : undefined),
    });
    const { connections, errors } = listen(service);
    const client = await TestClient.connect(`${url}/chat`);
    const pending = await RawSocket.connect(port);
    pending.write(upgradeRequest("/chat?slow"));
    await until("pending", () => service.stats().pendingHandshakes === 1);
    const removing = service.remove();
    expect([...server.services.keys()]).toEqual([]);
    const next = server.service("/chat");
    expect(await pending.readAnswer()).toMatchObject({ status: 404, body: "The WebSocket service at this path was removed." });
    expect(await client.closed).toEqual({ code: 1001, reason: "the service is removed" });
    await removing;
    await service.remove();
    expect(connections.all.at(-1)).toMatchObject({ type: "disconnected", code: 1001, reason: "the service is removed" });
    expect([service.connections.size, await service.broadcast("nobody"), errors.all]).toEqual([0, 0, []]);
    await TestClient.connect(`${url}/chat`);
    expect([service.connections.size, next.connections.size]).toEqual([0, 1]);
    expect(server.stats()).toMatchObject({ accepted: 2, connections: 1, severed: { 1001: 1 } });
    await expect(service.remove(1006)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("remove closes with a code and a reason of the application's", async () => {
    const { server, url } = await serve({ engine });
    const service = server.service("/chat");
    const client = await TestClient.connect(`${url}/chat`);
    await service.remove(4000, "moved");
    expect(await client.closed).toEqual({ code: 4000, reason: "moved" });
  });

  test("remove and stop leave alone what is not theirs: a removed service's connections are waited for by stop", async () => {
    const { server, port, url } = await serve({ engine, closeTimeoutMs: 50 });
    const service = server.service("/chat");
    const other = await TestClient.connect(url);
    const silent = await RawSocket.open(port, "/chat");
    const removing = service.remove();
    expect((await silent.readFrame()).opcode).toBe(Opcode.close);
    expect(other.socket.readyState).toBe(other.socket.OPEN);
    await server.stop();
    await removing;
    await silent.whenOver();
    expect(await other.closed).toMatchObject({ code: 1001 });
    expect(server.stats().connections).toBe(0);
  });

  test("bounds that a service leaves out are the server's, and its own hold for it alone", async () => {
    const { server, port } = await serve({ engine, maxPayload: 10 });
    const small = listen(server.service("/small"));
    const large = listen(server.service("/large", { maxPayload: 1_000 }));
    const send = async (path: string): Promise<void> => {
      const { socket } = await TestClient.connect(`ws://127.0.0.1:${port}${path}`);
      socket.send("x".repeat(100));
    };
    await Promise.all([send("/small"), send("/large")]);
    expect(await small.connections.one(({ type }) => type === "disconnected")).toMatchObject({ code: 1009 });
    expect((await large.messages.one()).message).toHaveLength(100);
  });
});

describe("what runs for a service", () => {
  test("is its own heartbeat, as long as it is there; remove and stop leave no timer of it", async () => {
    const clock = new FakeClock();
    const options = { pingIntervalMs: 0, heartbeat: false, messageTimeoutMs: 0 };
    const { server, url } = await serve(withInternals(options, { clock }));
    const timers = clock.timers;
    const [one, two] = [server.service("/one", { pingIntervalMs: 1_000 }), server.service("/two", { pingIntervalMs: 5_000 })];
    const other = server.service("/other");
    expect(clock.timers).toBe(timers + 2);
    const clients = await Promise.all(["/one", "/two", "/other", "/"].map((path) => TestClient.connect(url + path)));
    await until("all are there", () => server.stats().connections === 4);
    clock.advance(1_000);
    expect(await clients[0]?.hears(1)).toEqual(["ping"]);
    clients[0]?.send("pong");
    const before = clock.timers;
    await one.remove();
    expect(clock.timers).toBe(before - 1);
    clock.advance(4_000);
    expect(await clients[1]?.hears(1)).toEqual(["ping"]);
    await turns();
    expect([clients[2]?.texts, clients[3]?.texts, two.connections.size, other.connections.size]).toEqual([[], [], 1, 1]);
    await server.stop();
    expect(clock.timers).toBe(0);
  });

  test("is its own rate limit", async () => {
    const { server, url } = await serve();
    const limited = listen(server.service("/limited", { rateLimit: { messagesPerSecond: 1, burst: 1 } }));
    const free = listen(server.service("/free"));
    const clients = await Promise.all(["/limited", "/free"].map((path) => TestClient.connect(url + path)));
    for (const client of clients) for (let count = 0; count < 5; count++) client.send("x");
    await free.messages.has(5);
    await limited.messages.has(1);
    await turns();
    expect(limited.messages.all.length).toBeLessThan(5);
  });
});

describe("who may connect to a service", () => {
  test("is judged by the server's origins and verifyRequest, unless it has its own", async () => {
    const asked: string[] = [];
    const { server, port } = await serve({
      origins: ["https://a.example"],
      verifyRequest: ({ path }) => {
        asked.push(path);
        return path !== "/closed";
      },
    });
    server.service("/open");
    server.service("/closed");
    server.service("/own", { origins: ["https://b.example"], verifyRequest: () => ({ status: 418, reason: "a teapot" }) });
    const [a, b] = [{ Origin: "https://a.example" }, { Origin: "https://b.example" }];
    expect(await statusOf(port, "/open", a)).toBe(101);
    expect(await statusOf(port, "/open", b)).toBe(403);
    expect(await statusOf(port, "/closed", a)).toBe(403);
    expect(await statusOf(port, "/own", a)).toBe(403);
    expect(await statusOf(port, "/own", b)).toBe(418);
    expect(asked).toEqual(["/open", "/closed"]);
  });

  test("is bounded by limits.maxPendingHandshakes for all services together", async () => {
    const { server, port } = await serve({ limits: { maxPendingHandshakes: 2 } });
    const createState = () => new Promise<undefined>(() => {});
    const services = [server.service("/a", { createState }), server.service("/b", { createState })];
    const peers = await Promise.all(
      ["/a", "/b"].map(async (path) => {
        const peer = await RawSocket.connect(port);
        peer.write(upgradeRequest(path));
        return peer;
      }),
    );
    await until("two are pending", () => server.stats().pendingHandshakes === 2);
    expect(services.map((service) => service.stats().pendingHandshakes)).toEqual([1, 1]);
    expect([await statusOf(port, "/a"), await statusOf(port, "/")]).toEqual([503, 503]);
    for (const peer of peers) peer.destroy();
  });
});

describe("a service beside what else a server does", () => {
  test("is served by a server that is attached, also where others listen for upgrades; and nothing else with path false", async () => {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void http.close());
    const { port } = http.address() as AddressInfo;
    const server = new WebsocketServer({ path: false });
    onTestFinished(() => server.dispose());
    server.service("/chat");
    server.attach(http);
    await server.start();
    expect([await statusOf(port, "/chat"), await statusOf(port, "/"), await statusOf(port, "/other")]).toEqual([101, 404, 404]);
    http.on("upgrade", (request, stream) => {
      if (request.url === "/other") stream.end("HTTP/1.1 418 \r\n\r\n");
    });
    expect([await statusOf(port, "/chat"), await statusOf(port, "/other")]).toEqual([101, 418]);
  });

  test("asks for the user name and password that the server asks for", async () => {
    const { server, port } = await serve({ httpAuthentication: { scheme: "basic", credentials: () => "secret" } });
    const service = server.service("/chat");
    expect(await statusOf(port, "/chat")).toBe(401);
    const Authorization = `Basic ${Buffer.from("ada:secret").toString("base64")}`;
    await RawSocket.open(port, "/chat", { Authorization });
    await until("it is there", () => service.connections.size === 1);
    expect([...service.connections.values()][0]?.userName).toBe("ada");
  });

  test("accepts its own connections in a loop, which ends when it is removed", async () => {
    const { server, url } = await serve();
    const service = server.service("/chat");
    const accepted: string[] = [];
    const loop = (async () => {
      for await (const connection of service) accepted.push(connection.path);
    })();
    await Promise.all([TestClient.connect(url), TestClient.connect(`${url}/chat`)]);
    await until("it is accepted", () => accepted.length === 1);
    await service.remove();
    await within("the end of the loop", loop);
    expect(accepted).toEqual(["/chat"]);
  });
});

describe("the path of a request", () => {
  test.each([
    ["/chat", 101],
    ["/chat/", 101],
    ["/chat?x=/admin", 101],
    ["/%63hat", 101],
    ["/Chat", 404],
    ["//chat", 404],
    ["/chat//", 404],
    ["/chat/x", 404],
    ["/chat/../admin", 404],
    ["/chat/%2e%2e/admin", 404],
    ["/%2e/chat", 404],
    ["/./chat", 404],
    ["/a%2Fb", 404],
    ["/a/b", 101],
    ["/rooms/42", 101],
    ["/rooms", 404],
    ["/rooms/", 404],
    ["/rooms//42", 404],
    ["/rooms/../chat", 404],
    ["/rooms/%2e%2e/chat", 404],
    ["/rooms/..%2fchat", 404],
    ["/%zz", 400],
    ["chat", 400],
  ])("%s is answered with %i where only services are served", async (target, status) => {
    const { server, port } = await serve({ path: false });
    for (const path of ["/chat", "/admin", "/a/b", "/rooms/*"]) server.service(path);
    expect(await statusOf(port, target)).toBe(status);
    expect(server.services.get("/admin")?.stats()).toMatchObject({ accepted: 0 });
  });

  test("goes to the server itself where it is no service's", async () => {
    const { server, port, connections } = await serve();
    server.service("/chat");
    for (const target of ["/chat/x", "/Chat", "//chat", "/"]) await RawSocket.open(port, target);
    await connections.has(4, ({ type }) => type === "connected");
    expect(connections.all.filter(({ type }) => type === "connected").map(({ connection }) => connection.channel)).toEqual([
      "chat/x",
      "Chat",
      "/chat",
      "",
    ]);
  });

  test("below a service is the connection's channel, and a broadcast goes to one", async () => {
    const { server, url } = await serve();
    const rooms = server.service("/rooms/*");
    const [one, two] = [await TestClient.connect(`${url}/rooms/1`), await TestClient.connect(`${url}/rooms/2/a`)];
    expect([...rooms.connections.values()].map(({ channel, path }) => [channel, path])).toEqual([
      ["1", "/rooms/1"],
      ["2/a", "/rooms/2/a"],
    ]);
    expect([await rooms.broadcastRaw("hi", { channel: "2/a" }), await two.hears(1), one.texts]).toEqual([1, ["hi"], []]);
  });
});

describe("a service that cannot be made", () => {
  test.each([
    ["a path that is none", "chat", {}, "INVALID_OPTION", /path of a service: expected a path that begins with \//],
    ["a path that is taken", "/taken/", {}, "INVALID_STATE", /there is one at \/taken already/],
    ["an unknown option", "/chat", { maxPayloads: 1 }, "INVALID_OPTION", /option maxPayloads: unknown; known are/],
    ["an option that only a server has", "/chat", { port: 80 }, "INVALID_OPTION", /option port: unknown/],
    ["an option out of bounds", "/chat", { maxPayload: 0 }, "INVALID_OPTION", /option maxPayload: .*from 1 to 268435456; got 0/],
    ["no options", "/chat", null, "INVALID_OPTION", /expected an object/],
    ["a behavior that is none", "/chat", { behavior: {} }, "INVALID_OPTION", /option behavior: expected a subclass/],
    [
      "a class that is no behavior",
      "/chat",
      class {},
      "INVALID_OPTION",
      /option behavior: expected a subclass of WebsocketBehavior/,
    ],
    ["an instance", "/chat", { bind() {} }, "INVALID_OPTION", /option behavior: expected the class .* not an instance/],
  ])("for %s is refused aloud, and nothing has changed", async (_, path, options, code, message) => {
    const { server } = await serve();
    server.service("/taken");
    expect(() => server.service(path, options as never)).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect([...server.services.keys()]).toEqual(["/taken"]);
  });

  test("since the server is disposed", async () => {
    const { server } = await serve();
    await server.dispose();
    expect(() => server.service("/chat")).toThrowError(expect.objectContaining({ code: "INVALID_STATE" }));
  });
});

describe("what fails in a service", () => {
  test("is told by its own error, and harms no other", async () => {
    const { server, url, errors } = await serve();
    const service = server.service("/chat");
    const told = listen(service);
    service.on("message", () => {
      throw new Error("a bug");
    });
    const client = await TestClient.connect(`${url}/chat`);
    client.send("hello");
    expect((await told.errors.one()).error).toMatchObject({ code: "LISTENER_FAILED", message: expect.stringMatching(/a bug/) });
    await turns();
    expect([errors.all, service.connections.size]).toEqual([[], 1]);
  });

  test("its lines of the log say of which service they are", async () => {
    const lines: object[] = [];
    const write = (fields: object, message: string): void => void lines.push({ ...fields, message });
    const { server, url } = await serve({ logger: { debug: write, info: write, warn: write, error: write } });
    const { connections } = listen(server.service("/chat"));
    await TestClient.connect(`${url}/chat`);
    await connections.one(({ type }) => type === "connected");
    expect(lines).toContainEqual(expect.objectContaining({ message: "connected", service: "/chat" }));
  });

  test("a start that fails leaves no timer of a service, and the next one serves it", async () => {
    const taken = await serve();
    const clock = new FakeClock();
    const server = new WebsocketServer(withInternals({ host: "127.0.0.1", port: taken.port }, { clock }));
    onTestFinished(() => server.dispose());
    server.service("/chat");
    await expect(server.start()).rejects.toMatchObject({ code: "LISTEN_FAILED" });
    expect(clock.timers).toBe(0);
    await taken.server.stop();
    const { port } = await server.start();
    expect(await statusOf(port, "/chat")).toBe(101);
  });
});
