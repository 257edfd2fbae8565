import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebsocketServer, WebsocketServerAuth } from "@websockets-simple/server";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { availableBrowsers, type Browser, type Page } from "../../testkit/browsers/index.ts";
import { makeCertificates } from "../../testkit/certificates.ts";
import { nextConnection, started } from "../started.ts";
import { servePages } from "./page-server.ts";

/** Firefox delays attempts to a port that failed by itself, by up to several seconds. */
const PATIENT = { timeoutMs: 30_000 };

const inLog = (page: Page, line: string, options = {}): Promise<void> =>
  page.waitFor((line) => log.includes(line), line, options);

describe.each(availableBrowsers())("in $name", ({ launch }) => {
  let browser: Browser;
  let pages: Awaited<ReturnType<typeof servePages>>;
  beforeAll(async () => {
    [browser, pages] = await Promise.all([launch(), servePages()]);
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
  });

  async function open(path = "/"): Promise<Page> {
    const page = await browser.open(pages.url + path);
    onTestFinished(() => page.close());
    return page;
  }

  it("packets, text and bytes go both ways by the script tag", async () => {
    const { server, url } = await started(new WebsocketServer({ host: "127.0.0.1", connectionSuccessString: "welcome" }));
    const received: unknown[] = [];
    server.on(
      "message",
      ({ type, message, packet }) => type === "received" && received.push(packet?.data ?? [...(message as Uint8Array)]),
    );
    const page = await open();
    const connecting = nextConnection(server);
    await page.evaluate(async (url) => {
      await start({ url }).connect();
      await client.send("żółć 👩‍🚀");
      await client.sendRaw("raw");
      await client.sendRaw(new Uint8Array([0, 128, 255]));
    }, url);
    const connection = await connecting;
    await connection.send("hello, page");
    await connection.sendRaw("raw");
    await connection.sendRaw(new Uint8Array([255, 0]));
    await inLog(page, "received bytes 255,0");
    const lines = await page.evaluate(() => log.filter((line) => line.startsWith("received")));
    expect(lines).toEqual(["received welcome", "received hello, page", "received raw", "received bytes 255,0"]);
    await expect.poll(() => received).toEqual(["żółć 👩‍🚀", "raw", [0, 128, 255]]);
    expect(connection.origin).toBe(pages.url);
  });

  it("whoever awaits each send can send any amount, though the server reads slowly", async () => {
    const { server, url } = await started(
      new WebsocketServer({ host: "127.0.0.1", rateLimit: { messagesPerSecond: 20, burst: 4 } }),
    );
    let bytes = 0;
    server.on("message", ({ message }) => {
      bytes += message.length;
    });
    const page = await open();
    const most = await page.evaluate(async (url) => {
      const client = start({ url, maxBufferedBytes: 4_000_000 });
      await client.connect();
      const megabyte = new Uint8Array(1_000_000);
      for (let n = 0; n < 20; n++) await client.sendRaw(megabyte);
      return megabyte.length;
    }, url);
    await expect.poll(() => bytes, { timeout: 20_000 }).toBe(20 * most);
  });

  it("the client answers pings by itself; a bare WebSocket that does not is severed with a reason", async () => {
    const { server, url } = await started(new WebsocketServer({ host: "127.0.0.1", pingIntervalMs: 300 }));
    const page = await open();
    await page.evaluate(async (url) => {
      await start({ url }).connect();
      const bare = new WebSocket(url);
      bare.onclose = ({ code, reason }) => log.push(`bare ${code} ${reason}`);
    }, url);
    await page.waitFor(() => log.some((line) => line.startsWith("bare 4408") && line.includes("pingIntervalMs 300")));
    expect(server.connections.size).toBe(1);
    expect(await page.evaluate(() => log)).not.toContain("received ping");
    expect(await page.evaluate(() => client.state)).toBe("connected");
  });

  it("a page whose script hangs stays connected: the browser itself answers RFC pings", async () => {
    const heartbeat = { intervalMs: 100, timeoutMs: 2_000 };
    const { server, url } = await started(new WebsocketServer({ host: "127.0.0.1", heartbeat }));
    const page = await open();
    await page.evaluate(async (url) => {
      const bare = new WebSocket(url);
      await new Promise((resolve) => (bare.onopen = resolve));
      const end = Date.now() + 4_000;
      while (Date.now() < end);
    }, url);
    expect([server.connections.size, server.stats().severed]).toEqual([1, {}]);
  });

  it("sees the code and reason of a severed connection, and comes back", async () => {
    const { server, url } = await started(new WebsocketServer({ host: "127.0.0.1" }));
    const page = await open();
    const connecting = nextConnection(server);
    await page.evaluate((url) => start({ url, reconnect: { baseDelayMs: 50 } }).connect(), url);
    await server.disconnectConnection(await connecting, 4000, "why not");
    await inLog(page, "reconnecting 4000 why not");
    await page.waitFor(() => log.filter((line) => line === "connected").length === 2, undefined, PATIENT);
  });

  it("comes back when the server was killed and is there again, and sends what waited, once", async () => {
    const first = await serverProcess(0);
    const page = await open();
    await page.evaluate((url) => start({ url, reconnect: { baseDelayMs: 100, maxDelayMs: 500 } }).connect(), first.url);
    first.child.kill("SIGKILL");
    await page.waitFor(() => client.state === "reconnecting" || client.state === "connecting");
    await page.evaluate(() => {
      client.send("kept").then(() => log.push("settled"));
    });
    await serverProcess(first.port);
    await inLog(page, "received echo kept", PATIENT);
    expect(await page.evaluate(() => log.filter((line) => line === "settled" || line.endsWith("kept")))).toEqual([
      "sent kept",
      "settled",
      "received echo kept",
    ]);
  });

  it("asks for a fresh token once when the server refuses, and is let in", async () => {
    const { server, url } = await started(
      new WebsocketServerAuth<string>(
        { host: "127.0.0.1", connectionUnauthorizedString: "who are you?" },
        { getId: (token) => (token === "fresh" ? "ada" : null) },
      ),
    );
    const page = await open();
    await page.evaluate((url) => {
      start({ url }, ({ fresh }) => (fresh ? "fresh" : "stale")).connect();
    }, url);
    await expect.poll(() => server.identities.has("ada"), { timeout: 10_000 }).toBe(true);
    expect(await page.evaluate(() => log)).toContain("reconnecting 4401 unauthorized: the token was refused");
  });

  it("sees a refused token as 4401 and stops", async () => {
    const { url } = await started(
      new WebsocketServerAuth<string>({ host: "127.0.0.1", connectionUnauthorizedString: "who are you?" }, { getId: () => null }),
    );
    const page = await open();
    await page.evaluate((url) => {
      start({ url }, "wrong").connect();
    }, url);
    await inLog(page, "disconnected 4401 unauthorized: the token was refused");
    expect(await page.evaluate(() => log)).toEqual([
      "connecting",
      "received who are you?",
      "error UNAUTHORIZED",
      "disconnected 4401 unauthorized: the token was refused",
    ]);
  });

  it.each(["subprotocol", "path", "query", "message"] as const)("carries the token in the %s", async (tokenIn) => {
    const { server, url } = await started(
      new WebsocketServerAuth<string>(
        { host: "127.0.0.1", tokenIn },
        { getId: (token) => (token === "s/ecret é" ? "ada" : null) },
      ),
    );
    const page = await open();
    await page.evaluate(([url, tokenIn]) => start({ url, tokenIn }, "s/ecret é").connect(), [url, tokenIn] as const);
    await expect.poll(() => server.identities.has("ada")).toBe(true);
  });

  it("works as a module, and inside a worker", async () => {
    const { server, url } = await started(new WebsocketServer({ host: "127.0.0.1" }));
    server.on("message", ({ type, packet, connection }) => type === "received" && connection?.send(`echo ${packet?.data}`));
    const page = await open("/module");
    await page.waitFor(() => "WebsocketClient" in window);
    const echo = await page.evaluate(async (url) => {
      const client = new WebsocketClient({ url });
      await client.connect();
      await client.send("module");
      for await (const { packet } of client) return packet?.data;
    }, url);
    expect(echo).toBe("echo module");
    const fromWorker = await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const worker = new Worker("/worker.js", { type: "module" });
          worker.onmessage = ({ data }) => resolve(data);
          worker.postMessage({ url, text: "worker" });
        }),
      url,
    );
    expect(fromWorker).toBe("echo worker");
  });

  it("says which options and codes a browser cannot have", async () => {
    const page = await open();
    const codes = await page.evaluate(async () => {
      const attempt = (run: () => unknown) => {
        try {
          run();
        } catch (error) {
          return (error as { code: string }).code;
        }
      };
      const client = new WebsocketsSimple.WebsocketClient({ url: "ws://localhost" });
      return [
        attempt(() => new WebsocketsSimple.WebsocketClient({ url: "ws://localhost", tls: {} })),
        attempt(() => new WebsocketsSimple.WebsocketClient({ url: "ws://localhost", tokenIn: "header" })),
        await client.disconnect(1001).catch((error) => error.code),
      ];
    });
    expect(codes).toEqual(["INVALID_OPTION", "INVALID_OPTION", "INVALID_ARGUMENT"]);
  });
});

