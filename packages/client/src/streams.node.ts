import {
  type AnyMessageStream,
  checkStreams,
  createMessageWriter,
  IsolatingEmitter,
  MessageStreams,
  type MessageStreamsOptions,
  type MessageWriter,
  type MessageWriterOptions,
  type PiecesIn,
  type PiecesOut,
  ReadHold,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";

/** A socket that has messages in pieces. */
export interface StreamingSocket {
  /** Begins a message; undefined when it is not open. `done` is told what has become of it. */
  beginMessage(isText: boolean, done: (error?: Error) => void): PiecesOut | undefined;
  /** From now on it tells of messages so; undefined: as before. */
  readBy(reader: PieceReader | undefined): void;
  /** Stops reading, or goes on. */
  hold(): void;
  release(): void;
  /** Sends an RFC 6455 ping, which is a sign of life. */
  showLife(): void;
  /** One of the heartbeat's texts came. */
  beat(word: string): void;
  close(code: number, reason: string): void;
}

/** Who is told of messages piece by piece, or whole where they are compressed. */
export interface PieceReader {
  begins(isText: boolean): PiecesIn;
  whole(message: string | Uint8Array): void;
  /** This side closes: what is under way will not be waited for. */
  cutOff(): void;
}

/** RFC 6455 section 7.4.1. A client comes back after it. */
const INTERNAL_ERROR = 1011;

/** Gives a client the socket of its latest attempt; undefined where that has no messages in pieces. */
export let useSocket: (client: object, socket: StreamingSocket | undefined, maxPayload: number) => void;

/** What a client does with messages in pieces, in Node. For browsers the build puts an emitter without it in its place. */
export abstract class ClientEmitter<Events> extends IsolatingEmitter<Events> {
  /** Undefined before the first attempt to connect, null where it cannot. */
  #socket: StreamingSocket | null | undefined;
  #maxPayload = 0;
  #streams: MessageStreams | undefined;
  #hold: ReadHold | undefined;

  static {
    useSocket = (client, socket, maxPayload) => {
      if (!(client instanceof ClientEmitter)) return;
      client.#socket = socket ?? null;
      client.#maxPayload = maxPayload;
      if (socket) {
        socket.readBy(client.#streams);
        if (client.#hold?.isHeld) socket.hold();
      } else client.#streams?.end(unable("messageStreams"));
    };
  }

  abstract [Symbol.asyncIterator](): AsyncIterableIterator<unknown, void>;

  /**
   * Sends one message piece by piece, from a loop or a Web Stream (Node, with option `streams`), and never holds more of it than
   * is on its way: see `MessageWriter`. It needs an open connection when the first piece is written, and does not wait in the
   * outbox. It is sent uncompressed, and no `sent` event tells of it. Whatever else is sent meanwhile waits behind it, in the
   * socket: see `maxBufferedBytes`.
   *
   * @throws WebsocketsSimpleError `INVALID_STATE` without option `streams` · `INVALID_ARGUMENT`
   */
  createMessageWriter(options?: MessageWriterOptions): MessageWriter {
    if (this.#socket === null) throw unable("createMessageWriter");
    let socket: StreamingSocket | null | undefined;
    return createMessageWriter(
      {
        begin: (isText, settle) => {
          socket = this.#socket;
          if (socket === null) throw unable("createMessageWriter");
          const pieces = socket?.beginMessage(isText, settle);
          if (!pieces) throw new WebsocketsSimpleError("NOT_SENT", "not sent: a message in pieces needs an open connection");
          return pieces;
        },
        giveUp: (reason) => socket?.close(INTERNAL_ERROR, reason),
      },
      options,
    );
  }

  /**
   * The messages that begin from now on, each piece by piece while it comes (Node, with option `streams`): see `MessageStream`.
   * It goes on when the client has come back, and ends with the connection for good. Meanwhile no listener and no other loop is
   * told of messages. What is not read is not taken from the network: the server waits, no longer than its own bounds allow. A
   * compressed message comes whole, within `maxPayload`. One loop at a time.
   *
   * @throws WebsocketsSimpleError `INVALID_STATE`: without option `streams`, or there is a loop already · `INVALID_ARGUMENT`
   */
  messageStreams(options?: MessageStreamsOptions): AsyncIterableIterator<AnyMessageStream, void> {
    const checked = checkStreams(options);
    if (this.#socket === null) throw unable("messageStreams");
    if (this.#streams) throw new WebsocketsSimpleError("INVALID_STATE", "messageStreams: there is a loop over it already");
    const ends = this[Symbol.asyncIterator]();
    const hold = this.#newHold(checked.stallTimeoutMs, () => streams.stall(checked.stallTimeoutMs));
    // A client is made once, and connects later: its bound is known by then.
    const maxPayload = (): number => this.#maxPayload;
    const streams = new MessageStreams(
      {
        get maxPayload() {
          return maxPayload();
        },
        hold: () => hold.hold(),
        release: () => hold.release(),
        beat: (word) => this.#socket?.beat(word),
        counted() {},
        admit: (tell) => tell(),
        detach: () => {
          hold.stop();
          void ends.return?.();
          if (this.#streams !== streams) return;
          this.#streams = this.#hold = undefined;
          this.#socket?.readBy(undefined);
        },
      },
      checked,
    );
    if (streams.isOver) return streams;
    this.#streams = streams;
    this.#hold = hold;
    this.#socket?.readBy(streams);
    void endWith(ends, streams);
    return streams;
  }

  /** @param stalled told when it has lasted for too long; says why that ends the connection */
  #newHold(stallMs: number, stalled: () => string): ReadHold {
    return new ReadHold(
      {
        pause: () => this.#socket?.hold(),
        resume: () => this.#socket?.release(),
        showLife: () => this.#socket?.showLife(),
        stalled: () => this.#socket?.close(INTERNAL_ERROR, stalled()),
      },
      stallMs,
      (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
    );
  }
}

/** Ends reading when the connection has ended for good, as a loop over messages does. */
async function endWith(messages: AsyncIterableIterator<unknown, void>, streams: MessageStreams): Promise<void> {
  try {
    for await (const _ of messages);
  } catch {
    // That too many wait unread: there are none.
  }
  streams.end();
}

function unable(call: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("INVALID_STATE", `${call}: needs option streams: true`);
}
