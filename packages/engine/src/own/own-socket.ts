import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { EngineSocket, OutgoingMessage, SocketListener } from "../engine.ts";
import { type Closing, writeClosePayload } from "../frames/close-payload.ts";
import { MessageReader, type MessageSink, type ReadLimits } from "../frames/message-reader.ts";
import { type Fault, Opcode } from "../frames/opcodes.ts";
import type { Slab } from "../frames/slab.ts";
import { kernelBacklog, kernelBytes } from "../kernel-bytes.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Fan } from "./fan.ts";
import { PreparedFrame } from "./outgoing-frames.ts";
import type { Turns } from "./turns.ts";
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

/** What one connection may read in a turn before it lets others have theirs, in bytes; and what a message counts for. */
const WORK_IN_TURN = 65_536;
const WORK_OF_MESSAGE = 128;
/** RFC 6455 section 7.1.5. */
const NO_CLOSE_FRAME: Closing = Object.freeze({ code: 1006, reason: "" });
/** Bytes that a reason may have: a control frame's, but for the code. */
const MAX_REASON_BYTES = 123;

/** A stream that belongs to a connection: by this all connections share their listeners. */
interface OwnedStream extends Duplex {
  [OWNER]: OwnSocket;
}
const OWNER = Symbol("websocket");

/** One connection over one stream. */
export class OwnSocket implements EngineSocket, MessageSink, WriterEvents {
  readonly #stream: Duplex;
  readonly #context: SocketContext;
  readonly #reader: MessageReader;
  readonly #writer: Writer;
  #listener: SocketListener | undefined;
  /** Whether a close frame was sent. */
  #hasClosed = false;
  /** How it ends: what the peer's close frame said, or what it was refused for. */
  #verdict: Closing | undefined;
  #isPaused = false;
  /** The last ping that came while pongs could not leave. */
  #unanswered: Buffer | undefined;
  #takenBytes = 0;
  /** In which turn it last read, and how much it has read in that. */
  #turn = 0;
  #work = 0;

  constructor(stream: Duplex, context: SocketContext) {
    this.#stream = stream;
    this.#context = context;
    this.#reader = new MessageReader(!context.isClient, context.limits, this);
    this.#writer = new Writer(stream, context.slab, context.fan, context.isClient, this);
  }

  /** Begins to read, `head` first. */
  begin(head: Buffer, listener: SocketListener): void {
    const stream = this.#stream as OwnedStream;
    this.#listener = listener;
    stream[OWNER] = this;
    if (head.byteLength > 0) stream.unshift(head);
    stream.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
    if (this.#isPaused) stream.pause();
  }

  get isOpen(): boolean {
    return !this.#hasClosed && !this.#verdict && !this.#stream.destroyed;
  }

  get bufferedBytes(): number {
    return this.#writer.size;
  }

  get takenBytes(): number {
    // A destroyed stream has no handle any more.
    if (!this.#stream.destroyed) this.#takenBytes = kernelBytes(this.#stream);
    return this.#takenBytes;
  }

  get receivedBytes(): number {
    return (this.#stream as Partial<Socket>).bytesRead ?? 0;
  }

  send(message: OutgoingMessage): boolean {
    if (!this.isOpen) return false;
    if (typeof message === "string") this.#writer.sendText(message);
    else if (message instanceof PreparedFrame) this.#writer.sendPrepared(message);
    else this.#writer.sendBinary(message as Uint8Array);
    return true;
  }

  flush(): boolean {
    this.#writer.flush();
    return this.#stream.destroyed || kernelBacklog(this.#stream) === 0;
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
    this.#isPaused = true;
    this.#reader.pause();
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    // Later: what waits must not be told from within this call.
    process.nextTick(goOn, this);
  }

  setMaxPayload(bytes: number): void {
    this.#reader.maxPayload = bytes;
  }

  message(message: string | Uint8Array, size: number): void {
    this.#listener?.message(message, size);
    this.#spend(WORK_OF_MESSAGE);
  }

  ping(payload: Buffer): void {
    if (!this.isOpen) return;
    // Only the last of several has to be answered (RFC 6455 section 5.5.3).
    if (this.#writer.isBlocked) this.#unanswered = Buffer.from(payload);
    else this.#writer.sendControl(Opcode.pong, payload);
  }

  pong(): void {}

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

  /** Answers the end of the other side. The server closes the stream, the client waits for that (section 7.1.1). */
  #end(code: number, reason: string): void {
    if (!this.#hasClosed) this.#sendClose(code, reason);
    if (!this.#context.isClient) this.#writer.end();
    this.#context.closing.add(this);
    // Whatever still comes is read and dropped: to close over unread bytes would reset the connection.
    this.#isPaused = false;
    this.#stream.resume();
  }

  #sendClose(code: number, reason: string): void {
    this.#hasClosed = true;
    this.#writer.sendControl(Opcode.close, writeClosePayload(code, Buffer.byteLength(reason) > MAX_REASON_BYTES ? "" : reason));
  }

  /** Of the stream: it was read. */
  read(chunk: Buffer): void {
    const turn = this.#context.turns.now;
    if (turn !== this.#turn && this.#work < WORK_IN_TURN) this.#work = 0;
    this.#turn = turn;
    try {
      this.#reader.read(chunk);
    } finally {
      // What a listener throws is Node's to tell; the messages behind it are told all the same.
      if (this.#reader.isInterrupted) setImmediate(goOn, this);
    }
    // Node reads again and again as long as there is something, under TLS in pieces of 16 KiB.
    this.#spend(chunk.byteLength);
  }

  /** Counts what was done; beyond what is fair, others have their turn first. */
  #spend(work: number): void {
    const before = this.#work;
    this.#work = before + work;
    if (before >= WORK_IN_TURN || this.#work < WORK_IN_TURN) return;
    this.#reader.pause();
    this.#stream.pause();
    setImmediate(goOn, this);
  }

  /** Goes on reading, unless it is paused again. */
  goOn(): void {
    this.#work = 0;
    if (this.#isPaused) return;
    this.#reader.resume();
    if (!this.#isPaused && this.#work < WORK_IN_TURN) this.#stream.resume();
  }

  /** Of the stream: the peer ended its side. */
  peerEnded(): void {
    // Without a close frame, or after one: either way there is nothing more to come.
    this.#writer.end();
  }

  /** Of the stream: it failed. */
  failed(error: Error): void {
    this.#listener?.failed(error, "network");
  }

  /** Of the stream: it is gone. */
  over(): void {
    const listener = this.#listener;
    this.#writer.settle();
    // What came whole before the end is not lost on whoever paused.
    this.#isPaused = false;
    this.#reader.resume();
    this.#reader.end();
    // Only now: a close frame among that would have it waited for.
    this.#context.closing.remove(this);
    this.#listener = undefined;
    const { code, reason } = this.#verdict ?? NO_CLOSE_FRAME;
    listener?.closed(code, reason);
  }
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[OWNER].read(chunk);
}

function onEnd(this: OwnedStream): void {
  this[OWNER].peerEnded();
}

function onError(this: OwnedStream, error: Error): void {
  this[OWNER].failed(error);
}

function onClose(this: OwnedStream): void {
  this[OWNER].over();
}

function goOn(socket: OwnSocket): void {
  socket.goOn();
}
