import type { Duplex } from "node:stream";
import type { Inflater } from "../compression/inflater.ts";
import type { Closing } from "../frames/close-payload.ts";
import { MessageReader, type MessageSink, type PieceSink, type ReadLimits } from "../frames/message-reader.ts";
import type { Fault } from "../frames/opcodes.ts";
import type { Unfinished } from "../frames/unfinished.ts";
import type { Turns } from "../turns.ts";

/** What is told of what comes in. */
export type IncomingEvents = Omit<MessageSink, "compressed">;

/** What one connection may read in a turn before it lets others have theirs, in bytes; and what a message counts for. */
const WORK_IN_TURN = 65_536;
const WORK_OF_MESSAGE = 128;

/** What one connection receives: when it is read, by whose leave, and inflated where need be. */
export class Incoming implements MessageSink {
  readonly #stream: Duplex;
  readonly #turns: Turns;
  readonly #inflater: Inflater | undefined;
  readonly #events: IncomingEvents;
  readonly #reader: MessageReader;
  #isPaused = false;
  /** Whether another thread inflates a message, before which nothing else is told. */
  #isInflating = false;
  /** Whether others have their turn first. */
  #isYielding = false;
  /** Called when all is told, once the stream is gone. */
  #finished: (() => void) | undefined;
  /** In which turn it last read, and how much it has read in that. */
  #turn = 0;
  #work = 0;

  /** @param isMasked whether the peer is a client, whose frames are masked */
  constructor(
    stream: Duplex,
    turns: Turns,
    isMasked: boolean,
    limits: ReadLimits,
    inflater: Inflater | undefined,
    events: IncomingEvents,
  ) {
    this.#stream = stream;
    this.#turns = turns;
    this.#inflater = inflater;
    this.#events = events;
    this.#reader = new MessageReader(isMasked, inflater !== undefined, limits, this);
  }

  /** Whether somebody has paused it. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether it reads: not from a pause on until all that came before its end is worked off. That others have their turn is no pause. */
  get isReading(): boolean {
    return !this.#stream.isPaused() || (this.#isYielding && !this.#isPaused);
  }

  /** What has begun to come and is not complete. */
  get unfinished(): Unfinished | undefined {
    return this.#reader.unfinished;
  }

  /** Whether it is asked, of each message that begins, who takes it piece by piece. */
  set asksForPieces(asks: boolean) {
    this.#reader.asksForPieces = asks;
  }

  /** The bound of messages that begin from now on, in bytes. */
  set maxPayload(bytes: number) {
    this.#reader.maxPayload = bytes;
  }

  /** Takes in what the stream has read. */
  read(chunk: Buffer): void {
    const turn = this.#turns.now;
    if (turn !== this.#turn && this.#work < WORK_IN_TURN) this.#work = 0;
    this.#turn = turn;
    try {
      this.#reader.read(chunk);
    } finally {
      // What a listener throws is Node's to tell; the messages behind it are told all the same.
      if (this.#reader.isInterrupted) setImmediate(goOn, this);
    }
    // Node reads again and again as long as there is something, under TLS in pieces of 16 KiB.
    this.#spend(chunk.length);
  }

  pause(): void {
    this.#isPaused = true;
    this.#hold();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // Later: what waits must not be told from within this call.
    process.nextTick(goOn, this);
  }

  /** Whatever still comes is read and dropped: to close over unread bytes would reset the connection. */
  drop(): void {
    this.#isPaused = false;
    this.#stream.resume();
  }

  /** The stream is gone: what came whole before is not lost on whoever paused. */
  finish(finished: () => void): void {
    this.#finished = finished;
    this.#isPaused = false;
    this.#finish();
  }

  /** What a listener throws here is Node's to tell: it must not take the frame with it. */
  begins(isText: boolean): PieceSink | undefined {
    try {
      return this.#events.begins?.(isText);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
      return undefined;
    }
  }

  message(message: string | Uint8Array, size: number): void {
    this.#events.message(message, size);
    this.#spend(WORK_OF_MESSAGE);
  }

  compressed(payload: Buffer, isText: boolean, maxBytes: number): void {
    const inflater = this.#inflater as Inflater;
    const result = inflater.inflate(payload, maxBytes);
    if (result) {
      // Little that came may have been much work.
      this.#spend(inflater.lastWork);
      return void this.#reader.inflated(result, isText);
    }
    this.#isInflating = true;
    this.#reader.pause();
    this.#stream.pause();
    inflater.inflateLater(payload, maxBytes, (result) => {
      this.#isInflating = false;
      try {
        this.#reader.inflated(result, isText);
      } finally {
        if (this.#finished) this.#finish();
        else this.goOn();
      }
    });
  }

  ping(payload: Buffer): void {
    this.#events.ping(payload);
  }

  pong(payload: Buffer): void {
    this.#events.pong(payload);
  }

  closing(closing: Closing): void {
    this.#events.closing(closing);
  }

  broken(fault: Fault): void {
    this.#events.broken(fault);
  }

  /** Goes on reading, unless there is another reason not to. */
  goOn(): void {
    this.#work = 0;
    this.#isYielding = false;
    if (this.#isPaused || this.#isInflating) return;
    this.#reader.resume();
    if (!this.#isPaused && !this.#isInflating && this.#work < WORK_IN_TURN) this.#stream.resume();
  }

  #finish(): void {
    if (this.#isInflating) return;
    this.#reader.resume();
    if (this.#isInflating) return;
    this.#reader.end();
    this.#finished?.();
  }

  #hold(): void {
    // Of what is left when the stream is gone nothing can wait.
    if (this.#finished) return;
    this.#reader.pause();
    this.#stream.pause();
  }

  /** Counts what was done; beyond what is fair, others have their turn first. */
  #spend(work: number): void {
    const before = this.#work;
    this.#work = before + work;
    if (before >= WORK_IN_TURN || this.#work < WORK_IN_TURN) return;
    this.#isYielding = true;
    this.#hold();
    setImmediate(goOn, this);
  }
}

function goOn(incoming: Incoming): void {
  incoming.goOn();
}
