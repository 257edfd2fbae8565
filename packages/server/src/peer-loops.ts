import {
  type AnyMessageStream,
  checkArguments,
  createMessageWriter,
  type MessageStreamsOptions,
  type MessageWriter,
  type MessageWriterOptions,
  type Packet,
  type PiecesOut,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { MessagesOptions, ReceivedMessage } from "./connection.ts";
import { PeerBeat } from "./peer-beat.ts";
import { PeerReading, type ReadingOptions } from "./peer-reading.ts";
import type { EngineSocket, SocketListener } from "./socket.ts";

/** What reading may be paused for. */
export const BY_RATE = 1;
const BY_LOOP = 2;
/** RFC 6455 section 7.4.1. */
const INTERNAL_ERROR = 1011;

/**
 * What of one connection is written piece by piece, or read by loops, and whether it is read at all. A base class, as
 * `PeerBeat` is.
 */
export abstract class PeerLoops<P extends Packet> extends PeerBeat {
  readonly #clock: Clock;
  readonly #options: ReadingOptions;
  /** Of a connection that is read by loops. */
  reading: PeerReading<ReceivedMessage<P>> | undefined;
  /** Of one that is read piece by piece. */
  begins: SocketListener["begins"];
  /** Why reading is paused. */
  #pauses = 0;

  constructor(socket: EngineSocket, clock: Clock, isLimited: boolean, options: ReadingOptions) {
    super(socket, clock, isLimited);
    this.#clock = clock;
    this.#options = options;
  }

  /** Begins a message; throws `NOT_SENT`. */
  protected abstract beginPieces(isText: boolean, settle: (error?: Error) => void): PiecesOut;
  /** A message of so many bytes came. */
  protected abstract count(bytes: number): void;
  /** A message is about to be told: calls back now, or when its time has come. */
  protected abstract admit(tell: () => void): void;
  /** Tells of a message. */
  protected abstract deliver(message: string | Uint8Array): void;

  get isStreaming(): boolean {
    return this.sendsPieces || this.reading?.isReceiving === true;
  }

  createMessageWriter(options: MessageWriterOptions | undefined): MessageWriter {
    this.#needsPieces("createMessageWriter");
    return createMessageWriter(
      {
        begin: (isText, settle) => this.beginPieces(isText, settle),
        giveUp: (reason) => void this.sever(INTERNAL_ERROR, reason),
      },
      options,
    );
  }

  messages(options: MessagesOptions = {}): AsyncIterableIterator<ReceivedMessage<P>, void> {
    return this.#read().messages(checkArguments("messages", options, ["signal"]).signal);
  }

  messageStreams(options: MessageStreamsOptions | undefined): AsyncIterableIterator<AnyMessageStream, void> {
    this.#needsPieces("messageStreams");
    return this.#read().messageStreams(options);
  }

  /** Reads nothing before it is accepted. */
  awaitAcceptance(): void {
    this.#read().awaitAcceptance();
  }

  accepted(): void {
    this.reading?.accepted();
  }

  protected pause(why: number): void {
    // Whatever still comes of one that closes is read, or the close frame would never be.
    if (!this.socket.isOpen) return;
    if (this.#pauses === 0) this.socket.pause();
    this.#pauses |= why;
  }

  protected resume(why: number): void {
    if ((this.#pauses & why) === 0) return;
    this.#pauses &= ~why;
    if (this.#pauses === 0) this.socket.resume();
  }

  /** It closes: nothing is waited for any more. */
  protected resumeForGood(): void {
    this.#pauses = 0;
    this.socket.resume();
    this.reading?.closing();
  }

  #needsPieces(call: string): void {
    if (this.socket.beginMessage) return;
    throw new WebsocketsSimpleError("INVALID_STATE", `${call}: engine "ws" has no messages in pieces (option engine)`);
  }

  #read(): PeerReading<ReceivedMessage<P>> {
    this.reading ??= new PeerReading<ReceivedMessage<P>>({
      clock: this.#clock,
      options: this.#options,
      pause: () => this.pause(BY_LOOP),
      resume: () => this.resume(BY_LOOP),
      showLife: () => this.ask(),
      takeBeat: (word) => this.takeBeat(word),
      counted: (bytes) => this.count(bytes),
      admit: (tell) => this.admit(tell),
      askForPieces: (begins) => {
        this.begins = begins;
        this.socket.askForPieces?.(begins !== undefined);
      },
      deliver: (message) => this.deliver(message),
      sever: (code, reason) => this.sever(code, reason),
    });
    return this.reading;
  }
}
