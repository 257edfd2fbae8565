import { UNTOLD_TURNS } from "../gradual-writes.ts";

/** Bytes that wait for a write to finish. */
interface Waiting {
  readonly bytes: Buffer;
  /** Messages that have left when these have, and their bytes of payload. */
  messages: number;
  payload: number;
}

/** So many bytes that waited are written at once: what is told of them is told of all. */
const BATCH_BYTES = 262_144;

/** What waits for a write that has not finished. */
export class Backlog {
  /** Frames behind that write, in memory of their own. */
  readonly #queue: Waiting[] = [];
  #size = 0;
  /** Messages that have left when that write has, and their bytes of payload. */
  writing = 0;
  writingPayload = 0;
  /** Whether the listener was told of it. */
  isTold = false;
  /** Who waits until nothing does any more. */
  readonly waiters: (() => void)[] = [];
  /** What the system had taken when that was last looked at, and in which turn it was last seen to take any. */
  #taken = 0;
  #since = 0;

  /** Bytes behind that write. */
  get size(): number {
    return this.#size;
  }

  /** Adds bytes that nobody will change. */
  add(bytes: Buffer): void {
    this.#queue.push({ bytes, messages: 0, payload: 0 });
    this.#size += bytes.length;
  }

  /** Counts messages that end with what was added last. */
  count(messages: number, payload: number): void {
    const last = this.#queue[this.#queue.length - 1];
    if (last) {
      last.messages += messages;
      last.payload += payload;
    } else {
      this.writing += messages;
      this.writingPayload += payload;
    }
  }

  /** A write begins. */
  begins(turn: number): void {
    this.#since = turn;
  }

  /** Whether the system takes none of it. A step that has left is told in a later turn, which may not have come to that yet. */
  standsStill(taken: number, turn: number): boolean {
    if (taken !== this.#taken) this.#since = turn;
    this.#taken = taken;
    return turn - this.#since > UNTOLD_TURNS;
  }

  /** Takes what is to be written next; nothing when nothing waits. */
  next(): Buffer[] {
    this.writing = this.writingPayload = 0;
    let bytes = 0;
    let count = 0;
    while (count < this.#queue.length && bytes < BATCH_BYTES) {
      const waiting = this.#queue[count++] as Waiting;
      bytes += waiting.bytes.length;
      this.writing += waiting.messages;
      this.writingPayload += waiting.payload;
    }
    this.#size -= bytes;
    return this.#queue.splice(0, count).map((waiting) => waiting.bytes);
  }
}
