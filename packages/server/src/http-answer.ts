import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "./clock.ts";

/** A request that is answered with a status and one plain sentence, after which its connection closes. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  /** Further response headers; of a list each has a line of its own. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** How long a refused peer has to take its answer and go, in milliseconds. */
export const LINGER_MS = 1_000;

/** The headers of every answer. */
export function answerHeaders(refusal: Refusal): Record<string, string | string[]> {
  return {
    ...(refusal.headers as Record<string, string | string[]> | undefined),
    Connection: "close",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(refusal.reason)),
  };
}

/**
 * Writes an HTTP answer to a bare stream and closes it. What the peer still sends is read and dropped for a while: to
 * close over unread bytes would reset the connection, and the answer might be lost with it.
 */
export function answer(stream: Duplex, refusal: Refusal, clock: Clock): void {
  stream.on("error", () => {});
  if (stream.destroyed || stream.writableEnded) return;
  const headers = Object.entries(answerHeaders(refusal)).flatMap(([name, value]) =>
    [value].flat().map((line) => `${name}: ${line}\r\n`),
  );
  stream.once(
    "close",
    clock.after(LINGER_MS, () => stream.destroy()),
  );
  stream.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ""}\r\n${headers.join("")}\r\n${refusal.reason}`);
  stream.resume();
}
