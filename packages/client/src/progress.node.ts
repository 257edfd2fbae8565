import type { Socket } from "node:net";
import { takenBytes, writeGradually } from "@websockets-simple/engine/gradual-writes";

/**
 * How long a message that has to wait may be on its way after the kernel took some of it, or its rest, in milliseconds:
 * nobody tells of that, and the answer to a ping comes behind it.
 */
const TAIL_MS = 30_000;

/** How far a connection has come: what arrives, and what the network takes of what had to wait. */
export class Progress {
  readonly #stream: Socket;
  #hadToWait = false;
  #lastTaken = 0;
  #drained = 0;
  #waitedAt = Number.NEGATIVE_INFINITY;
  #tail = 0;

  constructor(stream: Socket) {
    writeGradually(stream);
    this.#stream = stream;
  }

  /** Whether nothing more can leave. */
  get isOver(): boolean {
    return this.#stream.destroyed;
  }

  /** Something had to wait, or what had to has left this process. */
  waited(): void {
    this.#waitedAt = performance.now();
  }

  /** A number that has grown since the last call when anything has moved. */
  count(bufferedBytes: number): number {
    const stream = this.#stream;
    const taken = stream.destroyed ? this.#lastTaken : takenBytes(stream);
    // What the kernel takes into an empty buffer says nothing of the other side; that it takes what had to wait does.
    if (this.#hadToWait) this.#drained += taken - this.#lastTaken;
    // The kernel takes it in lumps, which may be far between on a slow line.
    if (bufferedBytes > 0 && (!this.#hadToWait || taken !== this.#lastTaken)) this.waited();
    this.#hadToWait = bufferedBytes > 0;
    this.#lastTaken = taken;
    if (performance.now() - this.#waitedAt < TAIL_MS) this.#tail++;
    return stream.bytesRead + this.#drained + this.#tail;
  }
}
