// Hostile sockets of every kind beside honest clients: what do these notice, and what does it cost the server?
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebsocketClient } from "@websockets-simple/client";
import { numbers, openAll, quantiles, report, startServer } from "./harness.mjs";

const { sockets, connections, seconds, rate } = numbers({ sockets: 1_000, connections: 100, seconds: 30, rate: 5 });
/** How long a reply may take before it counts as lost, in milliseconds. */
const PATIENCE_MS = 30_000;

const server = await startServer(120_000, "echo");
let lost = 0;
let dropped = 0;
const clients = await openAll(connections, 50, async () => {
  const client = new WebsocketClient({ url: server.url, reconnect: false });
  await client.connect();
  client.on("connection", ({ type }) => type === "disconnected" && dropped++);
  return client;
});

const quiet = await honestTraffic(Math.min(seconds, 10));
const before = await server.figures();

const hostile = fork(fileURLToPath(new URL("hostile/hostile-process.mjs", import.meta.url)), [
  new URL(server.url).port,
  String(sockets),
]);
const peak = { rss: 0, heapUsed: 0, external: 0 };
const watch = setInterval(async () => {
  const now = await server.figures();
  for (const name of Object.keys(peak)) peak[name] = Math.max(peak[name], now[name]);
}, 1_000);
const beset = await honestTraffic(seconds);
clearInterval(watch);
hostile.send("attempts");
const [{ attempts }] = await once(hostile, "message");
hostile.kill();
await once(hostile, "exit");
await settled();
const after = await server.figures();

const mebibytes = (bytes) => `${(bytes / 1_048_576).toFixed(0)} MiB`;
const memory = ({ rss, heapUsed, external }) =>
  `${mebibytes(rss)} RSS, ${mebibytes(heapUsed)} heap, ${mebibytes(external)} buffers`;
report(`${sockets} hostile sockets beside ${connections} honest clients for ${seconds} s`, {
  "honest replies": `${quiet.length + beset.length}, lost ${lost}, clients dropped ${dropped}`,
  "honest latency in ms before": JSON.stringify(quantiles(quiet)),
  "honest latency in ms meanwhile": JSON.stringify(quantiles(beset)),
  "server before": memory(before),
  "server meanwhile, the highest": memory(peak),
  "server after": memory(after),
  "server CPU meanwhile": `${(((after.cpuSeconds - before.cpuSeconds) / seconds) * 100).toFixed(0)} % of one core`,
  "connections left": after.stats.connections - connections,
});
report("Hostile attempts", attempts);
for (const client of clients) client.dispose();
server.stop();

/** Each client asks `rate` times a second; how long the replies took, in milliseconds. */
async function honestTraffic(forSeconds) {
  const latencies = [];
  const end = performance.now() + forSeconds * 1_000;
  const ask = async (client) => {
    while (performance.now() < end) {
      const from = performance.now();
      if (await isEchoed(client, `honest, at ${from}`)) latencies.push(performance.now() - from);
      else lost++;
      await pause(1_000 / rate);
    }
  };
  await Promise.all(clients.map(ask));
  return latencies;
}

/** Whether a text comes back before patience ends. */
function isEchoed(client, text) {
  return new Promise((resolve) => {
    const settle = (isHere) => {
      clearTimeout(timer);
      client.off("message", listen);
      resolve(isHere);
    };
    const listen = ({ type, message }) => type === "received" && message === text && settle(true);
    const timer = setTimeout(settle, PATIENCE_MS, false);
    client.on("message", listen);
    client.sendRaw(text).catch(() => settle(false));
  });
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the server has let go of those who are gone. */
async function settled() {
  const deadline = performance.now() + 15_000;
  while ((await server.figures()).stats.connections > connections && performance.now() < deadline) await pause(100);
}
