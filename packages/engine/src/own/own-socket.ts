import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Deflater } from "../compression/deflater.ts";
import type { Inflater } from "../compression/inflater.ts";
import type {
  EngineSocket,
  IncomingPieces,
  OutgoingPieces,
  OutgoingMessage as Sendable,
  SocketListener,
  Unfinished,
} from "../engine.ts";
import { type Closing, writeClosePayload } from "../frames/close-payload.ts";
import type { ReadLimits } from "../frames/message-reader.ts";
import { type Fault, Opcode } from "../frames/opcodes.ts";
import type { Slab } from "../frames/slab.ts";
import { takenBytes } from "../gradual-writes.ts";
import type { Turns } from "../turns.ts";
import type { Deadlines } from "./deadlines.ts";
import { DeflatingWriter } from "./deflating-writer.ts";
import type { Fan } from "./fan.ts";
import { Incoming, type IncomingEvents } from "./incoming.ts";
import { PreparedFrame } from "./outgoing-frames.ts";
import { OutgoingMessage } from "./outgoing-message.ts";
import { own, type StreamOwner } from "./owned-stream.ts";
import { SendOrder } from "./send-order.ts";
import { Writer, type WriterEvents } from "./writer.ts";

/** What all connections of an acceptor share. */
export interface SocketContext {
  readonly slab: Slab;
  readonly fan: Fan;
  readonly limits: ReadLimits;
  /** Whether this side is the client: it masks, and the other does not. */
  readonly isClient: boolean;
  /** Connections whose close handshake is under way. */
  readonly closing: Deadlines<OwnSocket>;
  readonly turns: Turns;
}

/** How one connection compresses, where that is agreed. */
export interface Compression {
  readonly inflater: Inflater;
  readonly deflater: Deflater;
  /** Smaller messages leave as they are, in bytes. */
  readonly threshold: number;
}

/** RFC 6455 section 7.1.5. */
const NO_CLOSE_FRAME: Closing = Object.freeze({ code: 1006, reason: "" });
const NO_PAYLOAD = new Uint8Array(0);
/** Bytes that a reason may have: a control frame's, but for the code. */
const MAX_REASON_BYTES = 123;

/** One connection over one stream. */
export class OwnSocket implements EngineSocket, IncomingEvents, WriterEvents, StreamOwner {
  readonly #stream: Duplex;
  readonly #context: SocketContext;
  readonly #incoming: Incoming;
  readonly #writer: Writer;
  readonly #deflating: DeflatingWriter | undefined;
  /** Only of connections that compress, or send piece by piece. */
  #order: SendOrder | undefined;
  #listener: SocketListener | undefined;
  /** Whether a close frame was sent. */
  #hasClosed = false;
  /** How it ends: what the peer's close frame said, or what it was refused for. */
  #verdict: Closing | undefined;
  /** The last ping that came while pongs could not leave. */
  #unanswered: Buffer | undefined;
  #takenBytes = 0;

  constructor(stream: Duplex, context: SocketContext, compression: Compression | undefined) {
    this.#stream = stream;
    this.#context = context;
    this.#incoming = new Incoming(stream, context.turns, !context.isClient, context.limits, compression?.inflater, this);
    this.#writer = new Writer(stream, context, this);
    if (!compression) return;
    this.#order = new SendOrder(context.turns);
    this.#deflating = new DeflatingWriter(this.#writer, compression.deflater, compression.threshold, this.#order);
  }

