// @ts-check
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { WebsocketServer } from "@websockets-simple/server";
import { Hono } from "hono";

const page = await readFile(new URL("page.html", import.meta.url), "utf8");
const script = await readFile(fileURLToPath(import.meta.resolve("@websockets-simple/client/umd")), "utf8");

const app = new Hono();
app.get("/", (context) => context.html(page));
app.get("/websockets-simple.js", (context) => context.body(script, 200, { "Content-Type": "text/javascript; charset=utf-8" }));

// Everybody who connects to /chat hears what each of them says.
const server = new WebsocketServer({ path: "/chat" });
server.on("message", ({ type, message }) => {
  if (type === "received" && typeof message === "string") void server.broadcast(message);
});
server.on("error", ({ error }) => console.error(error.message));

const httpServer = /** @type {import("node:http").Server} */ (
  serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => console.log(`http://localhost:${port}/`))
);
server.attach(httpServer);
await server.start();

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);

async function stop() {
  httpServer.close();
  await server.dispose();
  httpServer.closeIdleConnections();
}
