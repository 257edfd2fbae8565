import {
  type CodecOptions,
  checkClose,
  type Packet,
  PING,
  PONG,
  type Sendable,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { ConnectionPeer, ConnectionState } from "./connection.ts";
import { newConnectionId } from "./connection-id.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";
import { beatOf } from "./heartbeat.ts";
import { notSent, type Payload, packetPayload, rawPayload } from "./payload.ts";
import { PeerWatch, type WatchTarget } from "./peer-watch.ts";
import { RateLimit, type RateLimitOptions, TokenBucket } from "./rate-limit.ts";
import { SendQueue, type SendQueueEvents, type SendQueueOptions } from "./send-queue.ts";
import type { EngineSocket, SocketListener } from "./socket.ts";
import type { StallWatch } from "./stall-watch.ts";
import type { Counters } from "./stats.ts";
import type { SweptPeer } from "./sweeps.ts";
import type { WatchRules } from "./watch-rules.ts";

/** What all peers of a server share. */
export interface PeerContext<P extends Packet, C> {
  readonly clock: Clock;
  readonly codec: CodecOptions<P>;
  readonly counters: Counters;
  readonly queue: Required<SendQueueOptions>;
  readonly stalls: StallWatch;
  readonly rate: Required<RateLimitOptions> | undefined;
  readonly watch: WatchRules;
  received(peer: Peer<P, C>, message: string | Uint8Array): void;
  /** A message was handed to the kernel. */
  sent(peer: Peer<P, C>, payload: Payload<P>): void;
  failed(peer: Peer<P, C>, error: WebsocketsSimpleError): void;
  /** Takes care of what a call rejects with that nobody may be waiting for. */
  unawaited(peer: Peer<P, C>, doing: Promise<void>): Promise<void>;
  severed(peer: Peer<P, C>, code: number, reason: string): void;
  closed(peer: Peer<P, C>, code: number, reason: string): void;
}

/** With a rate limit, heartbeats have one of their own: far more than any client needs, far less than a flood. */
const HEARTBEATS_PER_SECOND = 50;
const HEARTBEATS_AT_ONCE = 100;
/** Whoever moves so many bytes between two pings is alive, whether or not its pong has come through. */
const BUSY_BYTES = 65_536;

/** The states and the traffic of one connection: what stands between its socket and the server. */
export class Peer<P extends Packet, C = unknown>
  implements ConnectionPeer<P>, SocketListener, SendQueueEvents<P>, SweptPeer, WatchTarget
{
  readonly id = newConnectionId();
  readonly request: UpgradeRequest;
  readonly startedAtMs: number;
  /** What stands for it in the application. */
  connection!: C;
  readonly #context: PeerContext<P, C>;
  readonly #socket: EngineSocket;
  readonly #queue: SendQueue<P>;
  readonly watch: PeerWatch;
  readonly #rateLimit: RateLimit | undefined;
  readonly #heartbeats: TokenBucket | undefined;
  #state: ConnectionState = "connecting";
  #awaitsPong = false;
  /** What had moved when the last ping was sent. */
  #movedAtPing = 0;
  /** What this side closed with, when it closed first. */
  #verdict: { code: number; reason: string } | undefined;
  #isHeardClosing = false;
  #networkError = "";
  /** Whether the engine refused what the peer sent, and closed. */
  #isRefused = false;
  #whenClosed: (() => void)[] | undefined;

  constructor(socket: EngineSocket, request: UpgradeRequest, context: PeerContext<P, C>) {
    this.#socket = socket;
    this.request = request;
    this.#context = context;
    this.startedAtMs = context.clock.date();
    this.#queue = new SendQueue(socket, context.queue, context.stalls, this);
    this.watch = new PeerWatch(socket, context.watch, this);
    this.#heartbeats = context.rate && new TokenBucket(HEARTBEATS_PER_SECOND, HEARTBEATS_AT_ONCE, context.clock);
    this.#rateLimit =
      context.rate &&
      new RateLimit(context.rate, context.clock, {
        deliver: (message) => this.#deliver(message),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
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
    return this.#state === "open" && this.#socket.isOpen;
  }

  get sentBytes(): number {
    return this.#queue.sentBytes;
  }

  get awaitsPong(): boolean {
    return this.#awaitsPong;
  }

  get isHeldBack(): boolean {
    return this.#rateLimit?.isHolding === true || !this.#socket.isReading;
  }

  get isBusy(): boolean {
    // However slowly they go, what comes is bounded in time by the watch, and what leaves by the stall watch.
    return this.watch.isReceiving || this.watch.isBlocked || this.#movedBytes - this.#movedAtPing >= BUSY_BYTES;
  }

  get #movedBytes(): number {
    return this.#socket.takenBytes + this.#socket.receivedBytes;
  }

  /** Sends a text of the server's own. */
  greet(text: string): void {
    this.#queue.pushOwn(text);
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
    this.#socket.terminate();
  }

  ping(): void {
    if (!this.isAlive) return;
    this.#movedAtPing = this.#movedBytes;
    // A ping that found no room was never sent: whoever does not read is the stall watch's business.
    this.#awaitsPong = this.#queue.pushOwn(PING) === undefined;
  }

  message(message: string | Uint8Array, size: number): void {
    if (!this.#isHeard) return;
    const beat = beatOf(message);
    if (beat && this.#heartbeats?.take() === false) void this.sever(4429, "too many heartbeats: see option rateLimit");
    else if (beat === PONG) this.#awaitsPong = false;
    else if (beat === PING) this.#queue.pushOwn(PONG);
    else {
      const { counters } = this.#context;
      counters.messagesReceived++;
      counters.bytesReceived += size;
      if (this.#rateLimit) this.#rateLimit.take(message);
      else this.#context.received(this, message);
    }
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
    this.#queue.end(told.reason || `close code ${told.code}`);
    this.#context.closed(this, told.code, told.reason);
    for (const resolve of this.#whenClosed ?? []) resolve();
  }

  /** Tells of what the peer did wrong. */
  tellFault(error: Error): void {
    const told = `${this.request.remoteAddress}: ${error.message}`;
    this.#context.failed(this, new WebsocketsSimpleError("PROTOCOL_ERROR", told, { cause: error }));
  }

  #deliver(message: string | Uint8Array): void {
    if (this.#isHeard) this.#context.received(this, message);
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
      if (this.#socket.isOpen) this.#verdict = { code, reason };
      this.#socket.close(code, reason);
      this.#socket.resume();
    }
    return new Promise((resolve) => {
      this.#whenClosed ??= [];
      this.#whenClosed.push(resolve);
    });
  }
}
