// @ts-check
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { WebsocketServer } from "@websockets-simple/server";
import next from "next";

const port = Number(process.env.PORT ?? 3000);
const dir = fileURLToPath(new URL(".", import.meta.url));
const app = next({ dev: process.env.NODE_ENV !== "production", dir, port });
await app.prepare();
// From the first request on Next listens there for upgrades too, those of hot reloading.
const httpServer = createServer(app.getRequestHandler());

// Everybody who connects to /chat hears what each of them says. No page may have that path: Next would close its upgrades.
const server = new WebsocketServer({ path: "/chat" });
server.on("message", ({ type, message }) => {
  if (type === "received" && typeof message === "string") void server.broadcast(message);
});
server.on("error", ({ error }) => console.error(error.message));

server.attach(httpServer);
await server.start();
httpServer.listen(port, () => console.log(`http://localhost:${server.address?.port}/`));

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);

async function stop() {
  httpServer.close();
  await server.dispose();
  httpServer.closeAllConnections();
  await app.close();
  // While developing it would go on to watch files.
  process.exit();
}
