import type { Duplex } from "node:stream";
import { copyFrom } from "./exact-copy.ts";

/** What ws keeps of a message that is not complete. */
interface Receiver {
  /** Payloads of fragments. */
  readonly _fragments?: Buffer[];
  /** Reads that are not a whole frame yet. */
  readonly _buffers?: Buffer[];
}

/** A WebSocket of ws, of whichever role. */
interface WsSocket {
  on(event: "message", listener: () => void): unknown;
}

/**
 * Keeps what ws retains of an incomplete message near the size of its payload. ws keeps slices of what the stream read,
 * up to 64 KiB at a time: a fragment of one byte would hold all that came with it, such as pongs, which nothing bounds.
 * What it may hold besides the payload is one such read, in which the last frame began.
 *
 * No public option of ws does that. Should these fields ever be gone, nothing is put together, and the suite fails.
 */
export function keepSmall(socket: WsSocket, stream: Duplex): void {
  const { _receiver: receiver } = socket as { _receiver?: Receiver };
  /** How many fragments are copies already. */
  let copies = 0;
  socket.on("message", () => (copies = 0));
  // ws listens too, and did so first: it has read the chunk by now.
  stream.on("data", () => {
    const { _fragments: fragments, _buffers: reads } = receiver ?? {};
    if (fragments && fragments.length > copies) copies = copyFrom(fragments, copies);
    // All but the first are whole: only the new one, and a small one before it, can be in need of it.
    if (reads && reads.length > 1) copyFrom(reads, reads.length - 1);
  });
}