  /** Begins to read, `head` first. */
  begin(head: Buffer, listener: SocketListener): void {
    const stream = this.#stream;
    this.#listener = listener;
    this.#incoming.asksForPieces = listener.begins !== undefined;
    if (head.length > 0) stream.unshift(head);
    own(stream, this);
    // Whoever read the request may have paused it.
    if (this.#incoming.isPaused) stream.pause();
    else stream.resume();
  }

  get isOpen(): boolean {
    return !this.#hasClosed && !this.#verdict && !this.#stream.destroyed;
  }

  get bufferedBytes(): number {
    if (!this.#order) return this.#writer.size;
    return this.#writer.size + this.#order.bytes + (this.#deflating?.size ?? 0);
  }

  get takenBytes(): number {
    // A destroyed stream does not tell any more.
    if (!this.#stream.destroyed) this.#takenBytes = takenBytes(this.#stream);
    return this.#takenBytes;
  }

  get receivedBytes(): number {
    return (this.#stream as Partial<Socket>).bytesRead ?? 0;
  }

  get isReading(): boolean {
    return this.#incoming.isReading;
  }

  get unfinished(): Unfinished | undefined {
    return this.#incoming.unfinished;
  }

  send(message: Sendable): boolean {
    if (!this.isOpen) return false;
    if (this.#order?.isHeld) this.#sendLater(this.#order, message);
    else this.#sendNow(message, false);
    return true;
  }

  beginMessage(isText: boolean): OutgoingPieces | undefined {
    if (!this.isOpen) return undefined;
    this.#order ??= new SendOrder(this.#context.turns);
    return new OutgoingMessage(isText, this.#writer, this.#order, () => this.isOpen);
  }

  flush(): boolean {
    this.#writer.flush();
    // What waits for a message in pieces counts as what waits for the peer, or it would have no bound.
    return this.#stream.destroyed || (!this.#writer.isBehind && !this.#order?.isBehind);
  }

  sendPing(payload: Uint8Array = NO_PAYLOAD): void {
    if (this.isOpen) this.#writer.sendControl(Opcode.ping, payload);
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.#sendClose(code, reason);
    this.#context.closing.add(this);
  }

  terminate(): void {
    this.#writer.flush();
    this.#stream.destroy();
  }

  pause(): void {
    this.#incoming.pause();
  }

  resume(): void {
    this.#incoming.resume();
  }

  askForPieces(asks: boolean): void {
    this.#incoming.asksForPieces = asks;
  }

  setMaxPayload(bytes: number): void {
    this.#incoming.maxPayload = bytes;
  }

  begins(isText: boolean): IncomingPieces | undefined {
    return this.#listener?.begins?.(isText);
  }

  message(message: string | Uint8Array, size: number): void {
    this.#listener?.message(message, size);
  }

  ping(payload: Buffer): void {
    if (this.isOpen) this.#answer(payload);
    this.#listener?.pinged?.(payload);
  }

  pong(payload: Buffer): void {
    this.#listener?.ponged?.(payload);
  }

  closing(closing: Closing): void {
    this.#verdict = closing;
    this.#end(closing.code, closing.reason);
  }

  broken({ code, why }: Fault): void {
    this.#verdict ??= { code, reason: why };
    this.#end(code, why);
    this.#listener?.failed(new Error(why), "protocol");
  }

  taken(messages: number, bytes: number): void {
    this.#listener?.taken(messages, bytes);
  }

  blocked(): void {
    this.#listener?.blocked();
  }

  drained(): void {
    if (this.#unanswered && this.isOpen) this.#writer.sendControl(Opcode.pong, this.#unanswered);
    this.#unanswered = undefined;
    this.#listener?.drained();
  }

  #answer(payload: Buffer): void {
    // Only the last of several has to be answered (RFC 6455 section 5.5.3).
    if (this.#writer.isBlocked) this.#unanswered = Buffer.from(payload);
    else this.#writer.sendControl(Opcode.pong, payload);
  }

  /** Answers the end of the other side. The server closes the stream, the client waits for that (section 7.1.1). */
  #end(code: number, reason: string): void {
    if (!this.#hasClosed) this.#sendClose(code, reason);
    if (!this.#context.isClient) this.#afterSent(() => this.#writer.end());
    this.#context.closing.add(this);
    this.#incoming.drop();
  }

  #sendClose(code: number, reason: string): void {
    this.#hasClosed = true;
    const payload = writeClosePayload(code, Buffer.byteLength(reason) > MAX_REASON_BYTES ? "" : reason);
    this.#afterSent(() => this.#writer.sendControl(Opcode.close, payload));
  }

  /** A client's frames are masked, each in its own way. */
  #sendPrepared(message: PreparedFrame): void {
    if (this.#context.isClient) this.#writer.sendFrame(message.first, message.payload, message.bytes);
    else this.#writer.sendPrepared(message);
  }

  /** @param isOurs whether nobody else will change its bytes */
  #sendNow(message: Sendable, isOurs: boolean): void {
    if (this.#deflating) this.#deflating.send(message, isOurs);
    else if (typeof message === "string") this.#writer.sendText(message);
    else if (message instanceof PreparedFrame) this.#sendPrepared(message);
    else this.#writer.sendBinary(message as Uint8Array);
  }

  #sendLater(order: SendOrder, message: Sendable): void {
    const kept = message instanceof Uint8Array ? Buffer.from(message) : message;
    const bytes = typeof kept === "string" ? Buffer.byteLength(kept) : "bytes" in kept ? kept.bytes : kept.length;
    order.run(bytes, () => this.#sendNow(kept, true));
  }

  /** Goes on when all that was sent has left, but for a message that is sent piece by piece: nobody knows when that ends. */
  #afterSent(go: () => void): void {
    if (this.#order && this.#deflating && this.#deflating.size > 0) this.#order.run(0, go);
    else go();
  }

  /** Of the stream: it was read. */
  read(chunk: Buffer): void {
    this.#incoming.read(chunk);
  }

  /** Of the stream: the peer ended its side. */
  peerEnded(): void {
    // Without a close frame, or after one: either way there is nothing more to come.
    this.#afterSent(() => this.#writer.end());
  }

  /** Of the stream: it failed. */
  failed(error: Error): void {
    this.#listener?.failed(error, "network");
  }

  /** Of the stream: it is gone. */
  over(): void {
    this.#deflating?.end();
    this.#order?.clear();
    this.#writer.settle();
    this.#incoming.finish(() => {
      // Only now: a close frame among what was left would have it waited for.
      this.#context.closing.remove(this);
      const listener = this.#listener;
      this.#listener = undefined;
      const { code, reason } = this.#verdict ?? NO_CLOSE_FRAME;
      listener?.closed(code, reason);
    });
  }
}
