/**
 * What every server under load does alike. It is told what to run by its arguments, prints its port when it listens, and
 * its memory, after a collection, at each SIGUSR2.
 *
 *   node --expose-gc <server>.mjs --api raw|packets|fan [--engine own|ws] [--tls FOLDER] [--compression]
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    api: { type: "string", default: "raw" },
    engine: { type: "string", default: "own" },
    tls: { type: "string" },
    compression: { type: "boolean", default: false },
  },
});

/** What the server does with a message: `raw` echoes it, `packets` answers with a packet, `fan` sends it to all. */
export const api = values.api;

/** Which engine of ours runs. */
export const engine = values.engine;

/** Whether messages are compressed. */
export const compression = values.compression;

/** Where key and certificate lie, for those who want their paths. */
export const tlsFiles = values.tls && { key: join(values.tls, "key.pem"), cert: join(values.tls, "cert.pem") };

/** Key and certificate, or undefined. */
export const tls = tlsFiles && { key: readFileSync(tlsFiles.key), cert: readFileSync(tlsFiles.cert) };

/** A web server for those that need one to stand on. */
export const createWebServer = () => (tls ? createTlsServer(tls) : createServer());

/** Tells the parent that the server listens. @param {number} port */
export function listening(port) {
  process.on("SIGUSR2", async () => {
    // A second collection takes what the first one's finalizers let go of.
    for (let times = 0; times < 2; times++) {
      global.gc();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    console.log(JSON.stringify({ rss, heap: heapUsed + external }));
  });
  console.log(JSON.stringify({ port }));
}

/** The packet that answers another one, for servers that do not know packets. @param {{ data: unknown, timestamp: string }} packet */
export function answerTo({ data, timestamp }) {
  // As a packet is read: its time is a Date.
  const received = { data, timestamp: new Date(timestamp) };
  return { data: received.data, timestamp: new Date() };
}
