import { abortable, checkArguments, WebsocketsSimpleError } from "@websockets-simple/shared";
import { RememberingEmitter } from "./remembering-emitter.ts";

/** What may be done to a connection that waits to be accepted. */
export interface Acceptable {
  /** Keeps what comes of it, and reads no more. */
  awaitAcceptance(): void;
  /** Goes on. */
  accepted(): void;
  /** Turns it away. */
  sever(code: number, reason: string): unknown;
}

/** How connections are accepted. */
export interface AcceptOptions {
  /** Ends the loop when aborted: it fails with `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/** RFC 6455 section 7.4.1, IANA: a client of ours comes back, later. */
const TRY_AGAIN_LATER = 1013;

/** A method's type, so that what accepts users' connections fits where any are accepted. */
type Tell<C> = { tell(step: IteratorResult<C, void>): void }["tell"];

/** The connections that one loop has yet to accept. */
export class AcceptQueue<C> {
  readonly #max: number;
  /** The loop that is under way. */
  #loop: object | undefined;
  #isShut = false;
  readonly #waiting = new Map<C, Acceptable>();
  #reader: Tell<C> | undefined;

  /** @param max how many may wait */
  constructor(max: number) {
    this.#max = max;
  }

  /** A connection is there: it waits for the loop, where there is one. */
  offer(connection: C, peer: Acceptable): void {
    if (!this.#loop) return;
    const reader = this.#reader;
    if (!reader && this.#waiting.size >= this.#max) {
      peer.sever(TRY_AGAIN_LATER, `too many connections wait to be accepted: maxQueuedConnections ${this.#max}`);
      return;
    }
    peer.awaitAcceptance();
    this.#reader = undefined;
    if (reader) this.#accept(connection, peer, reader);
    else this.#waiting.set(connection, peer);
  }

  /** A connection is gone. */
  left(connection: C): void {
    this.#waiting.delete(connection);
  }

  /** Nobody accepts any more: those that wait stay, and are read. */
  end(): void {
    this.#loop = undefined;
    for (const peer of this.#waiting.values()) peer.accepted();
    this.#waiting.clear();
    this.#reader?.({ done: true, value: undefined });
    this.#reader = undefined;
  }

  /** The same for good. */
  shut(): void {
    this.#isShut = true;
    this.end();
  }

  /** Accepts, one after the other. */
  open(): AsyncIterableIterator<C, void> {
    if (this.#isShut) throw new WebsocketsSimpleError("INVALID_STATE", "accept: the server is disposed; make a new one");
    if (this.#loop) throw new WebsocketsSimpleError("INVALID_STATE", "accept: there is a loop over the server already");
    const loop: AsyncIterableIterator<C, void> = {
      next: () =>
        new Promise((resolve, reject) => {
          const [first] = this.#waiting;
          if (this.#loop !== loop) resolve({ done: true, value: undefined });
          else if (this.#reader) reject(new WebsocketsSimpleError("INVALID_STATE", "accept: wait for one before the next"));
          else if (first) {
            this.#waiting.delete(first[0]);
            this.#accept(first[0], first[1], resolve);
          } else this.#reader = resolve;
        }),
      return: () => {
        if (this.#loop === loop) this.end();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]: () => loop,
    };
    this.#loop = loop;
    return loop;
  }

  #accept(connection: C, peer: Acceptable, resolve: (step: IteratorResult<C, void>) => void): void {
    resolve({ done: false, value: connection });
    // The loop's body has a turn to listen before anything is told.
    setImmediate(() => peer.accepted());
  }
}

/** An emitter whose connections may be accepted in a loop as well. */
export abstract class AcceptingEmitter<Events, C> extends RememberingEmitter<Events> {
  /**
   * Those that wait for the loop.
   *
   * @internal
   */
  protected abstract readonly accepting: AcceptQueue<C>;

  /**
   * Accepts connections in a loop, one loop at a time: those that come from now on, until the server stops, or the loop is left.
   * A connection is open before it is accepted, but not read: nothing of it is lost to a loop over its messages that begins
   * before the first `await` of the loop's body. More than `maxQueuedConnections` that wait are closed with 1013. Events are told
   * all the same.
   *
   * @throws WebsocketsSimpleError `INVALID_STATE`: there is a loop already, or the server is disposed · `INVALID_ARGUMENT`
   */
  accept(options: AcceptOptions = {}): AsyncIterableIterator<C, void> {
    const { signal } = checkArguments("accept", options, ["signal"]);
    return abortable("accept", this.accepting.open(), signal);
  }

  /** The same as `accept()`, for `for await (const connection of server)`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<C, void> {
    return this.accept();
  }
}
