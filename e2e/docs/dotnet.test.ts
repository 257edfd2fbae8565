import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type ClientOptions, WebsocketClient } from "@websockets-simple/client";
import { type ServerOptions, WebsocketServer, WebsocketServerAuth } from "@websockets-simple/server";
import { transform } from "esbuild";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeCertificates } from "../../testkit/certificates.ts";
import { within } from "../../testkit/raw-socket.ts";
import { codeBlocks, readPage } from "./markdown.ts";
import { makeFolder, type Program, runProgram } from "./programs.ts";

/** Where the examples of the five libraries' pages stand, each with its name in its first line. */
const PAGE = "docs/coming-from-dotnet.md";
const EXAMPLES = new Map(
  codeBlocks(readPage(PAGE))
    .filter(({ language }) => language === "ts")
    .map(({ code, line }) => [/^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1] ?? `line ${line}`, code]),
);

/** A port that nobody listens at. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs an example until the test ends, on that port, on this machine, with certificates of this run. */
async function run(name: string, port: number, replace: Readonly<Record<string, string>> = {}): Promise<Program> {
  const { path, remove } = makeFolder();
  onTestFinished(remove);
  const { localhost, ca } = makeCertificates();
  writeFileSync(join(path, "cert.pfx"), localhost.pfx);
  writeFileSync(join(path, "ca.pem"), ca);
  let code = EXAMPLES.get(name) ?? "";
  const places = {
    yourCertificatePassword: localhost.passphrase,
    "yourCert.pfx": join(path, "cert.pfx"),
    "yourAuthority.pem": join(path, "ca.pem"),
    "://dragonsnest.far": "://localhost",
    "://example.com:": "://localhost:",
    "connect.websocketssimple.com": "localhost",
    ...replace,
  };
  for (const [text, other] of Object.entries(places)) code = code.replaceAll(text, other.replaceAll("\\", "\\\\"));
  expect(code).toMatch(PORT);
  const made = await transform(code.replace(PORT, `$1${port}`), { loader: "ts", format: "esm", target: "node20" });
  const program = runProgram(path, name.replace(/ts$/, "mjs"), made.code);
  onTestFinished(() => program.stop());
  return program;
}
/** The one place where an example names its port. */
const PORT = /(\bport: |:\/\/[\w.-]+:)\d+/;

/** What a client of the tests was told. */
interface Talk {
  readonly client: WebsocketClient;
  readonly told: unknown[];
}

/** Connects to an example's server, as soon as it listens. */
async function connect(port: number, path = "", options: ClientOptions = {}, token = ""): Promise<Talk> {
  const { localhost: _, ca } = makeCertificates();
  const url = `${options.tls ? "wss" : "ws"}://localhost:${port}${path}`;
  const tls = options.tls && { tls: { ca } };
  const client = new WebsocketClient({ url, reconnect: { baseDelayMs: 20, maxDelayMs: 100 }, ...options, ...tls }, token);
  onTestFinished(() => client.dispose());
  const told: unknown[] = [];
  client.on("message", ({ type, message }) => void (type === "received" && told.push(message)));
  client.on("connection", ({ type, code, reason }) => void (type !== "connecting" && code && told.push(`${code} ${reason}`)));
  await within(`a connection to port ${port}`, client.connect());
  told.length = 0;
  return { client, told };
}

/** A server for an example's client. */
async function listen(options: ServerOptions = {}): Promise<{ server: WebsocketServer; port: number; heard: unknown[] }> {
  const server = new WebsocketServer(options);
  onTestFinished(() => server.dispose());
  const heard: unknown[] = [];
  server.on("message", ({ type, message }) => void (type === "received" && heard.push(message)));
  const { port } = await server.start();
  return { server, port: port as number, heard };
}

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
  async "listener.ts"() {
    const port = await freePort();
    const program = await run("listener.ts", port);
    await program.line(new RegExp(`^listening on (::|0\\.0\\.0\\.0) ${port}$`));
    const { client, told } = await connect(port);
    await client.sendRaw("text");
    await client.sendRaw(new Uint8Array([1, 2, 3, 4]));
    await expect.poll(() => told.slice(-2)).toEqual(["text", new Uint8Array([2, 3])]);
    await program.line(/^text text$/);
    await program.line(/^bytes 4$/);
  },

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

/** The head of the answer to a bare upgrade request. */
async function upgrade(port: number, path: string, headers: Record<string, string>): Promise<{ headers: string }> {
  const { connect } = await import("node:net");
  const socket = connect(port, "localhost");
  onTestFinished(() => void socket.destroy());
  const lines = Object.entries({ Host: "localhost", Connection: "Upgrade", Upgrade: "websocket", ...headers });
  const key = ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="];
  socket.write(`GET ${path} HTTP/1.1\r\n${[...lines.map((line) => line.join(": ")), ...key].join("\r\n")}\r\n\r\n`);
  let head = "";
  const whole = new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("data", (bytes) => {
      head += bytes;
      if (head.includes("\r\n\r\n")) resolve();
    });
  });
  await within("an answer", whole);
  return { headers: head };
}

const RUNS = { ...WEBSOCKETS_SIMPLE, ...WEBSOCKET_SHARP, ...OTHERS };

describe("the examples of docs/coming-from-dotnet.md", () => {
  it("are all run", () => {
    const run = Object.keys(RUNS).flatMap((names) => names.split(" and "));
    expect([...EXAMPLES.keys()].toSorted()).toEqual(run.toSorted());
  });

  it.each(Object.entries(RUNS))("%s runs, and does what it should", async (_, run) => run());
});
