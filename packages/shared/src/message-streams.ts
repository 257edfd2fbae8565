import { checkArguments, checkSignal } from "./arguments.ts";
import { heartbeatText, type PING, type PONG } from "./classic.ts";
import { WebsocketsSimpleError } from "./errors.ts";
import { type AnyMessageStream, IncomingMessage, type StreamPort } from "./message-stream.ts";

/** How messages are read piece by piece. */
export interface MessageStreamsOptions {
  /**
   * The largest message in bytes, 1 to Infinity; beyond it the connection is closed with 1009. `maxPayload` does not bound what
   * is never held as a whole. Default: 1,073,741,824, a GiB.
   */
  maxBytes?: number | undefined;
  /**
   * How long what has come may lie unread, in milliseconds, 100 to 2,147,483,647 or Infinity; then the connection is closed with
   * 1011: this side is what does not get on. Meanwhile nothing is read from the network, and the other side hears pings. It is
   * looked at every 2 s. Default: 30,000.
   */
  stallTimeoutMs?: number | undefined;
  /** Ends it when aborted: the loop fails with `ABORTED`, and what has not come yet of the message under way is skipped. */
  signal?: AbortSignal | undefined;
}

/** A message as the engine tells of it, piece by piece. */
export interface PiecesIn {
  readonly maxBytes: number;
  piece(bytes: Uint8Array): void;
  end(): void;
  cut(): void;
}

/** What reading piece by piece needs of its connection. */
export interface StreamsPort {
  /** How much may be read as a whole, in bytes. */
  readonly maxPayload: number;
  /** Too much lies unread here, or no longer. */
  hold(): void;
  release(): void;
  /** One of the heartbeat's texts came. */
  beat(word: typeof PING | typeof PONG): void;
  /** A message came to its end, of so many bytes. */
  counted(bytes: number): void;
  /** A message is about to be told: calls back now, or when its time has come. */
  admit(tell: () => void): void;
  /** It is over: nothing is wanted any more. */
  detach(): void;
}

/** Reading goes on until so much lies unread: bytes, and messages. */
const MAX_HELD_BYTES = 65_536;
const MAX_HELD_MESSAGES = 64;
/** What may become one of the heartbeat's texts, as long as it is no longer than those may be. */
const MAY_BE_BEAT = /^\s*(?:p(?:[io](?:n(?:g\s*)?)?)?)?$/i;
const MAX_BEAT_LENGTH = 64;
const DEFAULT_MAX_BYTES = 1_073_741_824;
const DEFAULT_STALL_MS = 30_000;

type Step = IteratorResult<AnyMessageStream, void>;
const DONE: Step = Object.freeze({ done: true, value: undefined });

/** The messages of one connection as they come: one after the other, each piece by piece. */
export class MessageStreams implements AsyncIterableIterator<AnyMessageStream, void>, StreamPort {
  readonly #maxBytes: number;
  readonly #port: StreamsPort;
  readonly #signal: AbortSignal | undefined;
  /** Those that nobody has asked for yet, and the one that was handed out last. */
  readonly #messages: IncomingMessage[] = [];
  #current: IncomingMessage | undefined;
  /** The one that is under way, perhaps not told yet. */
  #begun: IncomingMessage | undefined;
  readonly #readers: { resolve(step: Step): void; reject(error: Error): void }[] = [];
  #heldBytes = 0;
  #isHeld = false;
  #isOver = false;
  #failure: Error | undefined;

