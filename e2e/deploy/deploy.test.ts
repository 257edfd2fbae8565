import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebsocketClient } from "@websockets-simple/client";
import { type ServerOptions, WebsocketServer } from "@websockets-simple/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "../../testkit/certificates.ts";
import { type DeployedProxy, haproxyDeployed, nginxDeployed, replaceOnce } from "../../testkit/programs/deployed.ts";
import { available, startProgram } from "../../testkit/programs/program.ts";
import { RawSocket, within } from "../../testkit/raw-socket.ts";
import { nextConnection } from "../started.ts";

/** The proxies connect from there; so it is not where the clients of these tests come from. */
const PROXY = "127.0.0.1";
const FORGED = {
  "X-Forwarded-For": "203.0.113.7",
  "X-Forwarded-Proto": "http",
  "X-Forwarded-Host": "evil.test",
  Forwarded: "for=203.0.113.8;host=evil.test",
};

interface Deployment {
  readonly server: WebsocketServer;
  /** The proxy's port. */
  readonly port: number;
  /** The server's own. */
  readonly direct: number;
}

/** A server that echoes, behind the proxy as it is configured in docs/deploy. */
async function deploy(proxy: DeployedProxy, options: ServerOptions, { idle = "90s", unix = false } = {}): Promise<Deployment> {
  const folder = mkdtempSync(join(tmpdir(), "websockets-simple-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const socketPath = join(folder, "websockets.sock");
  const endpoints = unix ? [{ socketPath }] : [{ port: 0, host: "127.0.0.1" }];
  const server = new WebsocketServer({ path: "/chat", closeTimeoutMs: 1_000, endpoints, ...options });
  onTestFinished(() => server.dispose());
  server.on("message", ({ type, message, connection }) => {
    if (type === "received") void connection.sendRaw(message);
  });
  const { port: direct } = await server.start();

  const { key, cert } = makeCertificates().localhost;
  const files = { "fullchain.pem": cert, "key.pem": key, "fullchain-and-key.pem": cert + key };
  const upstream = unix ? proxy.unix(socketPath) : proxy.upstream.replace("8989", String(direct));
  const text = replaceOnce(replaceOnce(proxy.text, proxy.upstream, upstream), proxy.idle, proxy.idle.replace("90s", idle));
  const { port, stop } = await startProgram(proxy, () => text, files);
  onTestFinished(stop);
  return { server, port, direct };
}

/** Connects through the proxy, by TLS, from an address of its own. */
function open(port: number, headers: Record<string, string> = {}): Promise<RawSocket> {
  const tls = { ca: makeCertificates().ca, servername: "localhost" };
  return RawSocket.open(port, "/chat/room", headers, { localAddress: "127.0.0.2", tls });
}

const proxies = [nginxDeployed, haproxyDeployed].flatMap((proxy) => available(proxy) as DeployedProxy[]);

describe.each(proxies)("docs/deploy: $name", (proxy) => {
  test.each([false, true])("ends TLS, and passes messages of every size both ways; by a Unix socket: %s", async (unix) => {
    const { port } = await deploy(proxy, {}, { unix });
    const client = new WebsocketClient({ url: `wss://localhost:${port}/chat`, tls: { ca: makeCertificates().ca } });
    onTestFinished(() => client.dispose());
    await client.connect();
    const heard = client[Symbol.asyncIterator]();
    for (const size of [0, 1, 200, 70_000, 1_000_000]) {
      const bytes = new Uint8Array(size).fill(size);
      await client.sendRaw(bytes);
      const { value } = await within(`${size} bytes`, heard.next());
      expect(Buffer.compare(value?.message as Uint8Array, bytes)).toBe(0);
    }
    await client.disconnect(4000, "done");
  });

  test.each([false, true])("tells of the client, whatever that claims itself; by a Unix socket: %s", async (unix) => {
    const { server, port } = await deploy(proxy, { trustProxy: [unix ? "unix" : PROXY] }, { unix });
    const connected = nextConnection(server);
    const peer = await open(port, { ...FORGED, Host: "chat.example.com:8443" });
    const { remoteAddress, secure, host, channel, headers } = await connected;
    expect([remoteAddress, secure, host, channel]).toEqual(["127.0.0.2", true, "chat.example.com:8443", "room"]);
    expect([headers["x-forwarded-for"], headers.forwarded]).toEqual(["127.0.0.2", undefined]);
    peer.destroy();
  });

  test("is not believed by a server that does not trust it, and others are not believed by one that does", async () => {
    const trusting = await deploy(proxy, { trustProxy: [PROXY] });
    let connected = nextConnection(trusting.server);
    const direct = await RawSocket.open(trusting.direct, "/chat", FORGED, { localAddress: "127.0.0.3" });
    expect([(await connected).remoteAddress, (await connected).host]).toEqual(["127.0.0.3", "localhost"]);
    direct.destroy();

    const other = await deploy(proxy, {});
    connected = nextConnection(other.server);
    const peer = await open(other.port, FORGED);
    expect([(await connected).remoteAddress, (await connected).secure]).toEqual([PROXY, false]);
    peer.destroy();
  });

  test("cuts a silent connection after its time-out, but not one that the heartbeat keeps alive", async () => {
    const { port } = await deploy(proxy, { heartbeat: false, pingIntervalMs: 0 }, { idle: "2s" });
    const silent = await open(port);
    await silent.whenOver();

    const beating = await deploy(proxy, { heartbeat: { intervalMs: 300 }, pingIntervalMs: 0 }, { idle: "2s" });
    const client = new WebsocketClient({ url: `wss://localhost:${beating.port}/chat`, tls: { ca: makeCertificates().ca } });
    onTestFinished(() => client.dispose());
    const states: string[] = [];
    let pings = 0;
    client.on("connection", ({ type }) => states.push(type));
    client.on("ping", () => pings++);
    await client.connect();
    // Nothing else flows for longer than that: the ten pings come 225 to 300 ms after one another.
    await expect.poll(() => pings).toBeGreaterThan(9);
    expect(states).toEqual(["connecting", "connected"]);
    expect(beating.server.connections.size).toBe(1);
  });

  test("answers what is no WebSocket, and what is elsewhere, in plain HTTP", async () => {
    const { port } = await deploy(proxy, {});
    const ask = async (path: string): Promise<number> => {
      const raw = await RawSocket.connect(port, { tls: { ca: makeCertificates().ca, servername: "localhost" } });
      onTestFinished(() => raw.destroy());
      raw.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      return (await raw.readHead()).status;
    };
    expect([await ask("/chat"), await ask("/elsewhere")]).toEqual([426, 404]);
  });
});
