// 10,000 idle connections held through several rounds of pings: who was lost, and what one costs.
import { WebsocketClient } from "@websockets-simple/client";
import { numbers, openAll, report, startServer } from "./harness.mjs";

const { connections, seconds, pingSeconds } = numbers({ connections: 10_000, seconds: 60, pingSeconds: 10 });

const server = await startServer(pingSeconds * 1_000);
const before = await server.figures();
let lost = 0;
const startedAt = performance.now();
const clients = await openAll(connections, 100, async () => {
  const client = new WebsocketClient({ url: server.url, heartbeat: false, reconnect: false, connectTimeoutMs: 60_000 });
  await client.connect();
  client.on("connection", () => lost++);
  return client;
});
const connectMs = performance.now() - startedAt;
const after = await server.figures();
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const end = await server.figures();

report(`${connections} idle connections for ${seconds} s, a text ping every ${pingSeconds} s`, {
  "connections at the server, at the end": end.stats.connections,
  "lost on the way": lost,
  "opened per second": Math.round(connections / (connectMs / 1000)),
  "server RSS per connection": `${Math.round((after.rss - before.rss) / connections)} bytes`,
  "server heap per connection": `${Math.round((after.heapUsed - before.heapUsed) / connections)} bytes`,
  "server CPU while holding": `${(((end.cpuSeconds - after.cpuSeconds) / seconds) * 100).toFixed(1)} %`,
});
for (const client of clients) client.dispose();
server.stop();
