import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { client, echoServer, listen } from "./support/node.ts";

/** A server that answers each upgrade request with a redirect, and notes it. */
async function redirecting(to: (request: IncomingMessage) => string, status = 302) {
  const requests: IncomingMessage[] = [];
  const server = createServer();
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    requests.push(request);
    const location = to(request);
    socket.end(`HTTP/1.1 ${status} Elsewhere\r\n${location && `Location: ${location}\r\n`}Content-Length: 0\r\n\r\n`);
  });
  return { port: await listen(server), requests };
}

/** An echo that notes what it was asked. */
async function noting() {
  const requests: IncomingMessage[] = [];
  const { wss, port } = await echoServer();
  wss.on("connection", (_socket, request) => requests.push(request));
  return { port, requests };
}

const WHO = { headers: { "X-Key": "secret" }, cookies: { sid: "secret" }, origin: "https://example.com" };

describe("redirects", () => {
  it.each([301, 302, 303, 307, 308])("by %i are followed when asked for, and what is sent arrives", async (status) => {
    const there = await noting();
    const here = await redirecting(() => `http://127.0.0.1:${there.port}/there?a=b#c`, status);
    const me = client(here.port, { followRedirects: 1 });
    await me.connect();
    const messages = me[Symbol.asyncIterator]();
    for (const message of ["żółw", new Uint8Array(100_000).fill(7)]) {
      await me.sendRaw(message);
      expect((await messages.next()).value?.message).toEqual(message);
    }
    expect(there.requests[0]?.url).toBe("/there?a=b");
    await me.disconnect();
  });

  it("are refusals by default", async () => {
    const here = await redirecting(() => "http://127.0.0.1:1/");
    const me = client(here.port, { reconnect: true });
    await expect(me.connect()).rejects.toMatchObject({ code: "REFUSED", status: 302 });
  });

  it("within the origin keep who is asking, relative ones too", async () => {
    const requests: IncomingMessage[] = [];
    const server = createServer();
    const { wss, port } = await echoServer({ path: "/there" }, server);
    wss.on("connection", (_socket, request) => requests.push(request));
    server.prependListener("upgrade", (request: IncomingMessage, socket: Socket) => {
      if (request.url === "/here/x") socket.end("HTTP/1.1 307 Elsewhere\r\nLocation: ../there\r\n\r\n");
    });
    wss.shouldHandle = ({ url }) => url === "/there";
    const url = `ws://127.0.0.1:${port}/here/x`;
    await client(0, { url, followRedirects: 1, tokenIn: "header", ...WHO }, "secret token").connect();
    expect(requests[0]?.headers).toMatchObject({
      authorization: "Bearer secret token",
      "x-key": "secret",
      cookie: "sid=secret",
      origin: "https://example.com",
    });
  });

  const PLACES = ["header", "subprotocol", "query", "path"] as const;
  it.each(PLACES)("give nothing away to another origin: no token in its %s, no header and cookie", async (tokenIn) => {
    const there = await noting();
    const here = await redirecting(() => `http://127.0.0.1:${there.port}/`);
    const options = { followRedirects: 1, subprotocols: ["chat"], tokenIn, ...WHO };
    await client(here.port, options, "secret token").connect();
    const asked = there.requests[0] as IncomingMessage;
    expect(JSON.stringify([asked.url, asked.rawHeaders])).not.toMatch(/secret|example/);
    expect(asked.headers["sec-websocket-protocol"]).toBe("chat");
    expect(JSON.stringify([here.requests[0]?.url, here.requests[0]?.rawHeaders])).toMatch(/secret/);
  });

  it.each<[string, string, object, RegExp]>([
    ["more than are allowed", "/again", { followRedirects: 3 }, /more than 3 redirects \(option followRedirects\)/],
    ["to another scheme", "ftp://example.com/", {}, /redirects to ftp:.*nothing but http\(s\) and ws\(s\)/],
    ["to what is no URL", "http://[", {}, /redirects to http:\/\/\[: that is no URL/],
    ["with credentials", "http://ada:secret@127.0.0.1/", {}, /it bears credentials/],
    ["that would get the first message, the token", "http://127.0.0.1:1/", { tokenIn: "message" }, /would get the token/],
  ])("%s are refused for good, with a reason", async (_, location, options, message) => {
    const { port, requests } = await redirecting(() => location);
    const me = client(port, { followRedirects: 5, reconnect: true, ...options }, "token");
    await expect(me.connect()).rejects.toMatchObject({ code: "REFUSED", status: 302, message: expect.stringMatching(message) });
    expect(me.state).toBe("disconnected");
    expect(requests.length).toBe((options as { followRedirects?: number }).followRedirects ? 4 : 1);
  });

  it("from TLS to none are refused, and to TLS are followed", async () => {
    const { ca, localhost } = makeCertificates();
    const plain = await noting();
    const secure = createTlsServer({ key: localhost.key, cert: localhost.cert });
    secure.on("upgrade", (_request, socket) => socket.end(`HTTP/1.1 302 x\r\nLocation: http://localhost:${plain.port}/\r\n\r\n`));
    const port = await listen(secure);
    const options = { followRedirects: 1, tls: { ca } };
    const down = client(0, { url: `wss://localhost:${port}/`, ...options });
    await expect(down.connect()).rejects.toMatchObject({ code: "REFUSED", message: expect.stringMatching(/from TLS to none/) });
    expect(plain.requests).toEqual([]);
    const echo = await echoServer({}, createTlsServer({ key: localhost.key, cert: localhost.cert }));
    const up = await redirecting(() => `https://localhost:${echo.port}/`);
    await client(up.port, options).connect();
  });

  it("without a place, and other refusals, are told as without the option", async () => {
    const nowhere = await redirecting(() => "");
    await expect(client(nowhere.port, { followRedirects: 1 }).connect()).rejects.toMatchObject({ code: "REFUSED", status: 302 });
    const server = createServer((_request, response) => response.writeHead(503, { "Retry-After": "1" }).end("full"));
    const full = client(await listen(server), { followRedirects: 1 });
    await expect(full.connect()).rejects.toMatchObject({ status: 503, message: expect.stringMatching(/HTTP 503: full/) });
  });

  it("are followed anew by each attempt, and a connection comes back as any other", async () => {
    const { wss, port } = await echoServer();
    const here = await redirecting(() => `http://127.0.0.1:${port}/`);
    const me = client(here.port, { followRedirects: 1, reconnect: { baseDelayMs: 1, maxDelayMs: 1 } });
    await me.connect();
    for (const socket of wss.clients) socket.terminate();
    await expect.poll(() => here.requests.length).toBe(2);
    await me.sendRaw("back");
    const messages = me[Symbol.asyncIterator]();
    await me.sendRaw("again");
    const heard = [(await messages.next()).value?.message];
    expect(heard[0]).toMatch(/back|again/);
  });
});
