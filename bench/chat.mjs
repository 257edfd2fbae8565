// 1,000 clients, 100 packets a second among them, each sent on to everybody: is every packet at every client, once, in its sender's order?
import { WebsocketClient } from "@websockets-simple/client";
import { numbers, openAll, quantiles, report, startServer } from "./harness.mjs";

const { connections, seconds, rate } = numbers({ connections: 1_000, seconds: 60, rate: 100 });

const server = await startServer(120_000, "broadcast");
const total = rate * seconds;
const latenciesMs = [];
let repeated = 0;
let disordered = 0;
let rejected = 0;
const clients = await openAll(connections, 100, async (index) => {
  const client = new WebsocketClient({ url: server.url, heartbeat: false });
  /** Which packets this client has had, and the last of each sender: nothing may come twice, or overtake. */
  const had = new Uint8Array(total);
  const lastOf = new Int32Array(connections).fill(-1);
  const state = { client, count: 0 };
  client.on("message", ({ type, packet }) => {
    if (type !== "received" || packet.number === undefined) return;
    const { number, sentAt } = packet;
    if (had[number]++) repeated++;
    if (number < lastOf[number % connections]) disordered++;
    lastOf[number % connections] = number;
    state.count++;
    if (index % 50 === 0) latenciesMs.push(performance.now() - sentAt);
  });
  await client.connect();
  return state;
});

const before = await server.figures();
const startedAt = performance.now();
for (let number = 0; number < total; number++) {
  const waitMs = startedAt + (number * 1000) / rate - performance.now();
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  const { client } = clients[number % connections];
  client.send({ data: "hello, everybody", number, sentAt: performance.now() }).catch(() => rejected++);
}
const elapsedSeconds = (performance.now() - startedAt) / 1000;
const deadline = performance.now() + 30_000;
while (clients.some(({ count }) => count < total) && performance.now() < deadline)
  await new Promise((resolve) => setTimeout(resolve, 50));
const after = await server.figures();

const delivered = clients.reduce((sum, { count }) => sum + count, 0);
report(`${total} packets to ${connections} clients at ${rate} a second`, {
  delivered: `${delivered} of ${total * connections}`,
  lost: total * connections - delivered,
  "repeated, or out of a sender's order": repeated + disordered,
  "sends rejected": rejected,
  took: `${elapsedSeconds.toFixed(1)} s (${seconds} s planned)`,
  "latency in ms, every 50th client": JSON.stringify(quantiles(latenciesMs)),
  "server CPU": `${(((after.cpuSeconds - before.cpuSeconds) / elapsedSeconds) * 100).toFixed(0)} % of one core`,
});
for (const { client } of clients) client.dispose();
server.stop();
