import type { Duplex } from "node:stream";
import type { UpgradeHead } from "../socket.ts";
import type { Asker, StopSignal } from "./asker.ts";

const NOTHING = Buffer.alloc(0);

/**
 * A request on its way through the handshake. It holds a place among those that are pending until it is a connection,
 * refused or gone; and, though it be gone, as long as something of the application's still runs for it: peers who come and
 * go must not multiply that.
 */
export class Candidate implements Asker {
  readonly request: UpgradeHead;
  readonly stream: Duplex;
  /** Bytes that came with the request, until the engine has them. */
  head: Buffer;
  readonly stop: StopSignal;
  /** Made when it is asked for: most are not. */
  #gone: AbortController | undefined;
  #isGone = false;
  readonly #places: Set<Candidate>;
  readonly #leave = (): void => this.leave();
  #isOver = false;
  #isWorkedFor = false;

  /** Begins to watch for its leaving. */
  constructor(request: UpgradeHead, stream: Duplex, head: Buffer, places: Set<Candidate>, stop: StopSignal) {
    this.request = request;
    this.stream = stream;
    this.head = head;
    this.stop = stop;
    this.#places = places;
    stream.on("error", this.#leave).on("close", this.#leave).on("end", this.#leave);
  }

  /** Whether it has left. */
  get isGone(): boolean {
    return this.#isGone;
  }

  get gone(): AbortSignal {
    this.#gone ??= new AbortController();
    if (this.#isGone) this.#gone.abort();
    return this.#gone.signal;
  }

  /** Takes its place. */
  enter(): void {
    this.#places.add(this);
  }

  /** It is a connection, or refused: the place is free. */
  release(): void {
    this.#isOver = true;
    if (!this.#isWorkedFor) this.#places.delete(this);
  }

  /** It is gone. */
  leave(): void {
    this.#isGone = true;
    this.#gone?.abort();
    // One that was refused is left alone: its answer is on the way.
    if (!this.#places.has(this)) return;
    this.release();
    // A client that has said goodbye in an orderly way still holds its socket on this side.
    this.stream.destroy();
  }

  /** Ends the watch for its leaving: the engine has it now. What came with the request must not be held beside. */
  handOver(): void {
    this.head = NOTHING;
    this.stream.off("error", this.#leave).off("close", this.#leave).off("end", this.#leave);
  }

  /** Waits for something of the application's; until that settles, the place is kept. */
  async keepPlace<T>(working: Promise<T>): Promise<T> {
    this.#isWorkedFor = true;
    try {
      return await working;
    } finally {
      this.#isWorkedFor = false;
      if (this.#isOver) this.#places.delete(this);
    }
  }
}
