import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { beforeAll, describe, expect, it, vi } from "vitest";
import ws from "ws";
import { type Certificates, makeCertificates } from "../../../testkit/certificates.ts";
import type { ClientConnectionEvent, ClientOptions, WebsocketClient } from "../src/index.ts";
import { client, echoServer, listen, next } from "./support/node.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});

type Answer = (request: IncomingMessage, count: number) => string | undefined;

/** A proxy that opens tunnels, unless it is told to answer otherwise: a status line with headers. */
async function proxy(answer: Answer = () => undefined, server = createServer()) {
  const requests: IncomingMessage[] = [];
  const tunnels: Socket[] = [];
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => {});
    requests.push(request);
    const other = answer(request, requests.length);
    if (other !== undefined) return void socket.end(`HTTP/1.1 ${other}\r\nContent-Length: 3\r\n\r\nno!`);
    const [host, port] = (request.url ?? "").split(/:(?=\d+$)/) as [string, string];
    const upstream = connect(Number(port), host.replace(/^\[|\]$/g, ""), () => {
      socket.write("HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n");
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
    tunnels.push(upstream);
  });
  const port = await listen(server);
  return {
    port,
    requests,
    tunnels,
    url: `http://127.0.0.1:${port}`,
    sent: () => requests.map(({ headers }) => headers["proxy-authorization"]),
  };
}

/** Says something, and hears it again. */
async function echoes(me: WebsocketClient): Promise<void> {
  await me.connect();
  const messages = me[Symbol.asyncIterator]();
  await me.sendRaw("hello");
  expect((await messages.next()).value?.message).toBe("hello");
}

/** Cuts the tunnel, and waits for the client to come back through another. */
async function comesBack(me: WebsocketClient, tunnels: readonly Socket[]): Promise<void> {
  const again = next(
    (listen) => me.on("connection", listen),
    ({ type }: ClientConnectionEvent) => type === "connected",
  );
  tunnels[0]?.destroy();
  await again;
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
const ASKS_BASIC = '407 Who?\r\nProxy-Authenticate: Basic realm="p"';
const digest = (more = "") => `407 Who?\r\nProxy-Authenticate: Digest realm="p", nonce="n", qop="auth", algorithm=SHA-256${more}`;

describe("option proxy", () => {
  it.each<[string, string, (url: string) => ClientOptions["proxy"]]>([
    ["ws, by a URL", "ws", (url) => url],
    ["ws, by an object", "ws", (url) => ({ url })],
    ["wss, by a URL", "wss", (url) => url],
  ])("goes through it to %s, and tells it nothing but where to", async (_, scheme, option) => {
    const { key, cert } = certificates.localhost;
    const server = await echoServer({}, scheme === "ws" ? createServer() : createTlsServer({ key, cert }));
    const asked: IncomingMessage[] = [];
    server.wss.on("connection", (_socket, request) => asked.push(request));
    const { url, requests } = await proxy();
    const me = client(0, {
      url: `${scheme}://localhost:${server.port}/path`,
      query: { a: "b" },
      headers: { "X-Key": "secret" },
      proxy: option(url),
      ...(scheme === "wss" && { tls: { ca: certificates.ca } }),
    });
    await echoes(me);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([`CONNECT localhost:${server.port}`]);
    expect(requests[0]?.headers).toEqual({ host: `localhost:${server.port}`, connection: expect.any(String) });
    expect(asked.map(({ url, headers }) => [url, headers["x-key"]])).toEqual([["/path?a=b", "secret"]]);
  });

  it("reaches a server by its IPv6 address", async () => {
    const { url, requests } = await proxy(() => "502 Bad Gateway");
    await expect(client(0, { url: "ws://[::1]/", proxy: url }).connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    expect(requests[0]?.url).toBe("[::1]:80");
  });

  it("talks TLS to a proxy that does, whose certificate it judges", async () => {
    const { key, cert } = certificates.localhost;
    const { port } = await echoServer();
    const through = await proxy(undefined, createTlsServer({ key, cert }) as never);
    const url = `https://localhost:${through.port}`;
    await echoes(client(port, { proxy: { url, tls: { ca: certificates.ca } } }));
    const refused = client(port, { proxy: url }).connect();
    await expect(refused).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("through the proxy"),
    });
    expect(through.requests).toHaveLength(1);
  });

  it("is not asked for a tunnel for a password that may not be told, which the error says", async () => {
    const { url, requests } = await proxy();
    const me = client(0, {
      url: "ws://example.invalid/",
      proxy: url,
      credentials: { username: "ada", password: "p", preemptive: true },
    });
    await expect(me.connect()).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("option credentials.preemptive"),
    });
    expect(requests).toHaveLength(0);
  });

  it("may have a header called __proto__, which some versions of Node do not bear (CVE-2026-21710)", async () => {
    const server = await echoServer();
    const { url, requests } = await proxy(({ headers }) =>
      headers["proxy-authorization"] ? undefined : `${ASKS_BASIC}\r\n__proto__: x`,
    );
    await echoes(client(server.port, { proxy: { url, credentials: { username: "ada", password: "p" } } }));
    expect(requests).toHaveLength(2);
  });

  it("comes back through it when the tunnel is cut", async () => {
    const { port } = await echoServer();
    const { url, requests, tunnels } = await proxy();
    const me = client(port, { proxy: url, reconnect: { baseDelayMs: 1, maxDelayMs: 2 } });
    await me.connect();
    await comesBack(me, tunnels);
    expect(requests).toHaveLength(2);
  });

  it("follows a redirect through it, too", async () => {
    const { port } = await echoServer();
    const from = createServer((_, response) => response.end());
    from.on("upgrade", (_request, socket: Duplex) =>
      socket.end(`HTTP/1.1 302 Found\r\nLocation: http://localhost:${port}/\r\nContent-Length: 0\r\n\r\n`),
    );
    const { url, requests } = await proxy();
    const start = await listen(from);
    await echoes(client(start, { proxy: url, followRedirects: 1 }));
    expect(requests.map(({ url }) => url)).toEqual([`127.0.0.1:${start}`, `localhost:${port}`]);
  });
});

