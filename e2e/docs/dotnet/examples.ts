import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type ClientOptions, WebsocketClient } from "@websockets-simple/client";
import { type ServerOptions, WebsocketServer } from "@websockets-simple/server";
import { transform } from "esbuild";
import { expect, onTestFinished } from "vitest";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { within } from "../../../testkit/raw-socket.ts";
import { codeBlocks, readPage } from "../markdown.ts";
import { makeFolder, type Program, runProgram } from "../programs.ts";

/** Where the examples of the five libraries' pages stand, each with its name in its first line. */
const PAGE = "docs/coming-from-dotnet.md";
export const EXAMPLES = new Map(
  codeBlocks(readPage(PAGE))
    .filter(({ language }) => language === "ts")
    .map(({ code, line }) => [/^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1] ?? `line ${line}`, code]),
);

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs an example until the test ends, on that port, on this machine, with certificates of this run. */
export async function run(name: string, port: number, replace: Readonly<Record<string, string>> = {}): Promise<Program> {
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

/** Where an example names its port: the first such place. */
const PORT = /(\bport: |:\/\/[\w.-]+:)\d+/;

/** What a client of the tests was told. */
interface Talk {
  readonly client: WebsocketClient;
  readonly told: unknown[];
}

/** Connects to an example's server, as soon as it listens. */
export async function connect(port: number, path = "", options: ClientOptions = {}, token = ""): Promise<Talk> {
  const { localhost: _, ca } = makeCertificates();
  const url = `${options.tls ? "wss" : "ws"}://localhost:${port}${path}`;
  const tls = options.tls && { tls: { ca } };
  const client = new WebsocketClient({ url, reconnect: { baseDelayMs: 20, maxDelayMs: 100 }, ...options, ...tls }, token);
  onTestFinished(() => client.dispose());
  const told: unknown[] = [];
  client.on("message", ({ type, message }) => void (type === "received" && told.push(message)));
  let wasConnected = false;
  client.on("connection", ({ type, code, reason }) => {
    wasConnected ||= type === "connected"; // before that the example is not ready yet, which is nothing to tell
    if (wasConnected && type !== "connecting" && code) told.push(`${code} ${reason}`);
  });
  await within(`a connection to port ${port}`, client.connect());
  return { client, told };
}

/** A server for an example's client. */
export async function listen(options: ServerOptions = {}): Promise<{ server: WebsocketServer; port: number; heard: unknown[] }> {
  const server = new WebsocketServer(options);
  onTestFinished(() => server.dispose());
  const heard: unknown[] = [];
  server.on("message", ({ type, message }) => void (type === "received" && heard.push(message)));
  const { port } = await server.start();
  return { server, port: port as number, heard };
}

/** The head of the answer to a bare upgrade request. */
export async function upgrade(port: number, path: string, headers: Record<string, string>): Promise<{ headers: string }> {
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

/** A file for an example, somewhat larger than what may come as a whole, and its bytes; gone when the test ends. */
export function makeFilm(): { path: string; bytes: Buffer } {
  const { path: folder, remove } = makeFolder();
  onTestFinished(remove);
  const path = join(folder, "film.mp4");
  const bytes = randomBytes(3 * 1024 * 1024 + 1);
  writeFileSync(path, bytes);
  return { path, bytes };
}
