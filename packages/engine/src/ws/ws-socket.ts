import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import type { EngineSocket, OutgoingMessage, PreparedMessage, SocketListener, Unfinished } from "../engine.ts";
import { exactCopy } from "../exact-copy.ts";
import { isPrompt, takenBytes, UNTOLD_BYTES, UNTOLD_TURNS, writeGradually } from "../gradual-writes.ts";
import { keepSmall } from "../keep-small.ts";
import type { Turns } from "../turns.ts";
import { unfinishedOf } from "./unfinished.ts";

/**
 * Pongs that may wait for a peer who pings and does not read; one more, and the connection is destroyed. It is not
 * lower, since pings that arrive in one read are all answered before the kernel is asked.
 */
const MAX_PENDING_PONGS = 60;

/** A message whose text is encoded; ws frames it for each receiver. */
export class PreparedBytes implements PreparedMessage {
  readonly data: Buffer;
  readonly isBinary: boolean;

  constructor(message: string | Uint8Array) {
    this.data = Buffer.from(message as string);
    this.isBinary = typeof message !== "string";
  }

  get bytes(): number {
    return this.data.length;
  }
}

/** One connection by ws. */
export class WsSocket implements EngineSocket {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  #listener: SocketListener | undefined;
  #takenBytes = 0;
  /** Whether the listener was, or is about to be, told of bytes that wait. */
  #isBlocked = false;
  /** What the system had taken when that was last looked at, and in which turn it was last seen to take any. */
  #takenAt = 0;
  #since = 0;
  /** How many messages were complete. */
  #messages = 0;
  #maxPayload: number;
  readonly #turns: Turns;
  readonly #isCompressed: boolean;

  constructor(socket: WebSocket, stream: Duplex, maxPayload: number, turns: Turns) {
    this.#socket = socket;
    this.#stream = stream;
    this.#maxPayload = maxPayload;
    this.#turns = turns;
    this.#isCompressed = socket.extensions !== "";
    // Now: whoever is told of the connection may send at once.
    writeGradually(stream);
  }

  /** Tells the listener from now on. */
  begin(listener: SocketListener): void {
    const socket = this.#socket;
    answerPings(socket, () => this.#settle());
    socket.on("ping", (payload: Buffer) => this.#listener?.pinged?.(payload));
    socket.on("pong", (payload: Buffer) => this.#listener?.ponged?.(payload));
    keepSmall(socket, this.#stream);
    this.#listener = listener;
    let refused: { code: number; reason: string } | undefined;
    socket.on("message", (data: Buffer, isBinary) => {
      this.#messages++;
      listener.message(isBinary ? ownBytes(data) : data.toString("utf8"), data.length);
    });
    socket.on("error", (error: Error & { code?: string }) => {
      const code = closeCodeOf(error.code);
      const why = code === 1009 ? `a message of more than ${this.#maxPayload} bytes (option maxPayload)` : error.message;
      if (code !== undefined) refused = { code, reason: why };
      listener.failed(new Error(why, { cause: error }), code === undefined ? "network" : "protocol");
    });
    socket.on("close", (code, reason) => {
      this.#listener = undefined;
      if (refused) listener.closed(refused.code, refused.reason);
      else listener.closed(code, reason.toString("utf8"));
    });
    // ws takes a network error for a silent close.
    this.#stream.on("error", (error) => {
      if (socket.readyState !== WebSocket.CLOSED) listener.failed(error, "network");
    });
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
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
    return !this.#stream.isPaused();
  }

  get unfinished(): Unfinished | undefined {
    return unfinishedOf(this.#socket, this.#messages);
  }

  send(message: OutgoingMessage): boolean {
    if (!this.isOpen) return false;
    const { data, isBinary, bytes } = message instanceof PreparedBytes ? message : new PreparedBytes(message as string);
    let isTaken = false;
    this.#socket.send(data, { binary: isBinary }, (error) => {
      // Node reports no error for writes that a destroyed socket cancelled.
      if (!error && (isTaken || !this.#stream.destroyed)) this.#listener?.taken(1, bytes);
      this.#settle();
    });
    isTaken = this.bufferedBytes === 0;
    if (!isTaken && !this.#isBlocked) {
      this.#isBlocked = true;
      this.#since = this.#turns.now;
      process.nextTick(() => this.#listener?.blocked());
    }
    return true;
  }

  flush(): boolean {
    if (this.#stream.destroyed) return true;
    // What waits for another thread to compress it is not told apart from what waits for the peer.
    const waiting = this.#isCompressed ? this.bufferedBytes : this.#stream.writableLength;
    if (waiting === 0) return true;
    if (this.#isCompressed || isPrompt(this.#stream)) return false;
    const { now } = this.#turns;
    const taken = takenBytes(this.#stream);
    if (taken !== this.#takenAt) this.#since = now;
    this.#takenAt = taken;
    return now - this.#since <= UNTOLD_TURNS && waiting <= UNTOLD_BYTES;
  }

  sendPing(payload?: Uint8Array): void {
    if (this.isOpen) this.#socket.ping(payload && Buffer.from(payload), undefined, () => this.#settle());
  }

  close(code: number, reason: string): void {
    if (this.isOpen) this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  setMaxPayload(bytes: number): void {
    // No public option of ws changes a live connection's bound. Should this field ever be gone, the acceptor's bound
    // holds, and the suite fails.
    const { _receiver } = this.#socket as unknown as { _receiver?: { _maxPayload?: number } };
    if (typeof _receiver?._maxPayload !== "number") return;
    _receiver._maxPayload = bytes;
    this.#maxPayload = bytes;
  }

  /** Something has left: tells when it was the last that waited, be that a message, a ping or a pong. */
  #settle(): void {
    if (!this.#isBlocked || this.bufferedBytes > 0) return;
    this.#isBlocked = false;
    this.#listener?.drained();
  }
}

/** What ws would do by itself, but with a slice of what was read, which would keep all of that while the pong waits. */
function answerPings(socket: WebSocket, left: () => void): void {
  let pending = 0;
  socket.on("ping", (data: Buffer) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (pending >= MAX_PENDING_PONGS) return socket.terminate();
    pending++;
    socket.pong(exactCopy([data]), undefined, () => {
      pending--;
      left();
    });
  });
}

/** The close code that ws answers an error with; undefined when the error is not about what the peer sent. */
function closeCodeOf(code: string | undefined): number | undefined {
  switch (code) {
    case "WS_ERR_INVALID_UTF8":
      return 1007;
    case "WS_ERR_TOO_MANY_BUFFERED_PARTS":
      return 1008;
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
      return 1009;
    default:
      if (code?.startsWith("Z_")) return 1007;
      return code?.startsWith("WS_ERR_") ? 1002 : undefined;
  }
}

/** Bytes that nobody else holds: ws hands out slices of what the socket read, or of Node's pool. */
function ownBytes(data: Buffer): Uint8Array {
  return data.length === data.buffer.byteLength ? new Uint8Array(data.buffer) : new Uint8Array(data);
}
