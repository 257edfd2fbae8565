import { checkArguments, checkSignal, joinBytes } from "./arguments.ts";
import { describeThrown, toError, WebsocketsSimpleError } from "./errors.ts";
import { PieceEncoder } from "./piece-encoder.ts";

/** How a message is written piece by piece. */
export interface MessageWriterOptions {
  /** What the message is. Pieces of a text are strings, or bytes of UTF-8. Default: `"binary"`. */
  type?: "text" | "binary" | undefined;
  /** Gives the message up when it is aborted, as `abort` does. */
  signal?: AbortSignal | undefined;
}

/**
 * One message, written piece by piece: none of it is held but what is on its way, 64 KiB or so. It begins with its first
 * piece. Until it is complete, whatever else is sent on the connection waits behind it (RFC 6455 section 5.4); pings, pongs
 * and the close frame do not.
 */
export interface MessageWriter {
  /** What the message is. */
  readonly type: "text" | "binary";
  /** The same as a Web Stream: `await file.pipeTo(writer.writable)`. */
  readonly writable: WritableStream<string | Uint8Array>;
  /**
   * Writes a piece, which may be cut anywhere, within a character too. Resolves when there is room for more: wait for that,
   * and leave its bytes alone until then. A rejection that nobody handles does no harm.
   *
   * Rejects with `NOT_SENT` (not connected when the first piece came), `UNKNOWN` (the connection broke), `ABORTED`,
   * `INVALID_STATE` (the message is complete) or `INVALID_ARGUMENT`; what is no text ends the message as `abort` does.
   */
  write(piece: string | Uint8Array): Promise<void>;
  /** Completes the message. Resolves when the kernel took all of it; rejects as `write` does. */
  close(): Promise<void>;
  /**
   * Gives the message up. What has left cannot be taken back, and nothing else could ever follow it: so the connection is
   * closed, with 1011, unless no piece was written yet. The receiver never takes the part for the whole.
   */
  abort(reason?: unknown): Promise<void>;
}

/** A message on its way out, as the engine has it. */
export interface PiecesOut {
  write(bytes: Uint8Array): boolean;
  whenRoom(go: () => void): void;
  end(): void;
}

/** What a writer needs of its connection. */
export interface WriterPort {
  /**
   * Begins the message.
   *
   * @param settle told once what has become of it: without error when the kernel took all of it
   * @throws WebsocketsSimpleError `NOT_SENT`
   */
  begin(isText: boolean, settle: (error?: Error) => void): PiecesOut;
  /** A message is given up: the connection cannot go on. */
  giveUp(reason: string): void;
}

/** The largest fragment in bytes; smaller pieces are put together, as far as they are written in one turn. */
const FRAGMENT_BYTES = 65_536;

/** The part of a message that was begun is lost with its connection. */
const GIVEN_UP = "a message written piece by piece was given up";

/** Writes one message, in order, with one fragment on its way. */
class PieceWriter implements MessageWriter {
  readonly type: "text" | "binary";
  readonly #port: WriterPort;
  readonly #encoder: PieceEncoder;
  readonly #signal: AbortSignal | undefined;
  #pieces: PiecesOut | undefined;
  #writable: WritableStream<string | Uint8Array> | undefined;
  #control: { error(reason: unknown): void } | undefined;
  /** What was asked for last: each call waits for the one before. */
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;
  #failure: Error | undefined;
  /** What has not left yet, and whether that is planned. */
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #isPlanned = false;
  /** Whoever waits for room, or for the end. */
  #wake: (() => void) | undefined;
  #isTaken = false;

  constructor(port: WriterPort, { type = "binary", signal }: MessageWriterOptions) {
    this.type = type;
    this.#port = port;
    this.#encoder = new PieceEncoder(type === "text");
    this.#signal = signal;
    if (signal?.aborted) this.#aborted();
    else signal?.addEventListener("abort", this.#aborted);
  }

  get writable(): WritableStream<string | Uint8Array> {
    this.#writable ??= new WritableStream<string | Uint8Array>({
      start: (control) => {
        this.#control = control;
        if (this.#failure) control.error(this.#failure);
        // By itself a stream aborts only once the piece under way has been written, which may wait for ever.
        const { signal } = control as unknown as { signal: AbortSignal };
        // Later: Node tells of it before the stream knows that it is being aborted.
        signal.addEventListener("abort", () => queueMicrotask(() => void this.abort(signal.reason)));
      },
      write: (piece) => this.write(piece),
      close: () => this.close(),
      abort: (reason) => this.abort(reason),
    });
    return this.#writable;
  }

