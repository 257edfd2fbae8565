import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { serveRaw, switching } from "../../../testkit/raw-server.ts";
import { type ClientOptions, WebsocketClient } from "../src/index.ts";
import { askedWho, loginOf } from "../src/login-request.node.ts";
import { client, listen } from "./support/node.ts";

const hash = (name: string, text: string) => createHash(name).update(text).digest("hex");
const ADA = { username: "ada", password: "s3cret" };
const BASIC = 'Basic realm="x"';
const ANSWERS = { preemptive: false, scheme: ["basic"], algorithms: ["SHA-256"], basicWithoutTls: false } as const;
const digest = (nonce: string, more = "algorithm=SHA-256") =>
  `Digest realm="a \\"b\\"", nonce="${nonce}", qop="auth,auth-int", ${more}`;

/** Reads Digest by the letter of RFC 7616, with nothing of ours. */
function readDigest(header: string | undefined): Record<string, string> {
  const pairs = [...(header ?? "").matchAll(/([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)];
  return Object.fromEntries(pairs.map(([, name, quoted, plain]) => [name, quoted?.replace(/\\(.)/g, "$1") ?? plain]));
}

/** Whether it proves that the password is known. */
function isProof(request: IncomingMessage, username = ADA.username, password = ADA.password): boolean {
  const said = readDigest(request.headers.authorization);
  const name = said.algorithm === "MD5" ? "md5" : "sha256";
  const a1 = hash(name, `${username}:a "b":${password}`);
  const expected = hash(name, `${a1}:${said.nonce}:${said.nc}:${said.cnonce}:auth:${hash(name, `GET:${request.url}`)}`);
  return said.response === expected && said.uri === request.url && said.qop === "auth";
}

/** A server that asks as it is told: texts are challenges, and undefined lets the client in. */
async function asking(
  answer: (request: IncomingMessage, count: number) => string[] | undefined,
  status = 401,
  body = "who is it?",
) {
  const requests: IncomingMessage[] = [];
  const server = createServer();
  const wss = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests.push(request);
    const challenges = answer(request, requests.length);
    if (!challenges)
      return wss.handleUpgrade(request, socket, head, (open) => void open.on("message", (data) => open.send(`${data}`)));
    const lines = challenges.map((text) => `WWW-Authenticate: ${text}\r\n`).join("");
    return socket.end(`HTTP/1.1 ${status} No\r\n${lines}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, "latin1");
  });
  const sent = () => requests.map(({ headers }) => headers.authorization?.split(" ")[0]);
  return { requests, wss, port: await listen(server), sent };
}

const known = (request: IncomingMessage) => request.headers.authorization === `Basic ${btoa("ada:s3cret")}`;
const who = (port: number, credentials: object = {}, options: Partial<ClientOptions> = {}) =>
  client(port, { credentials: { ...ADA, ...credentials }, ...options });

describe("option credentials", () => {
  it("tells nothing before it is asked, then answers Basic once, on the same target, and talks", async () => {
    const { port, requests, sent } = await asking((request) => (known(request) ? undefined : [BASIC]));
    const me = who(port, {}, { path: undefined, query: { a: "b" }, headers: { "X-Key": "k" } });
    await me.connect();
    expect(sent()).toEqual([undefined, "Basic"]);
    expect(requests.map(({ url, headers }) => [url, headers["x-key"]])).toEqual(Array(2).fill(["/?a=b", "k"]));
    const messages = me[Symbol.asyncIterator]();
    await me.sendRaw("hello");
    expect((await messages.next()).value?.message).toBe("hello");
  });

  it("sends Basic at once when told to, and answers Digest where that is asked for", async () => {
    const basic = await asking((request) => (known(request) ? undefined : [BASIC]));
    await who(basic.port, { preemptive: true }).connect();
    expect(basic.sent()).toEqual(["Basic"]);
    const strict = await asking((request) => (isProof(request) ? undefined : [digest("n")]));
    await who(strict.port, { preemptive: true }).connect();
    expect(strict.sent()).toEqual(["Basic", "Digest"]);
    const only = await asking((request) => (isProof(request) ? undefined : [digest("n")]));
    await who(only.port, { preemptive: true, scheme: ["digest"] }).connect();
    expect(only.sent()).toEqual([undefined, "Digest"]);
  });

  it.each<[string, string[], object, string]>([
    ["SHA-256 before all", [BASIC, digest("1", "algorithm=MD5"), digest("2")], { algorithms: ["MD5", "SHA-256"] }, "SHA-256"],
    ["in one header", [`${BASIC}, ${digest("1", "algorithm=md5")}, ${digest("2", "algorithm=sha-256")}`], {}, "SHA-256"],
    ["MD5 before Basic, where it is allowed", [BASIC, digest("1", "opaque=o")], { algorithms: ["MD5"] }, "MD5"],
    ["Basic, where MD5 is not", [digest("1", "algorithm=MD5"), BASIC], {}, "Basic"],
    ["what is allowed", [digest("1"), BASIC], { scheme: ["basic"] }, "Basic"],
    ["past what cannot be read", ['Digest realm="x', `${digest("1")}, realm="twice"`, digest("2")], {}, "SHA-256"],
    ["past what is unknown", ["Negotiate", "NTLM abc=", digest("1", "algorithm=SHA-256-sess"), digest("2")], {}, "SHA-256"],
    ["past auth-int alone", [digest("1").replace("auth,auth-int", "auth-int"), BASIC], {}, "Basic"],
    ["past a digest without qop", ['Digest realm="x", nonce="n", algorithm=SHA-256', BASIC], {}, "Basic"],
  ])("picks of several challenges %s", async (_, challenges, allowed, expected) => {
    const { port, requests } = await asking((_request, count) => (count === 2 ? undefined : challenges));
    await who(port, allowed).connect();
    const { authorization } = requests[1]?.headers ?? {};
    if (expected === "Basic") return expect(authorization).toBe(`Basic ${btoa("ada:s3cret")}`);
    expect(isProof(requests[1] as IncomingMessage)).toBe(true);
    return expect(readDigest(authorization)).toMatchObject({
      algorithm: expected,
      nc: "00000001",
      realm: 'a "b"',
      username: "ada",
    });
  });

  it("proves itself in UTF-8: a name beyond ASCII as RFC 8187 writes it, and a realm as it came", async () => {
    const said = { username: "J\u00e4s\u00f8n 'Doe'", password: "hasło" };
    const realm = Buffer.from("Bücher \\\\").toString("latin1");
    const { port, requests } = await asking((_request, count) =>
      count === 2
        ? undefined
        : [`Digest realm="${realm}", nonce="n\\"", qop=auth, algorithm=SHA-256, opaque="o\\\\", charset=UTF-8`],
    );
    await who(port, said).connect();
    const request = requests[1] as IncomingMessage;
    const sent = readDigest(request.headers.authorization);
    expect(sent).toMatchObject({ "username*": "UTF-8''J%C3%A4s%C3%B8n%20%27Doe%27", nonce: 'n"', opaque: "o\\" });
    expect(Buffer.from(sent.realm ?? "", "latin1").toString()).toBe("Bücher \\");
    const a1 = hash("sha256", `${said.username}:Bücher \\:${said.password}`);
    expect(sent.response).toBe(hash("sha256", `${a1}:n":00000001:${sent.cnonce}:auth:${hash("sha256", "GET:/")}`));
  });

  it.each<[string, (request: IncomingMessage, count: number) => string[], object, (string | undefined)[]]>([
    ["Basic", () => [BASIC], {}, [undefined, "Basic"]],
    ["Basic before it was asked for", () => [BASIC], { preemptive: true }, ["Basic"]],
    ["Digest", (_, count) => [digest(`${count}`)], {}, [undefined, "Digest"]],
    ["Digest, with Basic then", (_, count) => [count === 1 ? digest("1") : BASIC], {}, [undefined, "Digest"]],
    [
      "Digest, stale for ever",
      (_, count) => [digest(`${count}`, "algorithm=SHA-256, stale=TRUE")],
      {},
      [undefined, "Digest", "Digest"],
    ],
  ])("is refused for good when %s is, whatever else is offered", async (_, answer, options, expected) => {
    const { port, sent } = await asking(answer);
    const me = who(port, options, { reconnect: true });
    await expect(me.connect()).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      status: 401,
      retryable: false,
      message: expect.stringMatching(
        /answered HTTP 401: who is it\? \(the user name or the password is refused \(option credentials\)\)/,
      ),
    });
    expect(me.state).toBe("disconnected");
    expect(sent()).toEqual(expected);
    // Whoever tries again begins anew: with nothing that was refused.
    await expect(me.connect()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(sent()[expected.length]).toBe(expected[0]);
  });

  it.each<[string, string[], object, RegExp]>([
    ["none", [], {}, /without a challenge that could be read/],
    ["one that does not end", ['Digest realm="'], {}, /without a challenge that could be read/],
    ["more than are read", [Array(17).fill(BASIC).join(",")], {}, /without a challenge that could be read/],
    [
      "MD5",
      [digest("1", "opaque=o")],
      {},
      /asks for Digest by MD5 \(credentials\.algorithms\), which option credentials does not answer/,
    ],
    ["an unknown algorithm", [digest("1", 'algorithm="<b>EVIL"')], {}, /Digest by an unknown algorithm,/],
    ["auth-int alone", [digest("1").replace("auth,", "")], {}, /Digest by SHA-256 without realm, nonce or qop="auth"/],
    ["an empty nonce", [digest("")], {}, /without realm, nonce or qop="auth"/],
    ["another scheme", ["Negotiate", `${"x".repeat(1_000)} a=b`], {}, /asks for negotiate, an unknown scheme, which/],
    ["Basic where that is not allowed", [BASIC], { scheme: ["digest"] }, /Basic \(credentials\.scheme\)/],
    ["Digest where that is not allowed", [digest("1")], { scheme: ["basic"] }, /Digest by SHA-256 \(credentials\.scheme\)/],
  ])("says why it does not answer a challenge: %s", async (_, challenges, options, message) => {
    const { port, requests } = await asking(() => challenges);
    await expect(who(port, options).connect()).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      status: 401,
      message: expect.stringMatching(message),
    });
    expect(requests.length).toBe(1);
  });

  it("uses a nonce again when it comes back, each time with the next count, and asks for a new one when that is over", async () => {
    let nonce = "first";
    const { port, wss, requests } = await asking((request) => {
      const said = readDigest(request.headers.authorization);
      if (isProof(request) && said.nonce === nonce) return undefined;
      return [digest(nonce, `algorithm=SHA-256${said.nonce === undefined ? "" : ", stale=true"}`)];
    });
    const me = who(port, {}, { reconnect: { baseDelayMs: 1, maxDelayMs: 1 } });
    const drop = () => {
      for (const socket of wss.clients) socket.terminate();
    };
    const shown = () => requests.map(({ headers }) => readDigest(headers.authorization)).map(({ nonce: used, nc }) => [used, nc]);
    await me.connect();
    drop();
    await expect.poll(() => [me.state, requests.length]).toEqual(["connected", 3]);
    nonce = "second";
    drop();
    await expect.poll(() => [me.state, requests.length]).toEqual(["connected", 5]);
    await me.disconnect();
    await me.connect();
    expect(shown()).toEqual([
      [undefined, undefined],
      ["first", "00000001"],
      ["first", "00000002"],
      ["first", "00000003"],
      ["second", "00000001"],
      ["second", "00000002"],
    ]);
    expect(new Set(requests.map(({ headers }) => readDigest(headers.authorization).cnonce)).size).toBe(6);
  });

  it("is not refused because a server that has started anew knows nothing of an earlier nonce", async () => {
    let nonce = "first";
    const { port, sent } = await asking((request) => {
      return isProof(request) && readDigest(request.headers.authorization).nonce === nonce ? undefined : [digest(nonce)];
    });
    const me = who(port);
    await me.connect();
    await me.disconnect();
    nonce = "second";
    await me.connect();
    expect(sent()).toEqual([undefined, "Digest", "Digest", "Digest"]);
  });

  it("goes along with redirects within the origin, and never to another, nor back from there", async () => {
    const there = await asking(() => [digest("evil"), BASIC]);
    const answers: Record<string, string> = {};
    const requests: [string, string | undefined][] = [];
    const server = createServer();
    server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      requests.push([request.url ?? "", request.headers.authorization?.split(" ")[0]]);
      const to = answers[request.url ?? ""];
      const status = to === undefined ? `401 x\r\nWWW-Authenticate: ${BASIC}` : `302 x\r\nLocation: ${to}`;
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    });
    const port = await listen(server);
    Object.assign(answers, { "/": "/a", "/a": `http://127.0.0.1:${there.port}/` });
    const options = { followRedirects: 5 };
    const me = who(port, { preemptive: true }, options);
    await expect(me.connect()).rejects.toMatchObject({ code: "UNAUTHORIZED", status: 401 });
    expect(requests).toEqual([
      ["/", "Basic"],
      ["/a", "Basic"],
    ]);
    expect(there.sent()).toEqual([undefined]);

    const back = createServer();
    back.on("upgrade", (_request, socket) => socket.end(`HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:${port}/b\r\n\r\n`));
    Object.assign(answers, { "/": `http://127.0.0.1:${await listen(back)}/` });
    await expect(who(port, { preemptive: true }, options).connect()).rejects.toMatchObject({ status: 401 });
    expect(requests.slice(2)).toEqual([
      ["/", "Basic"],
      ["/b", undefined],
    ]);
  });

  it("answers behind a redirect for the target that it leads to", async () => {
    const server = createServer();
    const requests: IncomingMessage[] = [];
    const wss = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      requests.push(request);
      if (request.url === "/") return socket.end("HTTP/1.1 307 x\r\nLocation: /there?x=1\r\n\r\n");
      if (isProof(request)) return wss.handleUpgrade(request, socket, head, () => {});
      return socket.end(`HTTP/1.1 401 x\r\nWWW-Authenticate: ${digest("n")}\r\nContent-Length: 0\r\n\r\n`);
    });
    await who(await listen(server), {}, { followRedirects: 1 }).connect();
    expect(requests.map(({ url }) => url)).toEqual(["/", "/there?x=1", "/there?x=1"]);
  });

  it("tells Basic nobody on the way: over TLS, to this machine, or where it is allowed", async () => {
    const { ca, localhost } = makeCertificates();
    const secure = createTlsServer({ key: localhost.key, cert: localhost.cert });
    const wss = new WebSocketServer({ noServer: true });
    secure.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (known(request)) return wss.handleUpgrade(request, socket, head, () => {});
      return socket.end(`HTTP/1.1 401 x\r\nWWW-Authenticate: ${BASIC}\r\nContent-Length: 0\r\n\r\n`);
    });
    await client(0, { url: `wss://localhost:${await listen(secure)}/`, tls: { ca }, credentials: ADA }).connect();

    // All of 127/8 is this machine; a name that leads there might lead elsewhere tomorrow, so only localhost is.
    const { port, sent } = await asking((request) => (known(request) ? undefined : [BASIC]));
    const elsewhere = (credentials: object) =>
      client(0, { url: `ws://0.0.0.0:${port}/`, credentials: { ...ADA, ...credentials } });
    await expect(elsewhere({}).connect()).rejects.toMatchObject({
      code: "UNAUTHORIZED",
      message: expect.stringMatching(/Basic without TLS \(credentials\.basicWithoutTls\)/),
    });
    await expect(elsewhere({ preemptive: true }).connect()).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(/credentials\.preemptive: no Basic without TLS/),
    });
    expect(sent()).toEqual([undefined]);
    // No stream is opened for it, whose failure nobody would hear of.
    const nowhere = client(0, { url: "ws://nowhere.invalid/", credentials: { ...ADA, preemptive: true } });
    await expect(nowhere.connect()).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await elsewhere({ basicWithoutTls: true }).connect();
    await elsewhere({ basicWithoutTls: true, preemptive: true }).connect();
    expect(sent()).toEqual([undefined, undefined, "Basic", "Basic"]);
  });

  it("is quoted by no message, though the server repeats it", async () => {
    for (const repeated of ["s3cret", btoa("ada:s3cret"), encodeURIComponent("ada:s3cret")]) {
      const { port } = await asking(() => [BASIC], 401, `no: ${repeated}!`);
      await expect(who(port).connect()).rejects.toThrow(/answered HTTP 401: no: \[token\]=*!/);
    }
  });

  it("is not told in place of a name either, in a challenge or a header", async () => {
    for (const repeated of ["s3cret", "Digest algorithm=S3CRET", "Digest algorithm=s3cret, x=y"]) {
      const { port } = await asking(() => [repeated]);
      const error = await who(port)
        .connect()
        .catch((thrown) => thrown);
      expect(error).toMatchObject({ code: "UNAUTHORIZED", message: expect.stringContaining("it asks for ") });
      expect(error.message).not.toMatch(/s3cret/i);
    }
    const { port } = await serveRaw(() => "HTTP/1.1 101 x\r\nUpgrade: s3cret\r\nConnection: Upgrade\r\n\r\n");
    await expect(who(port).connect()).rejects.toThrow(/upgraded to \[token\], not to websocket/);
  });

  it("is asked for by a server that has a header called __proto__, which some versions of Node do not bear (CVE-2026-21710)", async () => {
    const { port, heads } = await serveRaw((accept, head) =>
      head.includes("Authorization")
        ? switching(accept)
        : `HTTP/1.1 401 x\r\n__proto__: x\r\nWWW-Authenticate: ${BASIC}\r\nContent-Length: 0\r\n\r\n`,
    );
    await who(port).connect();
    expect(heads).toHaveLength(2);
    // Nor is that looked at which throws in them.
    const response = {
      statusCode: 401,
      rawHeaders: ["__proto__", "x", "WWW-Authenticate", BASIC],
      get headersDistinct() {
        throw new TypeError("dest[field].push is not a function");
      },
    };
    const login = loginOf({ ...ADA, ...ANSWERS }, {});
    const request = { url: new URL("ws://localhost/"), headers: {}, subprotocols: [], login };
    expect(askedWho(request, response as unknown as IncomingMessage)).toEqual({ isAgain: true, why: "" });
  });

  it("does not answer what is no 401, nor a 401 when there is none", async () => {
    const forbidden = await asking(() => [BASIC], 403);
    await expect(who(forbidden.port).connect()).rejects.toMatchObject({ code: "REFUSED", status: 403 });
    expect(forbidden.requests.length).toBe(1);
    const proxied = await asking(() => [BASIC], 407);
    await expect(who(proxied.port).connect()).rejects.toMatchObject({ code: "REFUSED", status: 407 });
    const asked = await asking(() => [BASIC]);
    await expect(client(asked.port, { followRedirects: 1 }).connect()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    expect(asked.requests.length).toBe(1);
  });

  it("does not go together with another Authorization", async () => {
    const { port, requests } = await asking(() => undefined);
    const options = { credentials: ADA, headers: { authorization: "Bearer x" } };
    await expect(client(port, options).connect()).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(/Authorization header/),
    });
    const token = client(port, { credentials: ADA, tokenIn: "header" }, "token");
    await expect(token.connect()).rejects.toMatchObject({ code: "INVALID_OPTION" });
    await client(port, { credentials: ADA, tokenIn: "query" }, "token").connect();
    expect(requests.length).toBe(1);
  });

  it.each<[object, RegExp]>([
    [{ password: "x" }, /credentials\.username: expected a text that is not empty, without colons and control characters$/],
    [{ username: "", password: "x" }, /credentials\.username/],
    [{ username: "a:b", password: "x" }, /credentials\.username/],
    [{ username: "a\nb", password: "x" }, /credentials\.username/],
    [{ username: "ada" }, /credentials\.password: expected a text without control characters$/],
    [{ username: "ada", password: 123_456 }, /credentials\.password/],
    [{ username: "ada", password: "hunter2\n" }, /credentials\.password/],
    [
      { username: "ada", password: "hunter2", scheme: [] },
      /credentials\.scheme: expected a list of basic and digest, or of one of them/,
    ],
    [{ username: "ada", password: "hunter2", scheme: ["bearer"] }, /credentials\.scheme/],
    [
      { username: "ada", password: "hunter2", algorithms: ["SHA-1"] },
      /credentials\.algorithms: expected a list of SHA-256 and MD5/,
    ],
    [{ username: "ada", password: "hunter2", preemptive: "yes" }, /credentials\.preemptive: expected boolean/],
    [{ username: "ada", password: "hunter2", basicWithoutTls: 1 }, /credentials\.basicWithoutTls: expected boolean/],
    [{ username: "ada", password: "hunter2", user: 1 }, /credentials\.user: unknown/],
  ])("is checked by the constructor, which shows no secret: %j", (credentials, message) => {
    const make = () => new WebsocketClient({ url: "ws://localhost/", credentials: credentials as typeof ADA });
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }));
    expect(make).not.toThrow(/hunter2|123456/);
  });

  it("does not go together with option webSocket", async () => {
    const me = client(1, { credentials: ADA, webSocket: WebSocketServer as never });
    await expect(me.connect()).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringMatching(/option credentials/),
    });
  });
});
