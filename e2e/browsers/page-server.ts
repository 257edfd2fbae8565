import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const DIST = new URL("../../packages/client/dist/", import.meta.url);

/** Loads the UMD build and keeps a log of what a client tells, for the tests to ask. */
const SCRIPT_PAGE = `<!doctype html><meta charset="utf-8"><title>script tag</title>
<script src="/websockets-simple.umd.min.js"></script>
<script>
  var log = [];
  function start(options, token) {
    window.client = new WebsocketsSimple.WebsocketClient(options, token);
    client.on("connection", function (e) { log.push([e.type, e.code, e.reason].filter(Boolean).join(" ")); });
    client.on("message", function (e) { log.push(e.type + " " + (typeof e.message === "string" ? e.message : "bytes " + Array.from(e.message))); });
    client.on("error", function (e) { log.push("error " + e.error.code); });
    return client;
  }
</script>`;

const MODULE_PAGE = `<!doctype html><meta charset="utf-8"><title>module</title>
<script type="module">
  import { WebsocketClient } from "/websockets-simple.browser.mjs";
  window.WebsocketClient = WebsocketClient;
</script>`;

/** A worker that connects and sends what it is told; it tells what it receives. */
const WORKER = `import { WebsocketClient } from "/websockets-simple.browser.mjs";
onmessage = async ({ data: { url, text } }) => {
  const client = new WebsocketClient({ url });
  client.on("message", ({ type, packet }) => type === "received" && postMessage(packet.data));
  await client.connect();
  await client.send(text);
};`;

const FILES: Readonly<Record<string, { type: string; body: () => Promise<string | Buffer> }>> = {
  "/": { type: "text/html", body: async () => SCRIPT_PAGE },
  "/module": { type: "text/html", body: async () => MODULE_PAGE },
  "/worker.js": { type: "text/javascript", body: async () => WORKER },
  "/websockets-simple.umd.min.js": { type: "text/javascript", body: () => read("websockets-simple.umd.min.js") },
  "/websockets-simple.browser.mjs": { type: "text/javascript", body: () => read("websockets-simple.browser.mjs") },
};

const read = (name: string): Promise<Buffer> => readFile(fileURLToPath(new URL(name, DIST)));

/** Serves the pages above on a free loopback port, by https when given a certificate. */
export async function servePages(tls?: { key: string; cert: string }) {
  const server = tls ? createTlsServer(tls) : createServer();
  server.on("request", async ({ url = "" }, response) => {
    const file = FILES[url];
    response.setHeader("Content-Type", `${file?.type ?? "text/plain"}; charset=utf-8`);
    response.statusCode = file ? 200 : 404;
    response.end(file ? await file.body() : "not here");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://localhost:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