  write(piece: string | Uint8Array): Promise<void> {
    return this.#next(async () => {
      this.#encoder.check(piece);
      await this.#whole(async () => {
        for (const bytes of this.#encoder.encode(piece)) await this.#put(bytes);
      });
    });
  }

  close(): Promise<void> {
    return this.#next(async () => {
      await this.#whole(async () => {
        this.#encoder.end();
        const pieces = this.#begin();
        this.#send();
        this.#isClosed = true;
        this.#signal?.removeEventListener("abort", this.#aborted);
        pieces.end();
      });
      while (!this.#isTaken) await this.#wait();
    });
  }

  async abort(reason?: unknown): Promise<void> {
    if (this.#failure || this.#isClosed) return;
    const why = reason === undefined ? GIVEN_UP : `${GIVEN_UP}: ${describeThrown(reason)}`;
    this.#fail(new WebsocketsSimpleError("ABORTED", why, { cause: reason }));
    if (this.#pieces) this.#port.giveUp(GIVEN_UP);
  }

  readonly #aborted = (): void => void this.abort(this.#signal?.reason);

  /** Does one thing after the other. */
  #next(run: () => Promise<void>): Promise<void> {
    const doing = this.#last.then(() => {
      if (this.#failure) throw this.#failure;
      if (this.#isClosed) throw new WebsocketsSimpleError("INVALID_STATE", "the message is complete; make another writer");
      return run();
    });
    this.#last = doing.catch(() => {});
    return doing;
  }

  /** What fails halfway leaves a message that cannot be completed. */
  async #whole(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      if (!this.#failure) {
        this.#fail(toError("UNKNOWN", "a piece could not be written", thrown));
        if (this.#pieces) this.#port.giveUp(GIVEN_UP);
      }
      throw this.#failure;
    }
  }

  #begin(): PiecesOut {
    this.#pieces ??= this.#port.begin(this.type === "text", (error) => {
      if (error) this.#fail(error);
      else this.#isTaken = true;
      this.#wake?.();
    });
    return this.#pieces;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    const pieces = this.#begin();
    for (let start = 0; start < bytes.length; start += FRAGMENT_BYTES) {
      const piece = bytes.subarray(start, start + FRAGMENT_BYTES);
      if (this.#gatheredBytes + piece.length > FRAGMENT_BYTES) this.#send();
      // A copy, which `slice` of a Buffer is not: it is sent when this call is over. What fills a fragment is sent at once.
      this.#gathered.push(piece.length === FRAGMENT_BYTES ? piece : new Uint8Array(piece));
      this.#gatheredBytes += piece.length;
      if (this.#gatheredBytes >= FRAGMENT_BYTES / 4) {
        this.#send();
        await this.#room(pieces);
      } else this.#plan(pieces);
    }
  }

  /** Sends what is gathered when the turn is over. */
  #plan(pieces: PiecesOut): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    pieces.whenRoom(() => {
      this.#isPlanned = false;
      if (!this.#failure && !this.#isClosed) this.#send();
    });
  }

  #send(): void {
    if (this.#gatheredBytes === 0) return;
    const parts = this.#gathered;
    const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : joinBytes(parts, this.#gatheredBytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (!this.#pieces?.write(bytes))
      this.#fail(new WebsocketsSimpleError("UNKNOWN", "the connection ended before the message was complete"));
  }

  async #room(pieces: PiecesOut): Promise<void> {
    let hasRoom = false;
    pieces.whenRoom(() => {
      hasRoom = true;
      this.#wake?.();
    });
    while (!hasRoom) await this.#wait();
  }

  /** Waits until something has happened. */
  async #wait(): Promise<void> {
    if (!this.#failure)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#failure) throw this.#failure;
  }

  #fail(error: Error): void {
    if (this.#failure || this.#isTaken) return;
    this.#failure = error;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#signal?.removeEventListener("abort", this.#aborted);
    this.#control?.error(error);
    this.#wake?.();
  }
}

/**
 * Makes a writer.
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
 */
export function createMessageWriter(port: WriterPort, given: MessageWriterOptions = {}): MessageWriter {
  const { type, signal } = checkArguments("createMessageWriter", given, ["type", "signal"]);
  if (type !== undefined && type !== "text" && type !== "binary")
    throw new WebsocketsSimpleError("INVALID_ARGUMENT", `createMessageWriter: type "${String(type)}"; it is "text" or "binary"`);
  checkSignal("createMessageWriter", signal);
  return new PieceWriter(port, given);
}
