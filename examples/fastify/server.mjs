// @ts-check
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { WebsocketServer } from "@websockets-simple/server";
import Fastify from "fastify";

const page = await readFile(new URL("page.html", import.meta.url));
const script = await readFile(fileURLToPath(import.meta.resolve("@websockets-simple/client/umd")));

const app = Fastify();
app.get("/", (_request, reply) => reply.type("text/html; charset=utf-8").send(page));
app.get("/websockets-simple.js", (_request, reply) => reply.type("text/javascript; charset=utf-8").send(script));

// Everybody who connects to /chat hears what each of them says.
const server = new WebsocketServer({ path: "/chat" });
server.on("message", ({ type, message }) => {
  if (type === "received" && typeof message === "string") void server.broadcast(message);
});
server.on("error", ({ error }) => console.error(error.message));

server.attach(app.server);
// Fastify waits for its connections before it closes: these are ours to end.
app.addHook("preClose", () => server.dispose());
await server.start();
await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`http://localhost:${server.address?.port}/`);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => app.close());
