import { isUtf8 } from "node:buffer";
import { Assembly } from "./assembly.ts";
import { type Closing, readClosePayload } from "./close-payload.ts";
import { FrameReader } from "./frame-reader.ts";
import { CONTROL, type Fault, FaultCode, FIN, OPCODE, Opcode, protocolFault, RESERVED, RSV1 } from "./opcodes.ts";
import { PartialMessage, type PieceSink } from "./partial-message.ts";
import { MAX_SHORT } from "./text-run.ts";
import type { Unfinished } from "./unfinished.ts";
import { judgeUtf8, UTF8_BOUNDARY, UTF8_WRONG } from "./utf8.ts";

export type { PieceSink };

/** Bounds of what is put together. */
export interface ReadLimits {
  /** The largest message in bytes. */
  readonly maxPayload: number;
  /** The largest number of fragments of one message. */
  readonly maxFragments: number;
}

/** What was read. Of these, `closing` and `broken` are the last. */
export interface MessageSink {
  /** A message begins that is not compressed, and is asked for: who takes it piece by piece; undefined: it is put together. */
  begins?(isText: boolean): PieceSink | undefined;
  /** A whole message; bytes belong to the receiver for ever. `size` is its payload's bytes. */
  message(message: string | Uint8Array, size: number): void;
  /**
   * A whole message that is compressed; the payload belongs to the receiver, who has to inflate it to `maxBytes` at most,
   * before anything that follows.
   */
  compressed(payload: Buffer, isText: boolean, maxBytes: number): void;
  /** A ping; the payload is to be used during the call. */
  ping(payload: Buffer): void;
  /** A pong; the payload is to be used during the call. */
  pong(payload: Buffer): void;
  /** The peer's close frame. */
  closing(closing: Closing): void;
  /** The peer broke a rule or a bound. */
  broken(fault: Fault): void;
}

const WHOLE_TEXT = FIN | Opcode.text;
const WHOLE_BINARY = FIN | Opcode.binary;
/** Copies below this are quicker by hand. */
const COPY_BY_HAND = 48;

/** Puts messages together from frames, and judges both (RFC 6455 sections 5.4 to 5.6 and 8.1). */
export class MessageReader extends FrameReader {
  readonly #sink: MessageSink;
  readonly #isDeflate: boolean;
  readonly #maxFragments: number;
  /** The bound of messages that begin from now on, in bytes. */
  maxPayload: number;
  /** The message under way, when one has not come whole at once. */
  #partial: PartialMessage | undefined;
  /** Whether it is asked who takes a message piece by piece. */
  asksForPieces = false;
  /** Of the frame whose payload is under way: its first byte. */
  #first = 0;
  /** Whether the last text was ASCII: most peers either send little else, or hardly any. */
  #isPlain = true;
  /** The payload of a control frame that comes in pieces. */
  #control: Assembly | undefined;

  /**
   * @param isMasked whether the peer is a client, whose frames are masked
   * @param isDeflate whether messages may be compressed (RFC 7692)
   */
  constructor(isMasked: boolean, isDeflate: boolean, limits: ReadLimits, sink: MessageSink) {
    super(isMasked);
    this.#sink = sink;
    this.#isDeflate = isDeflate;
    this.#maxFragments = limits.maxFragments;
    this.maxPayload = limits.maxPayload;
  }

  /** What has begun to come and is not complete, but for a message that is taken piece by piece. */
  get unfinished(): Unfinished | undefined {
    const partial = this.#partial;
    if (partial?.assembly) return { id: partial.id, bytes: partial.assembly.length };
    const id = this.#control ?? this.cutHeader;
    return id && { id, bytes: 0 };
  }

  override end(): void {
    super.end();
    const pieces = this.#partial?.pieces;
    this.#partial = this.#control = undefined;
    pieces?.cut();
  }

