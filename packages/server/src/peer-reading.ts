import {
  type AnyMessageStream,
  abortable,
  checkStreams,
  iterateMessages,
  MessageStreams,
  type MessageStreamsOptions,
  type PING,
  type PONG,
  ReadHold,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { SocketListener } from "./socket.ts";

/** How a connection is read by loops. */
export interface ReadingOptions {
  /** The largest message that is held as a whole, in bytes. */
  readonly maxPayload: number;
  /** The most messages that a loop keeps unread. */
  readonly maxQueuedMessages: number;
}

/** What reading needs of its peer. */
export interface ReadingTarget {
  readonly clock: Clock;
  readonly options: ReadingOptions;
  /** Stops reading, or goes on, as far as this is what it waits for. */
  pause(): void;
  resume(): void;
  /** Lets the peer hear that this side is there. */
  showLife(): void;
  /** A text ping or pong came. */
  takeBeat(word: typeof PING | typeof PONG): void;
  /** A message of so many bytes came. */
  counted(bytes: number): void;
  /** A message is about to be told: calls back now, or when its time has come. */
  admit(tell: () => void): void;
  /** Who is asked of each message that begins; undefined: nobody. */
  askForPieces(begins: SocketListener["begins"]): void;
  /** Delivers what was kept. */
  deliver(message: string | Uint8Array): void;
  sever(code: number, reason: string): unknown;
}

/** RFC 6455 section 7.4.1. */
const INTERNAL_ERROR = 1011;

/** A method's type, so that what is read of special packets fits where any are read. */
type Tell<Event> = { tell(event: Event): void }["tell"];

/** How the application reads one connection by loops; only of those that are. */
export class PeerReading<Event> {
  readonly #target: ReadingTarget;
  readonly #loops = new Set<Tell<Event>>();
  readonly #ends = new Set<() => void>();
  #streams: MessageStreams | undefined;
  /** Whether a message comes piece by piece. */
  isReceiving = false;
  /** What came before it was accepted. */
  #kept: (string | Uint8Array)[] | undefined;
  #waiting: ReadHold | undefined;
  #isOver = false;

  constructor(target: ReadingTarget) {
    this.#target = target;
  }

  /** Keeps what comes, and reads no more, until `accepted`. */
  awaitAcceptance(): void {
    this.#kept ??= [];
    this.#waiting ??= this.#hold(Number.POSITIVE_INFINITY, () => "");
    this.#waiting.hold();
  }

  accepted(): void {
    const kept = this.#kept;
    this.#kept = undefined;
    for (const message of kept ?? []) this.#target.deliver(message);
    this.#waiting?.release();
    this.#waiting?.stop();
    this.#waiting = undefined;
  }

  /** Whether it takes a whole message, so that nobody else is told of it. */
  takes(message: string | Uint8Array): boolean {
    if (this.#kept) this.#kept.push(message);
    else if (this.#streams) this.#streams.whole(message);
    else return false;
    return true;
  }

  /** A message was told. */
  tell(event: Event): void {
    for (const loop of this.#loops) loop(event);
  }

  /** As `Connection.messages`. */
  messages(signal: AbortSignal | undefined): AsyncIterableIterator<Event, void> {
    const { maxQueuedMessages } = this.#target.options;
    const messages = iterateMessages<Event>((message, end) => {
      this.#loops.add(message);
      this.#ends.add(end);
      if (this.#isOver) queueMicrotask(end);
      return () => {
        this.#loops.delete(message);
        this.#ends.delete(end);
      };
    }, maxQueuedMessages);
    return abortable("messages", messages, signal);
  }

  /** As `Connection.messageStreams`. */
  messageStreams(given: MessageStreamsOptions | undefined): AsyncIterableIterator<AnyMessageStream, void> {
    const options = checkStreams(given);
    if (this.#streams) throw new WebsocketsSimpleError("INVALID_STATE", "messageStreams: there is a loop over it already");
    const target = this.#target;
    const hold = this.#hold(options.stallTimeoutMs, () => streams.stall(options.stallTimeoutMs));
    const streams = new MessageStreams(
      {
        maxPayload: target.options.maxPayload,
        hold: () => hold.hold(),
        release: () => hold.release(),
        beat: (word) => target.takeBeat(word),
        counted: (bytes) => target.counted(bytes),
        admit: (tell) => target.admit(tell),
        detach: () => {
          if (this.#streams !== streams) return;
          this.#streams = undefined;
          target.askForPieces(undefined);
          hold.stop();
        },
      },
      options,
    );
    if (this.#isOver) streams.end();
    if (streams.isOver) return streams;
    this.#streams = streams;
    target.askForPieces((isText) => {
      const pieces = streams.begins(isText);
      this.isReceiving = true;
      const over = (): void => {
        this.isReceiving = false;
      };
      return {
        maxBytes: pieces.maxBytes,
        piece: pieces.piece,
        end: () => {
          over();
          pieces.end();
        },
        cut: () => {
          over();
          pieces.cut();
        },
      };
    });
    return streams;
  }

  /** This side closes: what is under way piece by piece ends here, since nobody could hold it back any more. */
  closing(): void {
    this.#streams?.cutOff();
    this.#streams?.end();
  }

  /** The connection is over: what came whole can still be read. */
  end(): void {
    this.#isOver = true;
    this.accepted();
    for (const end of [...this.#ends]) end();
    this.#streams?.end();
  }

  /** @param stalled told when it has lasted for too long; says why that ends the connection */
  #hold(stallMs: number, stalled: () => string): ReadHold {
    const target = this.#target;
    return new ReadHold(
      {
        pause: () => target.pause(),
        resume: () => target.resume(),
        showLife: () => target.showLife(),
        stalled: () => target.sever(INTERNAL_ERROR, stalled()),
      },
      stallMs,
      (ms, run) => target.clock.after(ms, run),
    );
  }
}
