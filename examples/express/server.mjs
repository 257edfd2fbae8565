// @ts-check
import { fileURLToPath } from "node:url";
import { WebsocketServer } from "@websockets-simple/server";
import express from "express";

const page = fileURLToPath(new URL("page.html", import.meta.url));
const script = fileURLToPath(import.meta.resolve("@websockets-simple/client/umd"));

const app = express();
app.get("/", (_request, response) => response.sendFile(page));
app.get("/websockets-simple.js", (_request, response) => response.sendFile(script));

// Everybody who connects to /chat hears what each of them says.
const server = new WebsocketServer({ path: "/chat" });
server.on("message", ({ type, message }) => {
  if (type === "received" && typeof message === "string") void server.broadcast(message);
});
server.on("error", ({ error }) => console.error(error.message));

const httpServer = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${server.address?.port}/`);
});
server.attach(httpServer);
await server.start();

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);

async function stop() {
  httpServer.close();
  await server.dispose();
  httpServer.closeIdleConnections();
}
