import { WebsocketServerAuth } from "@websockets-simple/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, EXAMPLES, freePort, listen, run, upgrade } from "./dotnet/examples.ts";
import { LISTENER } from "./dotnet/listener.ts";
import { NETWORK } from "./dotnet/network.ts";

const WEBSOCKETS_SIMPLE: Record<string, () => Promise<void>> = {
  async "client.ts"() {
    const server = new WebsocketServerAuth<number>({}, { getId: (token) => (token === "oauthToken" ? 1 : null) });
    onTestFinished(() => server.dispose());
    const heard: unknown[] = [];
    server.on("message", ({ message }) => heard.push(message));
    const { port } = await server.start();
    const program = await run("client.ts", port as number);
    for (const line of [/^connecting/, /^connected/, /^sent \{"header":"value"\} \d{4}-/, /^disconnected 1000/])
      await program.line(line);
    expect(heard).toEqual(['{"header":"value"}', "a text, sent as a packet", "a text, sent as it is"]);
  },

  async "extended-client.ts"() {
    const { server, port } = await listen();
    server.on("message", ({ type, packet, connection }) => void (type === "received" && packet && connection.send(packet)));
    const program = await run("extended-client.ts", port);
    await program.line(/^FakeFirstName FakeLastName$/);
    await program.line(/^received PacketType1$/);
  },

  async "extended-client-by-class.ts"() {
    const { server, port } = await listen();
    server.on("connection", ({ type, connection }) => void (type === "connected" && connection.sendRaw("plain")));
    await (await run("extended-client-by-class.ts", port)).line(/^received FakeFirstName plain$/);
  },

  async "polymorphic-client.ts"() {
    const { server, port } = await listen();
    server.on("connection", ({ type, connection }) => {
      if (type !== "connected") return;
      connection.sendRaw('{"type":"say","room":"kitchen","data":"hello"}');
      connection.sendRaw('{"type":"people","names":["Ada","Bob"],"data":"two"}');
    });
    const program = await run("polymorphic-client.ts", port);
    await program.line(/^kitchen hello$/);
    await program.line(/^2$/);
  },

  async "server.ts"() {
    const port = await freePort();
    const program = await run("server.ts", port);
    await program.line(/^started$/);
    const { client, told } = await connect(port, "", { tls: {}, reconnect: false });
    await client.send("hello");
    await expect
      .poll(() => told)
      .toEqual(["Connected Successfully", "YourDataPayload", "a text, sent as a packet", "a text, sent as it is", "4000 why"]);
    for (const line of [/^connected \S{36}$/, /^received hello \S{36}$/, /^disconnected/, /^stopped$/]) await program.line(line);
  },

  async "extended-server.ts"() {
    const port = await freePort();
    const program = await run("extended-server.ts", port);
    const { client } = await connect(port);
    await program.line(/^comes \S*127\.0\.0\.1$|^comes ::1$/);
    await client.send("hello");
    await program.line(/^FakeFirstName hello$/);
    await client.sendRaw('{"firstName":"Ada","data":"own"}');
    await program.line(/^Ada own$/);
  },

  async "users-server.ts"() {
    const port = await freePort();
    const program = await run("users-server.ts", port);
    const other = await connect(port, "", {}, "another token");
    const { client, told } = await connect(port, "", {}, "oauthToken");
    await client.send("hello");
    const own = ["to everybody, as it is", "to all connections of one user", "the same, as it is", "YourDataPayload"];
    await expect.poll(() => told.slice(-4)).toEqual(own);
    await expect.poll(() => other.told.slice(-2)).toEqual(["user 42: hello", own[0]]);
    await program.line(/^user 43: 1$/);
    await program.line(/^user 42: 1$/);
    await expect(connect(port, "", {}, "wrong")).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  },

  async "extended-users-server.ts"() {
    const port = await freePort();
    const program = await run("extended-users-server.ts", port);
    const { client } = await connect(port, "", { tls: {} }, "oauthToken");
    await client.send("hello");
    await program.line(/^FakeFirstName is user 42$/);
    await client.sendRaw("no JSON");
    await program.line(/^LISTENER_FAILED$/);
  },

  async "client-of-dotnet.ts and server-of-dotnet.ts"() {
    const port = await freePort();
    const server = await run("server-of-dotnet.ts", port);
    await connect(port, "", { tokenIn: "path" }, "oauthToken");
    await run("client-of-dotnet.ts", port, { "secure: true": "secure: false" });
    await server.line(/^ada: hello from Ada$/);
  },
};

