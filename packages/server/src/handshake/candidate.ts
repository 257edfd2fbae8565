import type { Duplex } from "node:stream";
import type { ClientOrigin } from "../addresses/client-origin.ts";
import type { UpgradeHead } from "../socket.ts";
import type { Asker, StopSignal } from "./asker.ts";

const NOTHING = Buffer.alloc(0);
/**
 * How much may come behind a request before that is answered, in bytes and in reads. A client MUST wait for the answer (RFC
 * 6455 section 4.1); one that does not is heard all the same, as long as it costs little.
 */
const MAX_BEHIND = 16_384;
const MAX_READS = 64;

/**
 * A request on its way through the handshake. It holds a place among those that are pending until it is a connection,
 * refused or gone; and, though it be gone, as long as something of the application's still runs for it: peers who come and
 * go must not multiply that.
 */
export class Candidate implements Asker {
  readonly request: UpgradeHead;
  readonly stream: Duplex;
  readonly origin: ClientOrigin;
  /** Bytes that came behind the request, until the engine has them. */
  #behind: Buffer[];
  #behindBytes = 0;
  /** Reads what comes while it waits; undefined: nobody does. */
  #keep: ((chunk: Buffer) => void) | undefined;
  readonly stop: StopSignal;
  /** Made when it is asked for: most are not. */
  #gone: AbortController | undefined;
  #isGone = false;
  readonly #places: Set<Candidate>;
  /** Watches for its leaving; undefined: nobody does. */
  #watch: (() => void) | undefined;
  #isOver = false;
  #isHandedOver = false;
  #isWorkedFor = false;

  constructor(
    request: UpgradeHead,
    stream: Duplex,
    head: Buffer,
    origin: ClientOrigin,
    places: Set<Candidate>,
    stop: StopSignal,
  ) {
    this.request = request;
    this.stream = stream;
    this.origin = origin;
    this.#behind = head.length > 0 ? [head] : [];
    this.#behindBytes = head.length;
    this.stop = stop;
    this.#places = places;
  }

  /** Whether it has left. */
  get isGone(): boolean {
    return this.#isGone;
  }

  get address(): string {
    return this.origin.address;
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

  /**
   * It has to wait: from now on its leaving is watched for, and it is read, so that this is seen behind whatever it has
   * sent. Most are judged at once, and need no watch.
   *
   * @param tooMuch called once, when too much comes; nobody waits for the answer any more
   */
  wait(tooMuch: () => void): void {
    if (this.#isOver || this.#isHandedOver) return;
    const judge = (): void => {
      if (this.#behindBytes <= MAX_BEHIND && this.#behind.length <= MAX_READS) return;
      this.#forget();
      tooMuch();
    };
    this.#keep = (chunk) => {
      this.#behind.push(chunk);
      this.#behindBytes += chunk.length;
      judge();
    };
    this.#watch = () => this.leave();
    this.stream.on("error", this.#watch).on("close", this.#watch).on("end", this.#watch).on("data", this.#keep).resume();
    judge();
  }

  /** Ends reading, and returns what came behind the request, which is not held beside. */
  takeBehind(): Buffer {
    this.#stopKeeping();
    const [first = NOTHING, ...more] = this.#behind;
    this.#behind = [];
    return more.length > 0 ? Buffer.concat([first, ...more]) : first;
  }

  /** It is a connection, or refused: the place is free. */
  release(): void {
    this.#isOver = true;
    this.#stopKeeping();
    if (!this.#isWorkedFor) this.#places.delete(this);
  }

  /** It is gone. */
  leave(): void {
    this.#forget();
    // One that was refused is left alone: its answer is on the way.
    if (!this.#places.has(this)) return;
    this.release();
    // A client that has said goodbye in an orderly way still holds its socket on this side.
    this.stream.destroy();
  }

  /** Nobody waits for it any more. Says whether it can be answered: who was accepted for the sake of its token is destroyed. */
  dismiss(): boolean {
    this.#forget();
    if (this.#isOver) return false;
    if (this.#isHandedOver) this.leave();
    return !this.#isHandedOver;
  }

  /** Ends the watch for its leaving: the engine has it now. */
  handOver(): void {
    this.#isHandedOver = true;
    if (!this.#watch) return;
    this.stream.off("error", this.#watch).off("close", this.#watch).off("end", this.#watch);
    this.#watch = undefined;
  }

  /** Nobody waits for it any more. */
  #forget(): void {
    this.#isGone = true;
    this.#gone?.abort();
    this.#behind = [];
    this.#stopKeeping();
  }

  #stopKeeping(): void {
    if (!this.#keep) return;
    this.stream.off("data", this.#keep).pause();
    this.#keep = undefined;
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
