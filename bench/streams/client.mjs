/** The client of bench/streams.mjs: `node client.mjs <options as JSON>`; it sends messages of some sizes, and reads the answers. */
import { readFileSync } from "node:fs";
import { WebsocketClient } from "@websockets-simple/client";
import { receiveBytes, sendBytes, watchMemory } from "./side.mjs";

const { url, ca, sizes } = JSON.parse(process.argv[2] ?? "{}");
const client = new WebsocketClient({ url, streams: true, ...(ca && { tls: { ca: readFileSync(ca) } }) });
const messages = client.messageStreams();
await client.connect();
for (const bytes of sizes) {
  const grown = watchMemory();
  const startMs = performance.now();
  const sent = await sendBytes(client, bytes);
  const { value } = await messages.next();
  const received = await receiveBytes(/** @type {any} */ (value));
  process.send?.({ received, sent, grownBytes: grown(), seconds: (performance.now() - startMs) / 1_000 });
}
await client.disconnect();
