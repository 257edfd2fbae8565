/**
 * One side of bench/streams.mjs: it sends bytes that it makes as it goes, receives the other's, hashes both, and says how far
 * its memory has grown meanwhile.
 */
import { createHash } from "node:crypto";

const PIECE_BYTES = 65_536;

/** Pieces of a message of so many bytes, made one by one, each of them new; as a Web Stream. @param {number} bytes @param {import("node:crypto").Hash} hash */
function source(bytes, hash) {
  let made = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (made >= bytes) return controller.close();
        const piece = new Uint8Array(Math.min(PIECE_BYTES, bytes - made)).fill(made / PIECE_BYTES + 1);
        new DataView(piece.buffer).setFloat64(0, made);
        hash.update(piece);
        made += piece.length;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Sends one message of so many bytes. @param {{ createMessageWriter(options?: object): any }} sender @param {number} bytes */
export async function sendBytes(sender, bytes) {
  const hash = createHash("sha256");
  await source(bytes, hash).pipeTo(sender.createMessageWriter().writable);
  return hash.digest("hex");
}

/** Reads one message. @param {AsyncIterable<Uint8Array>} message */
export async function receiveBytes(message) {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of message) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, hash: hash.digest("hex") };
}

/** Watches this process's resident memory; the returned function says by how many bytes its peak lies above its start. */
export function watchMemory() {
  globalThis.gc?.();
  const start = process.memoryUsage.rss();
  let peak = start;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  return () => {
    clearInterval(timer);
    return Math.max(peak, process.memoryUsage.rss()) - start;
  };
}