describe("a proxy that wants to know who is asking", () => {
  it.each<[string, (url: string) => ClientOptions["proxy"]]>([
    ["in its URL", (url) => url.replace("//", "//ada:p%40ss%3A@")],
    ["beside it", (url) => ({ url, credentials: { username: "ada", password: "p@ss:" } })],
  ])("is told by Basic when it asks, of the credentials %s, and the server is not", async (_, option) => {
    const server = await echoServer();
    const asked: IncomingMessage[] = [];
    server.wss.on("connection", (_socket, request) => asked.push(request));
    const { url, sent } = await proxy(({ headers }) => (headers["proxy-authorization"] ? undefined : ASKS_BASIC));
    await echoes(client(server.port, { proxy: option(url) }));
    expect(sent()).toEqual([undefined, basic("ada:p@ss:")]);
    expect(Object.keys(asked[0]?.headers ?? {}).filter((name) => name.includes("auth"))).toEqual([]);
  });

  it("is told at once when that is wished, and asked as some ask: by 401", async () => {
    const { port } = await echoServer();
    const credentials = { username: "ada", password: "p", preemptive: true };
    const eager = await proxy();
    await echoes(client(port, { proxy: { url: eager.url, credentials } }));
    expect(eager.sent()).toEqual([basic("ada:p")]);
    const odd = await proxy(({ headers }) =>
      headers["proxy-authorization"] ? undefined : '401 Who?\r\nWWW-Authenticate: Basic realm="p"',
    );
    await echoes(client(port, { proxy: odd.url.replace("//", "//ada:p@") }));
    expect(odd.sent()).toEqual([undefined, basic("ada:p")]);
  });

  it("gets a proof by Digest over CONNECT and where to, and at the next attempt at once", async () => {
    const server = await echoServer();
    const { url, requests, tunnels } = await proxy(({ headers }) => (headers["proxy-authorization"] ? undefined : digest()));
    const me = client(server.port, {
      proxy: { url, credentials: { username: "ada", password: "p" } },
      reconnect: { baseDelayMs: 1, maxDelayMs: 2 },
    });
    await me.connect();
    await comesBack(me, tunnels);
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    const counts = requests.slice(1).map(({ url: uri, headers }) => {
      const said = headers["proxy-authorization"] ?? "";
      const of = (name: string) => new RegExp(`[ ,]${name}="?([^",]+)`).exec(said)?.[1];
      const a2 = hash(`CONNECT:${uri}`);
      expect(of("response")).toBe(hash(`${hash("ada:p:p")}:n:${of("nc")}:${of("cnonce")}:auth:${a2}`));
      return of("nc");
    });
    expect(counts).toEqual(["00000001", "00000002"]);
  });

  it.each<[string, Answer, ClientOptions["proxy"] | object, string]>([
    [
      "refuses the password",
      () => ASKS_BASIC,
      { credentials: { username: "ada", password: "wr0ng" } },
      "user name or the password is refused (option proxy.credentials)",
    ],
    ["is told none", () => ASKS_BASIC, {}, "see option proxy.credentials"],
    [
      "asks for what is not spoken",
      () => "407 Who?\r\nProxy-Authenticate: NTLM",
      { credentials: { username: "ada", password: "wr0ng" } },
      "ntlm",
    ],
    [
      "asks by a Basic that is not allowed",
      () => ASKS_BASIC,
      { credentials: { username: "ada", password: "wr0ng", scheme: ["digest"] } },
      "proxy.credentials.scheme",
    ],
  ])("and %s, is final: the error says what to do, and not the password", async (_, answer, more, expected) => {
    const { url, requests } = await proxy(answer);
    const me = client(1, { proxy: { url, ...(more as object) }, reconnect: true });
    const error = await me.connect().then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: "REFUSED", status: 407, message: expect.stringContaining(expected) });
    expect(error.message).toContain(`through the proxy ${url}`);
    expect(error.message).not.toContain("wr0ng");
    expect(me.state).toBe("disconnected");
    expect(requests.length).toBeLessThanOrEqual(2);
  });
});

