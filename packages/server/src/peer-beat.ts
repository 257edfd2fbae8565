import { PING, PONG, pingPayload, RoundTrips } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { HeartbeatPeer } from "./heartbeat.ts";
import { notSent } from "./payload.ts";
import { TokenBucket } from "./rate-limit.ts";
import type { EngineSocket } from "./socket.ts";

/** With a rate limit, heartbeats have one of their own: far more than any client needs, far less than a flood. */
const HEARTBEATS_PER_SECOND = 50;
const HEARTBEATS_AT_ONCE = 100;
const TOO_MANY = 4429;
/** Whoever moves so many bytes between two pings is alive, whether or not its pong has come through. */
const BUSY_BYTES = 65_536;

/**
 * The pings and pongs of one connection: the texts of the classic wire, and those of RFC 6455. A base class, since an object of
 * its own would cost each connection that much more memory.
 */
export abstract class PeerBeat implements HeartbeatPeer {
  protected readonly socket: EngineSocket;
  readonly #clock: Clock;
  readonly #limit: TokenBucket | undefined;
  #awaitsPong = false;
  /** What had moved when the last text ping was sent. */
  #movedAtPing = 0;
  /** Only of connections that were ever sent an RFC 6455 ping. */
  #roundTrips: RoundTrips | undefined;

  constructor(socket: EngineSocket, clock: Clock, isLimited: boolean) {
    this.socket = socket;
    this.#clock = clock;
    this.#limit = isLimited ? new TokenBucket(HEARTBEATS_PER_SECOND, HEARTBEATS_AT_ONCE, clock) : undefined;
  }

  abstract readonly state: string;
  /** Whether it is open, so that there is somebody to ask. */
  abstract readonly isAlive: boolean;
  /** As of `HeartbeatPeer`. */
  abstract readonly isHeldBack: boolean;
  /** Whether a message is under way piece by piece, either way: a text ping or its pong waits until that has ended. */
  abstract readonly isStreaming: boolean;
  /** Whether one is on its way out. */
  protected abstract readonly sendsPieces: boolean;
  /** What looks for a silent peer: who is in the middle of a message either way is busy, and it is told of pongs. */
  abstract readonly watch: { readonly isReceiving: boolean; readonly isBlocked: boolean; answered(sentBytes?: number): void };
  /** About how many bytes were sent to the peer so far. */
  abstract readonly sentBytes: number;
  /** Sends a text of the server's own; false where there was no room for it. */
  abstract greet(text: string): boolean;
  /** Closes it, visibly to the peer. */
  abstract sever(code: number, reason: string): Promise<void>;

  get awaitsPong(): boolean {
    return this.#awaitsPong;
  }

  get isBusy(): boolean {
    const { isReceiving, isBlocked } = this.watch;
    // However slowly they go, what comes is bounded in time by the watch, and what leaves by the stall watch.
    return isReceiving || isBlocked || this.isStreaming || this.#movedBytes - this.#movedAtPing >= BUSY_BYTES;
  }

  get #movedBytes(): number {
    return this.socket.takenBytes + this.socket.receivedBytes;
  }

  /** The last round trip of an RFC 6455 ping, in milliseconds. */
  get latencyMs(): number | undefined {
    return this.#roundTrips?.latencyMs;
  }

  /** Sends the text ping. */
  beat(): void {
    if (!this.isAlive) return;
    // The last one waits behind a message in pieces, maybe: more would only pile up.
    if (this.#awaitsPong && this.sendsPieces) return;
    this.#movedAtPing = this.#movedBytes;
    // A ping that found no room was never sent: whoever does not read is the stall watch's business.
    this.#awaitsPong = this.greet(PING);
  }

  /** A text ping or pong came. */
  protected takeBeat(beat: typeof PING | typeof PONG): void {
    if (!this.#mayCome()) return;
    if (beat === PONG) this.#awaitsPong = false;
    else this.greet(PONG);
  }

  /** Sends an RFC 6455 ping of the application's; settles as `Connection.ping` does. */
  protected async askFor(given: string | Uint8Array | undefined): Promise<number> {
    const asked = pingPayload(given);
    const { isAlive, state, sentBytes } = this;
    if (!isAlive) throw notSent(`the connection is ${state === "open" ? "closing" : state}`);
    this.#roundTrips ??= new RoundTrips();
    const { payload, whenAnswered } = this.#roundTrips.begin(asked, this.#clock.now(), sentBytes);
    this.socket.sendPing(payload);
    return whenAnswered;
  }

  /** Sends an RFC 6455 ping of the watch's. */
  ask(): void {
    this.#roundTrips ??= new RoundTrips();
    this.#roundTrips.beginBeat(this.#clock.now(), this.sentBytes);
    this.socket.sendPing();
  }

  /** An RFC 6455 ping came, which is answered already; says whether it may be told. */
  protected mayTellPing(): boolean {
    return this.#mayCome();
  }

  /** An RFC 6455 pong came; says whether it may be told. */
  protected mayTellPong(payload: Uint8Array): boolean {
    const sentBytes = this.#roundTrips?.answered(payload, this.#clock.now());
    this.watch.answered(sentBytes);
    // Of those that were asked for there are as many as this side wants.
    return sentBytes !== undefined || this.#mayCome();
  }

  /** The connection is over. */
  protected endPings(why: string): void {
    this.#roundTrips?.end(why);
  }

  #mayCome(): boolean {
    if (this.#limit?.take() !== false) return true;
    void this.sever(TOO_MANY, "too many heartbeats: see option rateLimit");
    return false;
  }
}
