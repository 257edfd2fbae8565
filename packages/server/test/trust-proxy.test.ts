import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, expect, test } from "vitest";
import { RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { originOf } from "../src/addresses/client-origin.ts";
import { TrustedProxies } from "../src/addresses/trusted-proxies.ts";
import type { LogFields, ServerOptions } from "../src/index.ts";
import { serve, TestClient, until } from "./support/harness.ts";

const PROXIES = ["10.0.0.0/8", "loopback", "2001:db8:99::/48"];
/** The proxy that connects, in most of these. */
const PROXY = { remoteAddress: "::ffff:10.0.0.1", remotePort: 5_000, encrypted: false };
const STRANGER = { remoteAddress: "203.0.113.66", remotePort: 5_001, encrypted: false };
const PEER = { address: "10.0.0.1", port: 5_000, isSecure: false, host: undefined, isForwarded: false };

function readOrigin(headers: readonly [string, string][], peer: object, kind: "x-forwarded" | "forwarded", list = PROXIES) {
  return originOf(headers.flat(), peer as Duplex, false, { proxies: new TrustedProxies(list), headers: kind });
}

describe("X-Forwarded-For of a trusted proxy", () => {
  test.each<[string, string[], string | undefined, number?]>([
    ["one hop", ["203.0.113.7"], "203.0.113.7"],
    ["one hop with its port", ["203.0.113.7:4711"], "203.0.113.7", 4_711],
    ["IPv6", ["2001:DB8:0::7"], "2001:db8::7"],
    ["IPv6 in brackets with its port", ["[2001:db8::7]:4711"], "2001:db8::7", 4_711],
    ["IPv4 written as IPv6", ["::ffff:203.0.113.7"], "203.0.113.7"],
    ["two proxies", ["203.0.113.7, 10.1.1.1"], "203.0.113.7"],
    ["three proxies, of IPv6 too", ["203.0.113.7, 2001:db8:99::1, 127.0.0.1"], "203.0.113.7"],
    ["a header for each proxy", ["203.0.113.7", "10.1.1.1"], "203.0.113.7"],
    ["a client of our own network", ["10.2.2.2, 10.1.1.1"], "10.2.2.2"],
    ["an address in front that the client made up", ["1.2.3.4, 203.0.113.7"], "203.0.113.7"],
    ["a header in front that the client made up", ["1.2.3.4", "203.0.113.7"], "203.0.113.7"],
    ["a proxy's address in front that the client made up", ["10.0.0.1, 203.0.113.7"], "203.0.113.7"],
    ["loopback in front that the client made up", ["127.0.0.1, ::1, 203.0.113.7, 10.1.1.1"], "203.0.113.7"],
    ["nonsense in front that the client made up", ['"";,,unknown, x, 203.0.113.7'], "203.0.113.7"],
    ["16 KiB in front that the client made up", [`${"10.0.0.1,".repeat(1_800)} 203.0.113.7`], "203.0.113.7"],
    ["an open quote in front that the client made up", ['"1.2.3.4, 203.0.113.7'], "203.0.113.7"],
    ["nothing", [], undefined],
    ["an empty one", [""], undefined],
    ["an empty hop at the end", ["203.0.113.7,"], undefined],
    ["a name", ["client.example.com"], undefined],
    ["unknown", ["203.0.113.7, unknown"], undefined],
    ["nonsense behind the client", ["203.0.113.7, <script>"], undefined],
    ["an address that is none", ["203.0.113.256"], undefined],
    ["a port that is none", ["203.0.113.7:99999"], undefined],
    ["a network", ["203.0.113.0/24"], undefined],
    ["an address with a zone", ["fe80::1%eth0"], undefined],
    ["more proxies than there can be", ["203.0.113.7", "10.1.1.1,".repeat(1_000).slice(0, -1)], undefined],
  ])("%s", (_, values, address, port = 0) => {
    const headers = values.map((value): [string, string] => ["x-Forwarded-FOR", value]);
    const expected = address === undefined ? PEER : { ...PEER, address, port, isForwarded: true };
    expect(readOrigin([["Host", "x"], ...headers], PROXY, "x-forwarded")).toEqual(expected);
  });

  test.each<[string, [string, string][], object]>([
    ["https", [["X-Forwarded-Proto", "https"]], { isSecure: true }],
    ["WSS", [["X-Forwarded-Proto", "WSS"]], { isSecure: true }],
    ["http", [["X-Forwarded-Proto", "http"]], { isSecure: false }],
    ["https that the client made up, in front", [["X-Forwarded-Proto", "https, http"]], { isSecure: false }],
    [
      "https that the client made up, in a header in front",
      [
        ["X-Forwarded-Proto", "https"],
        ["X-Forwarded-Proto", "http"],
      ],
      { isSecure: false },
    ],
    ["no protocol", [["X-Forwarded-Proto", "gopher"]], { isSecure: false }],
    ["a host", [["X-Forwarded-Host", "chat.example.com:8443"]], { host: "chat.example.com:8443" }],
    [
      "a host that the client made up, in front",
      [["X-Forwarded-Host", "evil.test, chat.example.com"]],
      { host: "chat.example.com" },
    ],
    ["no host", [["X-Forwarded-Host", "a b/<c>"]], { host: undefined }],
  ])("tells of %s", (_, headers, expected) => {
    expect(readOrigin([["X-Forwarded-For", "203.0.113.7"], ...headers], PROXY, "x-forwarded")).toEqual({
      ...PEER,
      address: "203.0.113.7",
      port: 0,
      isForwarded: true,
      ...expected,
    });
  });

  test("tells also that the client's side is not secure, though the proxy's is", () => {
    const headers: [string, string][] = [["X-Forwarded-Proto", "http"]];
    expect(readOrigin(headers, { ...PROXY, encrypted: true }, "x-forwarded").isSecure).toBe(false);
  });
});

describe("Forwarded of a trusted proxy", () => {
  test.each<[string, string[], object]>([
    ["one hop", ["for=203.0.113.7"], { address: "203.0.113.7" }],
    [
      "all of it",
      ['for="[2001:db8::7]:4711";proto=https;host="chat.example.com"'],
      { address: "2001:db8::7", port: 4_711, isSecure: true, host: "chat.example.com" },
    ],
    [
      "two proxies, of whom the client's tells",
      ["for=203.0.113.7;proto=https, for=10.1.1.1;proto=http"],
      { address: "203.0.113.7", isSecure: true },
    ],
    [
      "an element in front that the client made up",
      ["for=1.2.3.4;proto=https, for=203.0.113.7;proto=http"],
      { address: "203.0.113.7" },
    ],
    ["an open quote in front that the client made up", ['for="1.2.3.4, for=203.0.113.7'], { address: "203.0.113.7" }],
    ["nonsense in front that the client made up", ['\\",;=", for=203.0.113.7'], { address: "203.0.113.7" }],
  ])("%s", (_, values, expected) => {
    const headers = values.map((value): [string, string] => ["Forwarded", value]);
    expect(readOrigin(headers, PROXY, "forwarded")).toEqual({ ...PEER, port: 0, isForwarded: true, ...expected });
  });

  test.each(["", "for=unknown", "for=_hidden;proto=https", "for=203.0.113.7;for=1.2.3.4", "203.0.113.7", 'for="203.0.113.7'])(
    "%s says nothing",
    (value) => {
      expect(readOrigin([["Forwarded", value]], PROXY, "forwarded")).toEqual(PEER);
    },
  );
});

/** Whatever of this kind somebody sends. */
const FORGED: [string, string][] = [
  ["X-Forwarded-For", "1.2.3.4"],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Host", "evil.test"],
  ["Forwarded", "for=1.2.3.4;proto=https;host=evil.test"],
  ["X-Real-IP", "1.2.3.4"],
  ["CF-Connecting-IP", "1.2.3.4"],
  ["True-Client-IP", "1.2.3.4"],
  ["X-Client-IP", "1.2.3.4"],
];

describe("forged headers", () => {
  const itself = { address: "203.0.113.66", port: 5_001, isSecure: false, host: undefined, isForwarded: false };
  test.each(["x-forwarded", "forwarded"] as const)("of somebody who is no trusted proxy say nothing: %s", (kind) => {
    expect(readOrigin(FORGED, STRANGER, kind)).toEqual(itself);
  });

  test("say nothing where no proxy is trusted", () => {
    expect(originOf(FORGED.flat(), STRANGER as unknown as Duplex, true, undefined)).toEqual(itself);
  });

  test("of the kind that the proxy does not write say nothing, though it lets them pass", () => {
    const [for_, , , forwarded] = FORGED as [[string, string], unknown, unknown, [string, string]];
    expect(readOrigin([forwarded], PROXY, "x-forwarded")).toEqual(PEER);
    expect(readOrigin([for_], PROXY, "forwarded")).toEqual(PEER);
  });

  test("of a peer whose address nobody knows any more are no proxy's of the file system", () => {
    expect(readOrigin(FORGED, { encrypted: false }, "x-forwarded", ["unix", "loopback"])).toMatchObject({ address: "" });
  });
});

describe("a server", () => {
  const forged = Object.fromEntries(FORGED);
  const lines: LogFields[] = [];
  const note = (fields: LogFields): void => void lines.push(fields);
  const logger = { debug: note, info: note, warn: note, error: note };

  test("believes nobody by default", async () => {
    const { url, connections } = await serve();
    await TestClient.connect(url, { headers: forged });
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect([connection.remoteAddress, connection.secure, connection.host]).toEqual(["127.0.0.1", false, url.slice(5)]);
    expect(connection.remotePort).toBeGreaterThan(0);
  });

  test("with trustProxy tells of the client in connections, createState and log lines, and leaves headers as they are", async () => {
    lines.length = 0;
    const options: ServerOptions<never, string> = {
      trustProxy: ["loopback"],
      logger,
      path: "/chat",
      createState: ({ remoteAddress, host, secure }) => `${remoteAddress} ${host} ${secure}`,
    };
    const { url, server, connections } = await serve<never, string>(options);
    await TestClient.connect(`${url}/chat`, { headers: forged });
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect([connection.remoteAddress, connection.remotePort, connection.secure, connection.host]).toEqual([
      "1.2.3.4",
      0,
      true,
      "evil.test",
    ]);
    expect([connection.data, connection.headers.host]).toEqual(["1.2.3.4 evil.test true", url.slice(5)]);
    connection.terminate();
    await until("closed", () => server.stats().connections === 0);
    await expect(TestClient.connect(`${url}/other`, { headers: forged })).rejects.toMatchObject({ status: 404 });
    const told = lines.filter(({ remoteAddress }) => remoteAddress !== undefined);
    expect(told.map(({ remoteAddress }) => remoteAddress)).toEqual(["1.2.3.4", "1.2.3.4", "1.2.3.4"]);
  });

  test("does not believe a peer who is not on the list", async () => {
    const { port, connections } = await serve({ trustProxy: ["127.0.0.1", "unix"] });
    await RawSocket.open(port, "/", forged, { localAddress: "127.0.0.2" });
    await RawSocket.open(port, "/", forged, { localAddress: "127.0.0.1" });
    const connected = await connections.has(2, ({ type }) => type === "connected");
    expect(connected.map(({ connection }) => connection.remoteAddress)).toEqual(["127.0.0.2", "1.2.3.4"]);
  });

  test.each([
    [["unix"], "1.2.3.4"],
    [["loopback"], ""],
  ])("at a socket of the file system, with trustProxy %j, tells of %j", async (trustProxy, expected) => {
    const socketPath = join(tmpdir(), `websockets-simple-${process.pid}-${expected.length}.sock`);
    const { connections } = await serve({ trustProxy, endpoints: [{ socketPath }], host: undefined });
    await TestClient.connect(`ws+unix://${socketPath}:/`, { headers: forged });
    expect((await connections.one()).connection.remoteAddress).toBe(expected);
  });

  test("reads Forwarded where the proxy writes that", async () => {
    const { url, connections } = await serve({ trustProxy: ["loopback"], proxyHeaders: "forwarded" });
    const headers = { "X-Forwarded-For": "1.2.3.4", Forwarded: 'for="[2001:db8::7]:80";proto=https;host=chat.test' };
    await TestClient.connect(url, { headers });
    const { connection } = await connections.one();
    expect([connection.remoteAddress, connection.remotePort, connection.secure, connection.host]).toEqual([
      "2001:db8::7",
      80,
      true,
      "chat.test",
    ]);
  });

  test("reads them by Node's parser as by its own", async () => {
    const { port, connections } = await serve({ trustProxy: ["loopback"] });
    const raw = await RawSocket.connect(port);
    const request = upgradeRequest("/", { "X-Forwarded-For": "1.2.3.4, 203.0.113.7" });
    // A head in two reads is left to Node.
    raw.socket.write(request.slice(0, 30), () => setImmediate(() => raw.write(request.slice(30))));
    expect((await raw.readHead()).status).toBe(101);
    expect((await connections.one()).connection.remoteAddress).toBe("203.0.113.7");
  });
});