describe("a proxy that lets nobody through", () => {
  it.each<[string, string, string, string]>([
    ["403", "403 Forbidden", "REFUSED", "does not let anybody through to 127.0.0.1:1, or not you"],
    ["404", "404 Not Found", "REFUSED", "HTTP 404"],
    ["502", "502 Bad Gateway", "CONNECT_FAILED", "does not reach 127.0.0.1:1"],
    ["504", "504 Gateway Timeout", "CONNECT_FAILED", "does not reach 127.0.0.1:1"],
  ])("is told with %s", async (_, answer, code, expected) => {
    const { url } = await proxy(() => answer);
    const refused = client(1, { proxy: url }).connect();
    await expect(refused).rejects.toMatchObject({
      code,
      status: Number.parseInt(answer, 10),
      message: expect.stringContaining(expected),
    });
  });

  it("is told when nothing is there, when it is silent, and when it speaks no HTTP", async () => {
    const gone = createTcpServer();
    const port = await listen(gone);
    await new Promise((resolve) => gone.close(resolve));
    const nobody = client(1, { proxy: `http://127.0.0.1:${port}` }).connect();
    await expect(nobody).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("is the proxy running?"),
    });

    const silent = await listen(createTcpServer((socket) => socket.on("error", () => {}).resume()));
    const slow = client(1, { proxy: { url: `http://127.0.0.1:${silent}`, timeoutMs: 50 } }).connect();
    const within = "no tunnel within 50 ms (option proxy.timeoutMs)";
    await expect(slow).rejects.toMatchObject({ code: "CONNECT_FAILED", message: expect.stringContaining(within) });

    const other = await listen(createTcpServer((socket) => socket.on("error", () => {}).end("SSH-2.0-x\r\n")));
    await expect(client(1, { proxy: `http://127.0.0.1:${other}` }).connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    const endless = await listen(
      createTcpServer((socket) => {
        socket.on("error", () => {}).write("HTTP/1.1 200 OK\r\n");
        const more = (): void => void (!socket.destroyed && socket.write(`X: ${"y".repeat(1_000)}\r\n`, more));
        more();
      }),
    );
    await expect(client(1, { proxy: `http://127.0.0.1:${endless}` }).connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  });

  it("is let go of when the client no longer wants to connect", async () => {
    const server = createTcpServer((socket) => socket.on("error", () => {}).resume());
    const arrived = next<Socket>((listen) => server.on("connection", listen));
    const port = await listen(server);
    const me = client(1, { proxy: `http://127.0.0.1:${port}` });
    const connecting = me.connect().catch((error) => error.code);
    const socket = await arrived;
    const closed = new Promise((resolve) => socket.on("close", resolve));
    me.dispose();
    await closed;
    expect(await connecting).toBe("ABORTED");
  });
});

