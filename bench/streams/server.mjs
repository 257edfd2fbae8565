/** The server of bench/streams.mjs: `node server.mjs <options as JSON>`; it answers each message with one of the same size. */
import { readFileSync } from "node:fs";
import { WebsocketServer } from "@websockets-simple/server";
import { receiveBytes, sendBytes, watchMemory } from "./side.mjs";

const { tls } = JSON.parse(process.argv[2] ?? "{}");
const server = new WebsocketServer({
  host: "127.0.0.1",
  ...(tls && { tls: { key: readFileSync(tls.key), cert: readFileSync(tls.cert) } }),
});
const { port } = await server.start();
process.send?.({ port });

for await (const connection of server) {
  for await (const message of connection.messageStreams()) {
    const grown = watchMemory();
    const received = await receiveBytes(/** @type {any} */ (message));
    const sent = await sendBytes(connection, received.bytes);
    process.send?.({ received, sent, grownBytes: grown() });
  }
}
