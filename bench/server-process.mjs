// The server under load, in a process of its own. It talks to its parent by IPC: { listening: port }, and on demand its figures.
import { WebsocketServer } from "@websockets-simple/server";

const server = new WebsocketServer({
  host: "127.0.0.1",
  pingIntervalMs: Number(process.argv[2]),
  connectionSuccessString: "welcome",
  compression: process.argv[3] === "echo" ? {} : false,
});
let largestConnectionCount = 0;
server.on("connection", () => {
  largestConnectionCount = Math.max(largestConnectionCount, server.connections.size);
});
if (process.argv[3] === "broadcast") {
  server.on("message", ({ type, packet }) => {
    if (type === "received") void server.broadcast(packet);
  });
}
if (process.argv[3] === "echo") {
  server.on("message", ({ type, message, connection }) => {
    if (type === "received") void connection.sendRaw(message);
  });
}

process.on("message", () => {
  global.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send({
    figures: { rss, heapUsed, external, cpuSeconds: (user + system) / 1e6, largestConnectionCount, stats: server.stats() },
  });
});
const { port } = await server.start();
process.send({ listening: port });
