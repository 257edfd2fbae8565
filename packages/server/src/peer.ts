import { checkClose, type Packet, PING, type PiecesOut, type Sendable, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { ConnectionPeer, ConnectionState } from "./connection.ts";
import { newConnectionId } from "./connection-id.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";
import { beatOf } from "./heartbeat.ts";
import { notSent, type Payload, packetPayload, rawPayload } from "./payload.ts";
import type { PeerContext } from "./peer-context.ts";
import { BY_RATE, PeerLoops } from "./peer-loops.ts";
import { PeerWatch, type WatchTarget } from "./peer-watch.ts";
import { RateLimit } from "./rate-limit.ts";
import { SendQueue, type SendQueueEvents } from "./send-queue.ts";
import type { EngineSocket, SocketListener } from "./socket.ts";
import type { SweptPeer } from "./sweeps.ts";

/** The states and the traffic of one connection: what stands between its socket and the server. */
export class Peer<P extends Packet, C = unknown>
  extends PeerLoops<P>
  implements ConnectionPeer<P>, SocketListener, SendQueueEvents<P>, SweptPeer, WatchTarget
{
  readonly id = newConnectionId();
  readonly request: UpgradeRequest;
  readonly startedAtMs: number;
  /** What stands for it in the application. */
  connection!: C;
  readonly #context: PeerContext<P, Peer<P, C>>;
  readonly #queue: SendQueue<P>;
  readonly watch: PeerWatch;
  readonly #rateLimit: RateLimit<string | Uint8Array | (() => void)> | undefined;
  #state: ConnectionState = "connecting";
  /** What this side closed with, when it closed first. */
  #verdict: { code: number; reason: string } | undefined;
  #isHeardClosing = false;
  #networkError = "";
  /** Whether the engine refused what the peer sent, and closed. */
  #isRefused = false;
  #whenClosed: (() => void)[] | undefined;

  constructor(socket: EngineSocket, request: UpgradeRequest, context: PeerContext<P, Peer<P, C>>) {
    super(socket, context.clock, context.rate !== undefined, context.reading);
    this.request = request;
    this.#context = context;
    this.startedAtMs = context.clock.date();
    this.#queue = new SendQueue(socket, context.queue, context.stalls, this);
    this.watch = new PeerWatch(socket, context.watch, this);
    this.#rateLimit =
      context.rate &&
      new RateLimit(context.rate, context.clock, {
        deliver: (message) => this.deliver(message),
        pause: () => this.pause(BY_RATE),
        resume: () => this.resume(BY_RATE),
        // The peer's own ping lies unread, so that it may take this side for dead: any message is life.
        showLife: () => this.#queue.pushOwn(PING),
        exceeded: (reason) => this.sever(4429, reason),
      });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether messages are told: while it is open, and what was on its way when this side closed. */
  get #isHeard(): boolean {
    return this.#state === "open" || (this.#state === "closing" && this.#isHeardClosing);
  }

  get isAlive(): boolean {
    return this.#state === "open" && this.socket.isOpen;
  }

  get sentBytes(): number {
    return this.#queue.sentBytes;
  }

  get isHeldBack(): boolean {
    return this.#rateLimit?.isHolding === true || !this.socket.isReading;
  }

  get receivedBytes(): number {
    return this.socket.receivedBytes;
  }

  get isOccupied(): boolean {
    return this.isHeldBack || this.watch.isReceiving || this.watch.isBlocked;
  }

  get delayMs(): number {
    return this.watch.delayMs;
  }

  /** Sends a text of the server's own; false where there was no room for it. */
  greet(text: string): boolean {
    return this.#queue.pushOwn(text) === undefined;
  }

  /** Begins: messages are taken in and may be sent. False when it was closed meanwhile. */
  open(): boolean {
    if (this.#state === "connecting") this.#state = "open";
    return this.#state === "open";
  }

  /**
   * Hands a message to the socket.
   *
   * @returns why it was refused
   */
  push(payload: Payload<P>): WebsocketsSimpleError | undefined {
    if (!this.isAlive) return notSent(`the connection is ${this.#state === "open" ? "closing" : this.#state}`);
    return this.#queue.push(payload);
  }

  send(input: Sendable<P>): Promise<void> {
    return this.#send(() => packetPayload(input, this.#context.codec, this.#context.clock.date()));
  }

  sendRaw(input: string | Uint8Array): Promise<void> {
    return this.#send(() => rawPayload(input));
  }

  close(code: number, reason: string): Promise<void> {
    const closing = async (): Promise<void> => {
      if (typeof reason !== "string")
        throw new WebsocketsSimpleError("INVALID_ARGUMENT", `close reason: expected a string, got ${typeof reason}`);
      checkClose(code, reason);
      await this.#close(code, reason, true);
    };
    return this.#context.unawaited(this, closing());
  }

  /** Closes it for a reason of the server's own: from now on the peer is not heard. */
  sever(code: number, reason: string): Promise<void> {
    if (this.#state === "connecting" || this.#state === "open") this.#context.severed(this, code, reason);
    return this.#close(code, reason, false);
  }

  /** Closes it since the server stops. */
  leave(code: number, reason: string): Promise<void> {
    if (this.#state === "connecting" || this.#state === "open") this.#context.severed(this, code, reason);
    return this.#close(code, reason, true);
  }

  terminate(): void {
    this.#verdict ??= { code: 1006, reason: "terminated" };
    // What it sent before is not told any more: whoever throws a peer out is done with it.
    this.#isHeardClosing = false;
    if (this.#state !== "closed") this.#state = "closing";
    this.#rateLimit?.stop();
    this.socket.terminate();
  }

  ping(payload: string | Uint8Array | undefined): Promise<number> {
    return this.#context.unawaited(this, this.askFor(payload));
  }

  message(message: string | Uint8Array, size: number): void {
    if (!this.#isHeard) return;
    const beat = beatOf(message);
    if (beat) this.takeBeat(beat);
    else {
      this.count(size);
      if (this.#rateLimit) this.#rateLimit.take(message);
      else this.#context.received(this, message);
    }
  }

  pinged(payload: Uint8Array): void {
    if (this.#isHeard && this.mayTellPing()) this.#context.beaten(this, "ping", payload);
  }

  ponged(payload: Uint8Array): void {
    // A ping is answered even when this side has closed since.
    if (this.mayTellPong(payload) && this.#isHeard) this.#context.beaten(this, "pong", payload);
  }

  taken(messages: number, bytes: number): void {
    this.#queue.taken(messages, bytes);
  }

  blocked(): void {
    this.watch.isBlocked = true;
    this.#queue.blocked();
  }

  drained(): void {
    this.watch.isBlocked = false;
    this.#queue.drained();
  }

  sent(payload: Payload<P>): void {
    this.#context.sent(this, payload);
  }

  counted(messages: number, bytes: number): void {
    this.#context.counters.messagesSent += messages;
    this.#context.counters.bytesSent += bytes;
  }

  tooSlow(reason: string): void {
    void this.sever(4408, reason);
  }

  failed(error: Error, kind: "protocol" | "network"): void {
    if (kind === "network") this.#networkError = error.message;
    else {
      this.#isRefused = true;
      this.tellFault(error);
    }
  }

  closed(code: number, reason: string): void {
    const dropped = this.#isHeard ? (this.#rateLimit?.flush() ?? 0) : 0;
    if (dropped > 0) this.tellFault(new Error(`${dropped} messages above rateLimit were dropped: it sent them and left`));
    if (this.#isRefused) this.#context.severed(this, code, reason);
    this.#rateLimit?.stop();
    this.#state = "closed";
    const told = this.#verdict ?? { code, reason: reason || (code === 1006 ? this.#networkError : "") };
    const why = told.reason || `close code ${told.code}`;
    this.reading?.end();
    this.#queue.end(why);
    this.endPings(why);
    this.#context.closed(this, told.code, told.reason);
    for (const resolve of this.#whenClosed ?? []) resolve();
  }

  /** Tells of what the peer did wrong. */
  tellFault(error: Error): void {
    const told = `${this.request.remoteAddress}: ${error.message}`;
    this.#context.failed(this, new WebsocketsSimpleError("PROTOCOL_ERROR", told, { cause: error }));
  }

  protected deliver(message: string | Uint8Array | (() => void)): void {
    if (typeof message === "function") message();
    else if (this.#isHeard) this.#context.received(this, message);
  }

  protected admit(tell: () => void): void {
    if (this.#rateLimit) this.#rateLimit.take(tell);
    else tell();
  }

  protected beginPieces(isText: boolean, settle: (error?: Error) => void): PiecesOut {
    const pieces = this.isAlive ? this.#queue.begin(isText, settle) : undefined;
    if (!pieces) throw notSent(`the connection is ${this.#state === "open" ? "closing" : this.#state}`);
    return pieces;
  }

  protected get sendsPieces(): boolean {
    return this.#queue.hasPieces;
  }

  protected count(bytes: number): void {
    const { counters } = this.#context;
    counters.messagesReceived++;
    counters.bytesReceived += bytes;
  }

  #send(encode: () => Payload<P>): Promise<void> {
    try {
      const refused = this.push(encode());
      return refused ? this.#context.unawaited(this, Promise.reject(refused)) : this.#queue.whenTaken();
    } catch (error) {
      return this.#context.unawaited(this, Promise.reject(error));
    }
  }

  /** @param isHeard whether what the peer sent, before it saw the close frame, is still told */
  #close(code: number, reason: string, isHeard: boolean): Promise<void> {
    if (this.#state === "closed") return Promise.resolve();
    if (this.#state !== "closing") {
      this.#isHeardClosing = isHeard && this.#state === "open" && !this.#rateLimit?.isThrottling;
      this.#state = "closing";
      this.#rateLimit?.stop();
      // A peer who closed first is told nothing any more, and its own code is what counts.
      if (this.socket.isOpen) this.#verdict = { code, reason };
      this.socket.close(code, reason);
      this.resumeForGood();
    }
    return new Promise((resolve) => {
      this.#whenClosed ??= [];
      this.#whenClosed.push(resolve);
    });
  }
}
