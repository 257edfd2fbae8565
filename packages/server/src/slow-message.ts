import type { Unfinished } from "./socket.ts";

/**
 * So many bytes of a message begin its time anew. It must be more than a peer who only keeps a message open would bother to
 * send, and less than the slowest line carries: 4 KiB in 30 s are 137 bytes a second.
 */
export const MESSAGE_STEP_BYTES = 4_096;

/**
 * A message that has begun to come and is not complete. It lives from the sweep that first sees it to the one that does not,
 * so that a connection with nothing under way has none.
 */
export class SlowMessage {
  readonly #id: unknown;
  readonly #bytes: number;
  /** How many sweeps have seen it come no further. */
  sweeps = 0;

  constructor({ id, bytes }: Unfinished) {
    this.#id = id;
    this.#bytes = bytes;
  }

  /** Whether it is the same message still, and hardly more of it. */
  isStill({ id, bytes }: Unfinished): boolean {
    return id === this.#id && bytes - this.#bytes < MESSAGE_STEP_BYTES;
  }
}