describe.each(availableBrowsers())("over TLS in $name", ({ launch }) => {
  it("connects by wss where the certificate is trusted, and not where it is not", async () => {
    const { key, cert } = makeCertificates().localhost;
    const { url } = await started(new WebsocketServer({ host: "127.0.0.1", tls: { key, cert } }));
    const secure = url.replace("ws://127.0.0.1", "wss://localhost");
    const pages = await servePages({ key, cert });
    onTestFinished(pages.close);
    const [trusting, strict] = await Promise.all([launch({ ignoreHttpsErrors: true }), launch()]);
    onTestFinished(() => trusting.close());
    onTestFinished(() => strict.close());
    const page = await trusting.open(pages.url);
    await page.evaluate((url) => start({ url }).connect(), secure);
    expect(await page.evaluate(() => client.state)).toBe("connected");

    const plain = await servePages();
    onTestFinished(plain.close);
    const suspicious = await strict.open(plain.url);
    const code = await suspicious.evaluate(
      (url) =>
        start({ url, reconnect: false })
          .connect()
          .catch((error) => error.code),
      secure,
    );
    expect(code).toBe("CONNECT_FAILED");
  });
});

/** Runs a server in a process of its own; it ends with the test at the latest. */
async function serverProcess(port: number): Promise<{ child: ChildProcess; port: number; url: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("server-process.mjs", import.meta.url)), String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout as NodeJS.ReadableStream, "data");
  return { child, port: Number(line), url: `ws://127.0.0.1:${Number(line)}/` };
}
