import type { Duplex } from "node:stream";
import { exactCopy } from "../exact-copy.ts";
import { FIN, Opcode } from "../frames/opcodes.ts";
import { SLAB_BYTES, type Slab, type SlabUser } from "../frames/slab.ts";
import { isPrompt, takenBytes, UNTOLD_BYTES, writeGradually } from "../gradual-writes.ts";
import type { Turns } from "../turns.ts";
import { Backlog } from "./backlog.ts";
import type { Fan, FanUser } from "./fan.ts";
import {
  fitsSlab,
  frameBytes,
  gatherBytes,
  gatherFrame,
  gatherText,
  MAX_GATHERED_BYTES,
  type PreparedFrame,
  wholeFrame,
} from "./outgoing-frames.ts";

/** What a writer tells, at the end of a turn or when the kernel has taken what waited; never while it is called. */
export interface WriterEvents {
  /** The kernel took so many more messages, in order, and so many bytes of payload. */
  taken(messages: number, bytes: number): void;
  /** The kernel does not take all. */
  blocked(): void;
  /** It has. */
  drained(): void;
}

/** What writers share; clients mask their frames. */
export interface WriterContext {
  readonly slab: Slab;
  readonly fan: Fan;
  readonly turns: Turns;
  readonly isClient: boolean;
}

const NOTHING = Buffer.alloc(0);

/** Frames and writes what one connection sends; what the kernel does not take waits here, in order. */
export class Writer implements SlabUser, FanUser {
  fanFirst = 0;
  fanEnd = 0;
  readonly #stream: Duplex;
  readonly #slab: Slab;
  readonly #fan: Fan;
  readonly #turns: Turns;
  /** Whether frames are masked: those of clients. */
  readonly isMasked: boolean;
  readonly #events: WriterEvents;
  /** Messages that were sent since the last turn ended, and their bytes of payload. */
  #sent = 0;
  #sentBytes = 0;
  /** Bytes in the slab, headers included; and those of shared frames. Only one of them holds any at a time. */
  #slabSize = 0;
  #fanSize = 0;
  #backlog: Backlog | undefined;
  #isEnding = false;
  /** Whether anything was sent that had nowhere to go. */
  #isLost = false;

  constructor(stream: Duplex, { slab, fan, turns, isClient }: WriterContext, events: WriterEvents) {
    this.#stream = stream;
    this.#slab = slab;
    this.#fan = fan;
    this.#turns = turns;
    this.isMasked = isClient;
    this.#events = events;
  }

  /** Whether the kernel has yet to take what was written. */
  get isBlocked(): boolean {
    return this.#backlog !== undefined;
  }