  constructor(port: StreamsPort, { maxBytes, signal }: CheckedStreams) {
    this.#port = port;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
    if (signal?.aborted) this.#aborted();
    else signal?.addEventListener("abort", this.#aborted);
  }

  get maxPayload(): number {
    return this.#port.maxPayload;
  }

  /** Whether nothing more comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next message. One before it that nobody has begun to read is skipped. */
  next(): Promise<Step> {
    if (this.#current && !this.#current.isTaken) this.#current.abandon(skipped("the next message was asked for"));
    this.#current = this.#messages.shift();
    const value = this.#current as AnyMessageStream | undefined;
    if (value) {
      this.#look();
      return Promise.resolve({ done: false, value });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) return Promise.reject(failure);
    if (this.#isOver) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** Nobody wants any more: what waits is dropped, and the rest of what is under way skipped. */
  return(): Promise<Step> {
    this.#abandonAll(skipped("the loop over messageStreams was left"));
    this.end();
    return Promise.resolve(DONE);
  }

  /** Nothing more comes. What has come whole can still be read. */
  end(failure?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = failure;
    this.#signal?.removeEventListener("abort", this.#aborted);
    for (const { resolve, reject } of this.#readers.splice(0)) {
      if (this.#failure) reject(this.#failure);
      else resolve(DONE);
      this.#failure = undefined;
    }
    // Before all else is let go of: whoever reads the connection next shall find it read.
    this.#look();
    this.#port.detach();
  }

  /** This side closes the connection: what has not come whole will not be waited for. */
  cutOff(): void {
    const error = new WebsocketsSimpleError("CONNECTION_LOST", "this side closed the connection before the message had ended");
    for (const message of [this.#begun, this.#current, ...this.#messages]) message?.fail(error);
  }

  /** Nobody has read what came for too long: ends it, and says why it did. */
  stall(stallTimeoutMs: number): string {
    const why = `what came lies unread: messageStreams, stallTimeoutMs ${stallTimeoutMs}`;
    const error = new WebsocketsSimpleError("OVERFLOW", why);
    this.#abandonAll(error);
    this.end(error);
    return why;
  }

  /** A message begins. */
  begins(isText: boolean): PiecesIn {
    const decoder = isText ? new TextDecoder("utf-8", { ignoreBOM: true }) : undefined;
    const message = new IncomingMessage(isText ? "text" : "binary", this);
    this.#begun = message;
    let size = 0;
    let isTold = false;
    /** The beginning of what may be a heartbeat. */
    let start = "";
    const tell = (): void => {
      if (isTold) return;
      isTold = true;
      message.push(start);
      this.#port.admit(() => this.#tell(message));
    };
    const push = (piece: string | Uint8Array): void => {
      if (isTold) return void message.push(piece);
      if (typeof piece === "string") start += piece;
      if (typeof piece === "string" && start.length <= MAX_BEAT_LENGTH && MAY_BE_BEAT.test(start)) return;
      tell();
      if (typeof piece !== "string") message.push(piece);
    };
    return {
      maxBytes: this.#maxBytes,
      piece: (bytes) => {
        size += bytes.length;
        push(decoder ? decoder.decode(bytes, { stream: true }) : bytes);
      },
      end: () => {
        const word = isTold || !isText ? undefined : heartbeatText(start);
        if (word) return this.#port.beat(word);
        tell();
        this.#port.counted(size);
        message.complete();
        this.#begun = undefined;
      },
      cut: () => message.fail(new WebsocketsSimpleError("CONNECTION_LOST", "the connection ended before the message did")),
    };
  }

  /** A message that came whole, as compressed ones do. */
  whole(whole: string | Uint8Array): void {
    const message = new IncomingMessage(typeof whole === "string" ? "text" : "binary", this);
    message.push(whole);
    message.complete();
    this.#tell(message);
  }

  /** Of a message: so many bytes more lie unread, or fewer. */
  held(bytes: number): void {
    this.#heldBytes += bytes;
    this.#look();
  }

  readonly #aborted = (): void => {
    const error = new WebsocketsSimpleError("ABORTED", "messageStreams: signal is aborted", { cause: this.#signal?.reason });
    this.#abandonAll(error);
    this.end(error);
  };

  #abandonAll(error: Error): void {
    for (const message of [this.#current, ...this.#messages.splice(0), this.#begun]) message?.abandon(error);
  }

  #tell(message: IncomingMessage): void {
    // It began before the end, and nobody is left to read it.
    if (this.#isOver) return void message.abandon(skipped("messageStreams is over"));
    const reader = this.#readers.shift();
    if (!reader) {
      this.#messages.push(message);
      return void this.#look();
    }
    this.#current = message;
    reader.resolve({ done: false, value: message as AnyMessageStream });
  }

  /** Stops reading when too much lies unread, and goes on when that is read. */
  #look(): void {
    const isTooMuch = this.#heldBytes >= MAX_HELD_BYTES || this.#messages.length >= MAX_HELD_MESSAGES;
    const isHeld = isTooMuch && !this.#isOver;
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#port.hold();
    else this.#port.release();
  }
}

function skipped(why: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("ABORTED", `the message was skipped: ${why}`);
}

/** Options of reading, each with its value. */
export interface CheckedStreams {
  readonly maxBytes: number;
  readonly stallTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Checks how messages are to be read.
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
 */
export function checkStreams(given: MessageStreamsOptions = {}): CheckedStreams {
  const call = "messageStreams";
  const { maxBytes, stallTimeoutMs, signal } = checkArguments(call, given, ["maxBytes", "stallTimeoutMs", "signal"]);
  checkSignal(call, signal);
  return {
    maxBytes: bounded(`${call}: maxBytes`, maxBytes ?? DEFAULT_MAX_BYTES, 1, Number.MAX_SAFE_INTEGER),
    stallTimeoutMs: bounded(`${call}: stallTimeoutMs`, stallTimeoutMs ?? DEFAULT_STALL_MS, 100, 2_147_483_647),
    signal,
  };
}

function bounded(what: string, value: number, min: number, max: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= min && value <= max)) return value;
  throw new WebsocketsSimpleError(
    "INVALID_ARGUMENT",
    `${what} ${String(value)}; it is a whole number from ${min} to ${max}, or Infinity`,
  );
}
