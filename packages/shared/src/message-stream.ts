import { joinBytes } from "./arguments.ts";
import { WebsocketsSimpleError } from "./errors.ts";

/**
 * One message, as it comes, piece by piece. Read it once, in one of these ways. What is not read is not taken from the network;
 * who leaves the loop, cancels `readable` or asks for the next message skips the rest of this one.
 */
export interface MessageStream<Piece extends string | Uint8Array = string | Uint8Array> extends AsyncIterable<Piece> {
  /** What it is. The pieces of a text are strings, cut between characters; those of binary are bytes, your own for ever. */
  readonly type: Piece extends string ? "text" : "binary";
  /**
   * As a Web Stream. It fails with `CONNECTION_LOST` when the connection ends before the message does, and with `ABORTED`
   * after the signal of `messageStreams`.
   */
  readonly readable: ReadableStream<Piece>;
  /** All of it as a text; bytes as UTF-8. Rejects as `readable` does, and with `PROTOCOL_ERROR` beyond `maxPayload` bytes. */
  text(): Promise<string>;
  /** All of it as bytes; rejects likewise. */
  bytes(): Promise<Uint8Array>;
}

/** Any message as it comes; its `type` says which. */
export type AnyMessageStream = MessageStream<string> | MessageStream<Uint8Array>;

/** What an incoming message needs of its connection. */
export interface StreamPort {
  /** How much of it may be read as a whole, in bytes. */
  readonly maxPayload: number;
  /** So many bytes more are held here, or fewer. */
  held(bytes: number): void;
}

/** Fewer bytes than this a piece does not count: about so many does any hold, however small, while it waits. */
const MIN_PIECE_BYTES = 256;

/** A message on its way in: what has come and is not read is held here, and somebody else sees to it that it is little. */
export class IncomingMessage<Piece extends string | Uint8Array = string | Uint8Array> {
  readonly type: "text" | "binary";
  readonly #port: StreamPort;
  #pieces: Piece[] = [];
  #isComplete = false;
  /** Whether its reader does not want the rest. */
  #isSkipped = false;
  #isTaken = false;
  #failure: Error | undefined;
  readonly #waiting: (() => void)[] = [];
  #readable: ReadableStream<Piece> | undefined;

  constructor(type: "text" | "binary", port: StreamPort) {
    this.type = type;
    this.#port = port;
  }

  /** Whether somebody reads it, or has. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** A piece has come. */
  push(piece: Piece): void {
    if (this.#isSkipped || this.#failure || piece.length === 0) return;
    this.#pieces.push(piece);
    this.#port.held(costOf(piece));
    this.#wake();
  }

  /** It is complete. */
  complete(): void {
    this.#isComplete = true;
    this.#wake();
  }

  /** It will not be: what has come is not told any more, lest it be taken for more than it is. */
  fail(error: Error): void {
    if (this.#isComplete || this.#failure) return;
    this.#failure = error;
    this.#drop();
    this.#wake();
  }

  /** It is given up by somebody else than its reader: who reads it, now or later, is told so, lest the part be taken for the whole. */
  abandon(error: Error): void {
    if (this.#isComplete && this.#isTaken) return;
    this.#isComplete = false;
    this.fail(error);
  }

  /** Its reader does not want the rest. */
  #skip(): void {
    this.#isSkipped = true;
    this.#drop();
    this.#wake();
  }

  get readable(): ReadableStream<Piece> {
    if (!this.#readable) {
      this.#take();
      this.#readable = new ReadableStream<Piece>(
        {
          pull: async (controller) => {
            const piece = await this.#read();
            if (piece === undefined) controller.close();
            else controller.enqueue(piece);
          },
          cancel: () => this.#skip(),
        },
        { highWaterMark: 0 },
      );
    }
    return this.#readable;
  }

  [Symbol.asyncIterator](): AsyncIterator<Piece, void> {
    this.#take();
    return {
      next: async () => {
        const value = await this.#read();
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        this.#skip();
        return { done: true, value: undefined };
      },
    };
  }

  async text(): Promise<string> {
    if (this.type === "binary") return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await this.bytes());
    return ((await this.#all()) as string[]).join("");
  }

  async bytes(): Promise<Uint8Array> {
    if (this.type === "text") return new TextEncoder().encode(await this.text());
    const parts = (await this.#all()) as Uint8Array[];
    return joinBytes(
      parts,
      parts.reduce((sum, { length }) => sum + length, 0),
    );
  }

  async #all(): Promise<Piece[]> {
    this.#take();
    const { maxPayload } = this.#port;
    const pieces: Piece[] = [];
    let length = 0;
    for (let piece = await this.#read(); piece !== undefined; piece = await this.#read()) {
      length += piece.length;
      if (length > maxPayload) {
        this.#skip();
        const why = `a message of more than ${maxPayload} bytes as a whole (option maxPayload): read it piece by piece`;
        throw new WebsocketsSimpleError("PROTOCOL_ERROR", why);
      }
      pieces.push(piece);
    }
    return pieces;
  }

  #take(): void {
    if (this.#isTaken) throw new WebsocketsSimpleError("INVALID_STATE", "a message is read once: this one is, or was");
    this.#isTaken = true;
  }

  /** The next piece; undefined at the end. */
  async #read(): Promise<Piece | undefined> {
    while (this.#pieces.length === 0) {
      if (this.#failure) throw this.#failure;
      if (this.#isComplete || this.#isSkipped) return undefined;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    const piece = this.#pieces.shift() as Piece;
    this.#port.held(-costOf(piece));
    return piece;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #drop(): void {
    let bytes = 0;
    for (const piece of this.#pieces.splice(0)) bytes += costOf(piece);
    if (bytes > 0) this.#port.held(-bytes);
  }
}

function costOf(piece: string | Uint8Array): number {
  return Math.max(piece.length, MIN_PIECE_BYTES);
}
