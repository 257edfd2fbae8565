import type { Duplex } from "node:stream";

/** Who waits for what the application answers, and what ends the wait. */
export interface Asker {
  /** Aborted when the peer has left: nobody waits for the answer any more, though what runs goes on. */
  readonly gone: AbortSignal;
  /** The end of the server: what runs is given up. */
  readonly stop: StopSignal;
  /** Where it came from. */
  readonly address: string;
  /** What it came by. */
  readonly stream: Duplex;
}

/** Tells all that wait for something that the server stops. To wait here and to leave costs the same however many wait. */
export class StopSignal {
  readonly #waiting = new Set<() => void>();
  #isStopped = false;

  /** Whether the server has stopped. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Calls `end` once the server stops; returns what takes that back. */
  onStop(end: () => void): () => void {
    this.#waiting.add(end);
    return () => void this.#waiting.delete(end);
  }

  /** The server stops. */
  stop(): void {
    this.#isStopped = true;
    for (const end of this.#waiting) end();
    this.#waiting.clear();
  }
}