  /** Whether it is known that it has to wait for the peer. A stream that does not tell at once is given the turn of its write. */
  get isBehind(): boolean {
    const backlog = this.#backlog;
    if (!backlog) return false;
    // What has left by now may not have been told yet.
    if (isPrompt(this.#stream)) return this.#stream.writableLength > 0;
    return this.size > UNTOLD_BYTES || backlog.standsStill(takenBytes(this.#stream), this.#turns.now);
  }

  /** Bytes that the kernel has not taken, headers included. */
  get size(): number {
    const gathered = this.#slabSize + this.#fanSize;
    // Without a backlog nothing waits in the stream; to ask it each time costs as much as to count.
    return this.#backlog ? gathered + this.#backlog.size + this.#stream.writableLength : gathered;
  }

  /** Sends a text without lone surrogates. */
  sendText(text: string): void {
    if (!fitsSlab(text)) {
      const bytes = Buffer.from(text);
      return void this.sendFrame(FIN | Opcode.text, bytes, bytes.length);
    }
    this.#takeBack();
    const bytes = gatherText(this.#slab, this, text, this.isMasked);
    this.#count(bytes);
    this.#slabSize += frameBytes(bytes, this.isMasked);
  }

  /** Sends bytes; they are copied. */
  sendBinary(bytes: Uint8Array): void {
    this.sendFrame(FIN | Opcode.binary, bytes, bytes.length);
  }

  /** Sends what was framed before, for whoever reads unmasked frames. */
  sendPrepared(prepared: PreparedFrame): void {
    const { frame, bytes } = prepared;
    if (frame.length > MAX_GATHERED_BYTES) return void this.#alone(frame, bytes);
    if (this.#slabSize === 0 && this.#fan.add(this, prepared)) this.#fanSize += frame.length;
    else this.#gather(frame);
    this.#count(bytes);
  }

  /**
   * Sends a frame; its bytes are copied.
   *
   * @param bytes what the message counts for that ends with it; undefined: none does
   */
  sendFrame(first: number, payload: Uint8Array, bytes?: number): void {
    if (payload.length > MAX_GATHERED_BYTES) return void this.#alone(wholeFrame(first, payload, this.isMasked), bytes);
    this.#takeBack();
    gatherBytes(this.#slab, this, first, payload, this.isMasked);
    this.#slabSize += frameBytes(payload.length, this.isMasked);
    if (bytes !== undefined) this.#count(bytes);
  }

  /** Sends a control frame, which is no message. */
  sendControl(opcode: number, payload: Uint8Array): void {
    this.sendFrame(FIN | opcode, payload);
  }

  /** Calls back when the kernel has taken all that waits: at once where nothing does, never once the stream is gone. */
  whenTaken(go: () => void): void {
    if (this.#backlog) this.#backlog.waiters.push(go);
    else go();
  }

  /** Ends the stream once all has left. */
  end(): void {
    this.#isEnding = true;
    this.#takeBack();
    this.#slab.flushBefore(this);
  }

  /** Hands what is gathered to the kernel now. */
  flush(): void {
    this.#takeBack();
    if (this.#slabSize > 0) this.#slab.flush();
  }

  /** The stream is gone: tells what had left before. */
  settle(): void {
    this.#takeBack();
    this.#slab.flush();
    if (!this.#backlog) this.#sentLeft();
  }

  writeShared(bytes: Buffer): void {
    this.#fanSize = 0;
    this.#write(bytes, true);
  }

  writeOut(segment: Buffer): boolean {
    this.#slabSize -= segment.length;
    return this.#write(segment, false);
  }

  wroteOut(): void {
    const backlog = this.#backlog;
    if (!backlog) {
      // What is gathered anew is counted when that has been written out.
      if (this.#slabSize + this.#fanSize === 0) this.#sentLeft();
      return;
    }
    if (backlog.isTold) return;
    backlog.isTold = true;
    this.#events.blocked();
  }

  /** Puts a frame into the slab, behind the shared ones. */
  #gather(frame: Buffer): void {
    this.#takeBack();
    gatherFrame(this.#slab, this, frame);
    this.#slabSize += frame.length;
  }

  /** What follows shared frames follows them in the slab as well, or after a write of their own. */
  #takeBack(): void {
    if (this.#fanSize === 0) return;
    this.#fanSize = 0;
    const row = this.#fan.takeBack(this);
    if (row.length > MAX_GATHERED_BYTES) {
      this.#slab.flushBefore(this);
      this.#write(row, true);
    } else this.#gather(row);
  }

  /** Counts a message whose frame is gathered, or is about to be written: whatever is written next ends with it. */
  #count(bytes: number): void {
    this.#sent++;
    this.#sentBytes += bytes;
  }

  /** Writes a frame that nobody will change; `bytes` as of `sendFrame`. */
  #alone(frame: Buffer, bytes?: number): void {
    this.#takeBack();
    this.#slab.flushBefore(this);
    if (bytes !== undefined) this.#count(bytes);
    this.#write(frame, true);
  }

  /**
   * Writes, or keeps for later.
   *
   * @param isLasting whether nobody will change the bytes
   * @returns false when they must stay as they are
   */
  #write(bytes: Buffer, isLasting: boolean): boolean {
    const stream = this.#stream;
    if (stream.destroyed || stream.writableEnded) {
      this.#isLost = true;
      return true;
    }
    if (this.#backlog) {
      // A copy: what waits must not hold the slab.
      this.#backlog.add(isLasting ? bytes : exactCopy([bytes]));
      this.#countIn(this.#backlog);
      return true;
    }
    if (bytes.length > SLAB_BYTES) writeGradually(stream);
    stream.write(bytes);
    if (stream.errored) {
      // The kernel refused it, and Node does not count it as waiting.
      this.#isLost = true;
      return isLasting;
    }
    if (stream.writableLength === 0) return true;
    writeGradually(stream);
    this.#backlog = new Backlog();
    this.#countIn(this.#backlog);
    this.#awaitWrite(this.#backlog, NOTHING);
    return isLasting;
  }

  /** What was sent has left with what was written last; unless more of it is to follow. */
  #countIn(backlog: Backlog): void {
    if (this.#slabSize + this.#fanSize > 0) return;
    backlog.count(this.#sent, this.#sentBytes);
    this.#sent = this.#sentBytes = 0;
  }

  /** Writes, and waits until that, and whatever was written before, has left. */
  #awaitWrite(backlog: Backlog, bytes: Buffer): void {
    backlog.begins(this.#turns.now);
    this.#stream.write(bytes, (error) => {
      if (!error && !this.#stream.destroyed) this.#written(backlog);
    });
  }

  #written(backlog: Backlog): void {
    const { writing, writingPayload } = backlog;
    const batch = backlog.next();
    const last = batch.pop();
    if (last) {
      this.#stream.cork();
      for (const bytes of batch) this.#stream.write(bytes);
      this.#awaitWrite(backlog, last);
      this.#stream.uncork();
      if (writing > 0) this.#events.taken(writing, writingPayload);
      return;
    }
    this.#backlog = undefined;
    this.#left(writing, writingPayload);
    if (backlog.isTold) this.#events.drained();
    for (const go of backlog.waiters) go();
  }

  #sentLeft(): void {
    if (this.#isLost) return;
    const messages = this.#sent;
    const bytes = this.#sentBytes;
    this.#sent = this.#sentBytes = 0;
    this.#left(messages, bytes);
  }

  /** Nothing waits any more. */
  #left(messages: number, bytes: number): void {
    if (this.#isLost) return;
    // To end it twice makes an error each time, with its stack.
    if (this.#isEnding && this.#slabSize === 0 && this.#stream.writable) this.#stream.end();
    if (messages > 0) this.#events.taken(messages, bytes);
  }
}