const WEBSOCKET_SHARP: Record<string, () => Promise<void>> = {
  async "laputa-client.ts and laputa-server.ts"() {
    const port = await freePort();
    await run("laputa-server.ts", port);
    const { client, told } = await connect(port, "/Laputa");
    await client.sendRaw("hello");
    await expect.poll(() => told).toEqual(["nobody is at home"]);
    await (await run("laputa-client.ts", port)).line(/^Laputa says: it has fallen already$/);
  },

  async "steps.ts"() {
    const { server, port } = await listen({ compression: true });
    server.on("message", ({ type, message, connection }) => void (type === "received" && connection.sendRaw(message)));
    server.on("connection", ({ type, connection, code, reason }) => {
      ended.push([type, connection.headers["sec-websocket-extensions"]?.split(";")[0], code, reason]);
    });
    const ended: unknown[] = [];
    const program = await run("steps.ts", port);
    for (const line of [/^open$/, /^text some text$/, /^bytes 3$/, /^closed 4000 enough$/]) await program.line(line);
    await expect.poll(() => ended.at(-1)).toEqual(["disconnected", "permessage-deflate", 4000, "enough"]);
  },

  async "chat.ts"() {
    const port = await freePort();
    await run("chat.ts", port);
    const here = await connect(port, "/Chat");
    const there = await connect(port, "/Chat");
    const nyan = await connect(port, "/ChatWithNyan");
    const echo = await connect(port, "/Echo");
    for (const { client } of [here, nyan, echo]) await client.sendRaw("hello");
    await expect
      .poll(() => [here.told, there.told, nyan.told, echo.told])
      .toEqual([["hello"], ["hello"], ["hello Nyan!"], ["hello"]]);
  },

  async "secure-client.ts and secure-server.ts"() {
    const port = await freePort();
    const server = await run("secure-server.ts", port);
    await connect(port, "", { tls: {} });
    const client = await run("secure-client.ts", port);
    await client.line(/^localhost localhost$/);
    await client.line(/^connected$/);
    await server.line(/^true permessage-deflate/);
  },

  async "query-client.ts and query-server.ts"() {
    const port = await freePort();
    await run("query-server.ts", port);
    await connect(port, "/Chat", { origin: "http://example.com" });
    await expect(connect(port, "/Chat", { origin: "http://example.org" })).rejects.toMatchObject({
      code: "REFUSED",
      status: 403,
    });
    const { headers } = await upgrade(port, "/Chat", { Origin: "http://example.com", Cookie: "a=1" });
    expect(headers).toMatch(/^set-cookie: a=; Max-Age=0/im);
    await (await run("query-client.ts", port)).line(/^received nobita of http:\/\/example\.com, cookie nobita$/);
  },
};

const OTHERS: Record<string, () => Promise<void>> = {
  async "program.ts"() {
    const port = await freePort();
    const program = await run("program.ts", port);
    const { client } = await connect(port);
    await client.sendRaw("hello");
    await program.line(/^a new one: \S{36}$/);
    await program.line(/^\S{36} says: hello$/);
    await client.disconnect();
    await program.line(/^\S{36} has gone$/);
    await (await run("program.ts", port)).line(new RegExp(`^it cannot listen: .*${port}`));
  },

  async "visitors.ts"() {
    const port = await freePort();
    const program = await run("visitors.ts", port);
    const { client } = await connect(port, "/?name=Ada");
    await client.sendRaw("one");
    await client.sendRaw("two");
    await program.line(/^Ada says for the 2\. time: two$/);
  },

  async "echo-client.ts and echo-server.ts"() {
    const port = await freePort();
    const server = await run("echo-server.ts", port);
    await connect(port);
    await (await run("echo-client.ts", port)).line(/^Echo: Hello World$/);
    for (const line of [/^open \/somepath \S{36}$/, /^text Hello World$/, /^bytes Hello World$/, /^ping$/, /^closed 1000$/]) {
      await server.line(line);
    }
  },
};

const RUNS = { ...WEBSOCKETS_SIMPLE, ...WEBSOCKET_SHARP, ...NETWORK, ...LISTENER, ...OTHERS };

describe("the examples of docs/coming-from-dotnet.md", () => {
  it("are all run", () => {
    const run = Object.keys(RUNS).flatMap((names) => names.split(" and "));
    expect([...EXAMPLES.keys()].toSorted()).toEqual(run.toSorted());
  });

  it.each(Object.entries(RUNS))("%s runs, and does what it should", async (_, run) => run());
});