  /** What was compressed is now known, or what is wrong with it. */
  inflated(result: Buffer | Fault, isText: boolean): void {
    if (!Buffer.isBuffer(result)) return void this.#break(result);
    if (!isText) return void this.#sink.message(ownCopy(result, 0, result.length), result.length);
    if (!isUtf8(result)) return void this.#break(NOT_UTF8);
    this.#sink.message(result.toString("utf8"), result.length);
  }

  protected judgeFirst(first: number): Fault | undefined {
    const opcode = first & OPCODE;
    // The first frame of a message says whether it is compressed (RFC 7692 section 6).
    const allowed = this.#isDeflate && (opcode === Opcode.text || opcode === Opcode.binary) ? RSV1 : 0;
    if (first & RESERVED & ~allowed) return RESERVED_BIT;
    if (opcode & CONTROL) {
      if (opcode > Opcode.pong) return RESERVED_OPCODE;
      return first & FIN ? undefined : CUT_CONTROL;
    }
    if (opcode > Opcode.binary) return RESERVED_OPCODE;
    const continues = opcode === Opcode.continuation;
    if (continues === (this.#partial !== undefined)) return undefined;
    return continues ? NOTHING_TO_CONTINUE : NOT_CONTINUED;
  }

  protected judgeLength(first: number, length: number): Fault | undefined {
    if (first & CONTROL) return undefined;
    const partial = this.#partial;
    // Who takes it by pieces has a bound of its own, and is asked when its frame begins.
    if (!partial && this.asksForPieces) return undefined;
    const bound = partial ? partial.bound : this.maxPayload;
    const isCompressed = partial ? partial.isCompressed : (first & RSV1) !== 0;
    // What does not compress grows a little.
    const most = isCompressed ? bound + (bound >>> 10) + 64 : bound;
    return (partial ? partial.declared : 0) + length > most ? tooLarge(bound) : undefined;
  }

  protected get readsRuns(): boolean {
    return this.#isPlain && !this.#partial && !this.asksForPieces && this.maxPayload >= MAX_SHORT;
  }

  protected shortText(text: string): void {
    this.#sink.message(text, text.length);
  }

  protected frame(first: number, bytes: Buffer, start: number, end: number, seen: number): void {
    if (this.asksForPieces) return void this.#general(first, bytes, start, end);
    if (first === WHOLE_TEXT && end - start <= this.maxPayload) return void this.#wholeText(bytes, start, end, seen);
    if (first === WHOLE_BINARY && end - start <= this.maxPayload) {
      return void this.#sink.message(ownCopy(bytes, start, end), end - start);
    }
    this.#general(first, bytes, start, end);
  }

  #general(first: number, bytes: Buffer, start: number, end: number): void {
    if (first & CONTROL) return void this.#controlFrame(first, bytes.subarray(start, end));
    const fault = this.begin(first, end - start);
    if (fault) return void this.#break(fault);
    this.piece(bytes, start, end, 0);
  }

  protected begin(first: number, length: number): Fault | undefined {
    this.#first = first;
    if (first & CONTROL) {
      this.#control = new Assembly();
      return undefined;
    }
    this.#partial ??= this.#beginMessage(first);
    const partial = this.#partial;
    const fault = this.judgeLength(first, length);
    if (fault) return fault;
    partial.declared += length;
    // Of what is not put together no fragment costs memory.
    if (partial.assembly && ++partial.fragments > this.#maxFragments) return tooManyFragments(this.#maxFragments);
    return undefined;
  }

  #beginMessage(first: number): PartialMessage {
    const opcode = first & OPCODE;
    const isCompressed = (first & RSV1) !== 0;
    const pieces = this.asksForPieces && !isCompressed ? this.#sink.begins?.(opcode === Opcode.text) : undefined;
    return new PartialMessage(opcode, isCompressed, this.maxPayload, pieces);
  }

  protected piece(bytes: Buffer, start: number, end: number, missing: number): void {
    const frame = this.#first;
    if (frame & CONTROL) {
      const control = this.#control as Assembly;
      control.add(bytes, start, end, missing);
      if (missing > 0) return;
      this.#control = undefined;
      return void this.#controlFrame(frame, control.peek());
    }
    const partial = this.#partial as PartialMessage;
    if (partial.opcode === Opcode.text && !partial.isCompressed) {
      partial.utf8 = judgeUtf8(partial.utf8, bytes, start, end);
      if (partial.utf8 === UTF8_WRONG) return void this.#break(NOT_UTF8);
    }
    const isLast = missing === 0 && (frame & FIN) !== 0;
    const { assembly } = partial;
    if (assembly) {
      // Only a last fragment says how much is still to come.
      assembly.add(bytes, start, end, frame & FIN ? missing : Number.POSITIVE_INFINITY);
      if (isLast) this.#whole(partial, assembly);
      return;
    }
    const pieces = partial.pieces as PieceSink;
    if (isLast && partial.utf8 !== UTF8_BOUNDARY) return void this.#break(NOT_UTF8);
    if (isLast) this.#partial = undefined;
    try {
      if (end > start) pieces.piece(ownCopy(bytes, start, end));
    } finally {
      if (isLast) pieces.end();
    }
  }

  protected broken(fault: Fault): void {
    this.#sink.broken(fault);
  }

  /** The common case: a text in one frame, in one chunk. */
  #wholeText(bytes: Buffer, start: number, end: number, seen: number): void {
    this.#isPlain = (seen & 0x80) === 0;
    if (this.#isPlain) return void this.#sink.message(bytes.toString("latin1", start, end), end - start);
    const text = bytes.toString("utf8", start, end);
    // What is no UTF-8 was decoded as U+FFFD; it may also stand there rightly.
    if (text.includes("\ufffd") && !isUtf8(bytes.subarray(start, end))) return void this.#break(NOT_UTF8);
    this.#sink.message(text, end - start);
  }

  #whole({ opcode, isCompressed, utf8, bound }: PartialMessage, assembly: Assembly): void {
    const isText = opcode === Opcode.text;
    if (isText && utf8 !== UTF8_BOUNDARY) return void this.#break(NOT_UTF8);
    this.#partial = undefined;
    if (isCompressed) return void this.#sink.compressed(assembly.take(), isText, bound);
    if (isText) return void this.#sink.message(assembly.peek().toString("utf8"), assembly.length);
    const bytes = assembly.take();
    this.#sink.message(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length);
  }

