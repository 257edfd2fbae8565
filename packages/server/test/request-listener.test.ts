import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, request as ask } from "node:http";
import { get as getSecurely } from "node:https";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { RawSocket, upgradeRequest, within } from "../../../testkit/raw-socket.ts";
import type { ServerOptions } from "../src/index.ts";
import { serve, TestClient, until } from "./support/harness.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const page: Answer = (request, response) => response.end(`${request.method} ${request.url}`);

const served = (requestListener: Answer, options: ServerOptions = {}) => serve({ requestListener, ...options });

/** A connection that is kept, on which answers with a body of known length come. */
async function keepAlive(port: number): Promise<RawSocket> {
  const raw = await RawSocket.connect(port);
  onTestFinished(() => raw.destroy());
  return raw;
}

describe("option requestListener", () => {
  test("answers plain requests on the server's own port, beside WebSockets", async () => {
    const { port, url, messages, server } = await served(page, { path: "/chat" });
    const answer = await fetch(`http://127.0.0.1:${port}/a?b`);
    expect([answer.status, await answer.text()]).toEqual([200, "GET /a?b"]);
    const client = await TestClient.connect(`${url}/chat`);
    client.send("hello");
    expect((await messages.one()).message).toBe("hello");
    await expect(TestClient.connect(`${url}/other`)).rejects.toMatchObject({ status: 404 });
    expect(server.stats().refusals).toEqual({ 404: 1 });
  });

  test("is given bodies, asks for them when they wait to be asked for, and streams", async () => {
    const { port } = await served(async (request, response) => {
      for await (const chunk of request) response.write(String(chunk).toUpperCase());
      response.end();
    });
    const sent = ask({ port, host: "127.0.0.1", method: "PUT", headers: { Expect: "100-continue" } });
    sent.on("continue", () => sent.end("hello"));
    const text = await new Promise<string>((resolve) =>
      sent.on("response", (response) => {
        let body = "";
        response
          .setEncoding("utf8")
          .on("data", (part) => (body += part))
          .on("end", () => resolve(body));
      }),
    );
    expect(text).toBe("HELLO");
  });

  test("answers by TLS where the server has a certificate", async () => {
    const { localhost, ca } = makeCertificates();
    const { port } = await served(page, { tls: { key: localhost.key, cert: localhost.cert }, host: "localhost" });
    const status = await new Promise((resolve, reject) =>
      getSecurely({ host: "localhost", port, ca }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on("error", reject),
    );
    expect(status).toBe(200);
  });

  test("keeps the connection for the next request, and for a WebSocket", async () => {
    const { port, connections } = await served(page);
    const raw = await keepAlive(port);
    for (let count = 0; count < 3; count++) {
      raw.write(GET);
      // Behind the body of the one before.
      expect(await raw.readHeadText()).toMatch(/HTTP\/1.1 200 .*\r\nConnection: keep-alive\r\n/s);
    }
    raw.write(upgradeRequest());
    expect(await raw.readHeadText()).toContain("HTTP/1.1 101 ");
    await connections.one(({ type }) => type === "connected");
  });

  test("where it throws or rejects, the client gets 500, `error` tells of it, and the others go on", async () => {
    const { port, errors } = await served((request, response) => {
      response.setHeader("Set-Cookie", "half=done");
      if (request.url === "/throws") throw new Error("no page");
      if (request.url === "/rejects") return Promise.reject(new Error("no page either"));
      if (request.url === "/midway") {
        response.write("half a page");
        throw new Error("the other half");
      }
      return response.end("fine");
    });
    const base = `http://127.0.0.1:${port}`;
    for (const path of ["/throws", "/rejects"]) {
      const answer = await fetch(base + path);
      expect([answer.status, answer.headers.get("set-cookie"), await answer.text()]).toEqual([
        500,
        null,
        "The request could not be answered.",
      ]);
    }
    await expect(fetch(`${base}/midway`).then((answer) => answer.text())).rejects.toThrow();
    expect(await (await fetch(base)).text()).toBe("fine");
    expect(errors.all.map(({ error }) => [error.code, error.message])).toEqual([
      ["LISTENER_FAILED", "option requestListener failed: no page"],
      ["LISTENER_FAILED", "option requestListener failed: no page either"],
      ["LISTENER_FAILED", "option requestListener failed: the other half"],
    ]);
  });

  test.each([
    ["without Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400],
    ["with two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
    ["with more headers than limits.maxHeaders", `GET / HTTP/1.1\r\nHost: x\r\n${"A: b\r\n".repeat(70)}\r\n`, 431],
    ["with more bytes than limits.maxHeaderBytes", `GET / HTTP/1.1\r\nHost: x\r\nA: ${"b".repeat(20_000)}\r\n\r\n`, 431],
    ["with a longer URL than limits.maxUrlBytes", `GET /${"a".repeat(9_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
    ["that is malformed", "GET / HTTP/1.1\r\nHost: x\r\nA: b\nc\r\n\r\n", 400],
    ["CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 405],
  ])("is not asked about a request %s", async (_, request, status) => {
    const asked: unknown[] = [];
    const { port, server } = await served((incoming, response) => {
      asked.push(incoming.url);
      response.end();
    });
    const raw = await keepAlive(port);
    raw.write(request);
    expect((await raw.readAnswer()).status).toBe(status);
    expect([asked, server.stats().refusals]).toEqual([[], { [status]: 1 }]);
  });

  test("a request whose head does not come is given up, on a connection that is kept too", async () => {
    const { port } = await served(page, { limits: { headersTimeoutMs: 100, checkIntervalMs: 20 } });
    const raw = await keepAlive(port);
    raw.write("GET / HTTP/1.1\r\n");
    expect((await raw.readHead()).status).toBe(408);
    const kept = await keepAlive(port);
    kept.write(GET);
    await kept.readHead();
    kept.write("GET / HTTP/1.1\r\n");
    expect(await kept.readToEnd()).toMatch(/^GET \/HTTP\/1.1 408 /);
  });

  test("what does not wait for its answer gets nothing into it: neither an upgrade nor a refusal", async () => {
    for (const behind of [upgradeRequest(), "nonsense\r\n\r\n"]) {
      let finish = (): void => {};
      const { port, server } = await served((_, response) => {
        response.write("half ");
        finish = () => response.end("whole");
      });
      const raw = await keepAlive(port);
      raw.write(GET + behind);
      const text = await raw.readToEnd();
      expect(text).not.toMatch(/101|400/);
      expect(server.connections.size).toBe(0);
      finish();
    }
  });

  test("no client asks for more than 128 answers ahead: its connection is closed", async () => {
    const asked: ServerResponse[] = [];
    const { port } = await served((_, response) => asked.push(response));
    const [fair, greedy] = [await keepAlive(port), await keepAlive(port)];
    fair.write(GET.repeat(128));
    await until("asked", () => asked.length === 128);
    greedy.write(GET.repeat(1_000));
    await greedy.whenOver();
    expect(asked).toHaveLength(256);
    asked[0]?.end();
    expect((await fair.readHead()).status).toBe(200);
  });

  test("must be a function", async () => {
    await expect(serve({ requestListener: {} as Answer })).rejects.toMatchObject({
      code: "INVALID_OPTION",
      message: expect.stringContaining("option requestListener: expected function"),
    });
  });
});

describe("stop(), with plain requests,", () => {
  test("closes connections that are kept, at once", async () => {
    const { port, server } = await served(page);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const raw = await keepAlive(port);
    raw.write(GET);
    await raw.readHead();
    await server.stop();
    await raw.whenOver();
    await server.start();
  });

  test("lets an answer that is under way come to its end, and says that the connection closes", async () => {
    const waiting: ServerResponse[] = [];
    const { port, server } = await served((_, response) => waiting.push(response), { closeTimeoutMs: 8_000 });
    const [early, late] = [await keepAlive(port), await keepAlive(port)];
    early.write(GET);
    await until("asked", () => waiting.length === 1);
    waiting[0]?.writeHead(200, { "Content-Length": 9 }).write("half ");
    late.write(GET);
    await until("asked again", () => waiting.length === 2);
    const stopping = server.stop();
    await until("it stops", () => waiting[1]?.hasHeader("Connection") === true);
    for (const response of waiting) response.end("done");
    expect(await early.readToEnd()).toMatch(/half done$/);
    expect(await late.readToEnd()).toMatch(/Connection: close\r\n.*done$/s);
    await within("stopped", stopping, 4_000);
  });

  test("waits for nothing that a client has asked for which has left, however much that was", async () => {
    let asked = 0;
    const { port, server } = await served(() => void asked++, { closeTimeoutMs: 8_000 });
    const raw = await keepAlive(port);
    raw.write(GET.repeat(50));
    await until("asked", () => asked === 50);
    raw.destroy();
    await within("stopped", server.stop(), 4_000);
  });

  test("waits no longer than closeTimeoutMs for one that does not end", async () => {
    const { port, server } = await served((_, response) => response.write("half"));
    const raw = await keepAlive(port);
    raw.write(GET);
    await raw.readHead();
    await within("stopped", server.stop());
    await raw.whenOver();
    await server.start();
  });
});