describe('proxy: "environment"', () => {
  const NAMES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
  const set = (values: Record<string, string>) => {
    for (const name of NAMES) {
      vi.stubEnv(name, values[name] ?? "");
      vi.stubEnv(name.toLowerCase(), "");
    }
  };

  it("reads the proxy for ws and for wss, and whom to ask without one, at each attempt", async () => {
    const { port } = await echoServer();
    const { key, cert } = certificates.localhost;
    const secure = await echoServer({}, createTlsServer({ key, cert }));
    const [plain, other] = [await proxy(), await proxy()];
    set({ HTTP_PROXY: plain.url, HTTPS_PROXY: other.url });
    const me = client(port, { proxy: "environment" });
    await echoes(me);
    await echoes(client(0, { url: `wss://localhost:${secure.port}/`, tls: { ca: certificates.ca }, proxy: "environment" }));
    expect([plain.requests.length, other.requests.length]).toEqual([1, 1]);
    await me.disconnect();
    set({ HTTP_PROXY: plain.url, NO_PROXY: "localhost,127.0.0.1" });
    await echoes(me);
    set({});
    await echoes(client(port, { proxy: "environment" }));
    set({ ALL_PROXY: other.url.replace("//", "//ada:p@") });
    await echoes(client(port, { proxy: "environment" }));
    expect([plain.requests.length, other.requests.length]).toEqual([1, 2]);
    vi.unstubAllEnvs();
  });

  it("speaks HTTP to a proxy without a scheme, for wss too", async () => {
    const { key, cert } = certificates.localhost;
    const secure = await echoServer({}, createTlsServer({ key, cert }));
    const through = await proxy();
    for (const name of ["HTTPS_PROXY", "ALL_PROXY"]) {
      set({ [name]: through.url.slice("http://".length) });
      await echoes(client(0, { url: `wss://localhost:${secure.port}/`, tls: { ca: certificates.ca }, proxy: "environment" }));
    }
    expect(through.requests).toHaveLength(2);
    vi.unstubAllEnvs();
  });

  it("says so when what it names is no proxy, without a password that may be in it", async () => {
    set({ ALL_PROXY: "socks5://ada:s3cret@proxy:1080" });
    const error = await client(1, { proxy: "environment" })
      .connect()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining(
        "from the environment: expected in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY the http(s):// URL",
      ),
    });
    expect(error.message).not.toContain("s3cret");
    vi.unstubAllEnvs();
  });
});

describe("what is wrong with option proxy", () => {
  it.each<[string, unknown, string]>([
    ["another scheme", "socks5://ada:s3cret@p:1", "option proxy: expected"],
    ["a path", "http://p:1/path", "option proxy: expected"],
    ["no URL", "p:3128", 'such as "http://proxy.example:3128" (no SOCKS); what it got is not shown'],
    ["a password without a user", "http://:s3cret@p:1", "option proxy: expected"],
    ["malformed percent signs", "http://a:s3cret%ff@p:1", "option proxy: expected"],
    ["a number", 3128, "option proxy: expected"],
    ["an object without a URL", {}, "option proxy.url: expected the http(s):// URL"],
    ["a wrong URL in an object", { url: "ftp://ada:s3cret@p" }, "option proxy.url: expected"],
    ["an unknown part", { url: "http://p", port: 1 }, "option proxy.port: unknown"],
    [
      "a user name that is none",
      { url: "http://p", credentials: { username: "a:b", password: "s3cret" } },
      "option proxy.credentials.username",
    ],
    [
      "a password that is none",
      { url: "http://p", credentials: { username: "a", password: "s3cret\n" } },
      "option proxy.credentials.password",
    ],
    [
      "credentials twice",
      { url: "http://a:s3cret@p", credentials: { username: "a", password: "s3cret" } },
      "both in the URL and beside it",
    ],
    ["a time that is none", { url: "http://p", timeoutMs: 0 }, "option proxy.timeoutMs: expected a whole number from 1 to"],
    ["TLS that is none", { url: "https://p", tls: { ca: 1 } }, "option proxy.tls.ca"],
  ])("%s is told at once", (_, value, expected) => {
    let error: Error | undefined;
    try {
      client(1, { proxy: value as string });
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining(expected) });
    expect(error?.message).not.toContain("s3cret");
  });

  it("is not for another socket class", async () => {
    const refused = client(1, { proxy: "http://p", webSocket: ws as never }).connect();
    await expect(refused).rejects.toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining("option proxy") });
  });
});