  #controlFrame(first: number, payload: Buffer): void {
    const opcode = first & OPCODE;
    if (opcode === Opcode.ping) return void this.#sink.ping(payload);
    if (opcode === Opcode.pong) return void this.#sink.pong(payload);
    const closing = readClosePayload(payload);
    if ("why" in closing) return void this.#break(closing);
    this.end();
    this.#sink.closing(closing);
  }

  #break(fault: Fault): void {
    this.end();
    this.broken(fault);
  }
}

function ownCopy(bytes: Buffer, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  if (copy.length >= COPY_BY_HAND) copy.set(bytes.subarray(start, end));
  else for (let at = start; at < end; at++) copy[at - start] = bytes[at] as number;
  return copy;
}

const RESERVED_BIT = protocolFault("a reserved bit is set (RFC 6455 section 5.2)");
const RESERVED_OPCODE = protocolFault("a reserved opcode (RFC 6455 section 5.2)");
const CUT_CONTROL = protocolFault("a control frame in fragments (RFC 6455 section 5.5)");
const NOTHING_TO_CONTINUE = protocolFault("a continuation of nothing (RFC 6455 section 5.4)");
const NOT_CONTINUED = protocolFault("a new message within another (RFC 6455 section 5.4)");
const NOT_UTF8: Fault = Object.freeze({ code: FaultCode.badData, why: "text that is not UTF-8 (RFC 6455 section 8.1)" });

function tooLarge(bound: number): Fault {
  return { code: FaultCode.tooLarge, why: `a message of more than ${bound} bytes (option maxPayload)` };
}

function tooManyFragments(bound: number): Fault {
  return { code: FaultCode.tooManyFragments, why: `a message of more than ${bound} fragments` };
}
