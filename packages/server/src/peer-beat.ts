import { PING, PONG, pingPayload, RoundTrips } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { HeartbeatPeer } from "./heartbeat.ts";
import { notSent } from "./payload.ts";
import { TokenBucket } from "./rate-limit.ts";
import type { EngineSocket } from "./socket.ts";

/** What the heartbeats need of their connection. */
export interface BeatTarget {
  readonly state: string;
  /** Whether it is open, so that there is somebody to ask. */
  readonly isAlive: boolean;
  /** As of `HeartbeatPeer`. */
  readonly isHeldBack: boolean;
  /** What looks for a silent peer: who is in the middle of a message either way is busy, and it is told of pongs. */
  readonly watch: { readonly isReceiving: boolean; readonly isBlocked: boolean; answered(sentBytes: number | undefined): void };
  /** About how many bytes were sent to the peer so far. */
  readonly sentBytes: number;
  /** Sends a text of the server's own; false where there was no room for it. */
  greet(text: string): boolean;
  /** Closes it, visibly to the peer. */
  sever(code: number, reason: string): Promise<void>;
}

/** With a rate limit, heartbeats have one of their own: far more than any client needs, far less than a flood. */
const HEARTBEATS_PER_SECOND = 50;
const HEARTBEATS_AT_ONCE = 100;
const TOO_MANY = 4429;
/** Whoever moves so many bytes between two pings is alive, whether or not its pong has come through. */
const BUSY_BYTES = 65_536;

/** The pings and pongs of one connection: the texts of the classic wire, and those of RFC 6455. */
export class PeerBeat implements HeartbeatPeer {
  readonly #socket: EngineSocket;
  readonly #clock: Clock;
  readonly #target: BeatTarget;
  readonly #limit: TokenBucket | undefined;
  #awaitsPong = false;
  /** What had moved when the last text ping was sent. */
  #movedAtPing = 0;
  /** Only of connections that were ever sent an RFC 6455 ping. */
  #roundTrips: RoundTrips | undefined;

  constructor(socket: EngineSocket, clock: Clock, isLimited: boolean, target: BeatTarget) {
    this.#socket = socket;
    this.#clock = clock;
    this.#target = target;
    this.#limit = isLimited ? new TokenBucket(HEARTBEATS_PER_SECOND, HEARTBEATS_AT_ONCE, clock) : undefined;
  }

  get awaitsPong(): boolean {
    return this.#awaitsPong;
  }

  get isHeldBack(): boolean {
    return this.#target.isHeldBack;
  }

  get isBusy(): boolean {
    const { isReceiving, isBlocked } = this.#target.watch;
    // However slowly they go, what comes is bounded in time by the watch, and what leaves by the stall watch.
    return isReceiving || isBlocked || this.#movedBytes - this.#movedAtPing >= BUSY_BYTES;
  }

  get #movedBytes(): number {
    return this.#socket.takenBytes + this.#socket.receivedBytes;
  }

  /** The last round trip of an RFC 6455 ping, in milliseconds. */
  get latencyMs(): number | undefined {
    return this.#roundTrips?.latencyMs;
  }

  /** Sends the text ping. */
  ping(): void {
    if (!this.#target.isAlive) return;
    this.#movedAtPing = this.#movedBytes;
    // A ping that found no room was never sent: whoever does not read is the stall watch's business.
    this.#awaitsPong = this.#target.greet(PING);
  }

  sever(code: number, reason: string): void {
    void this.#target.sever(code, reason);
  }

  /** A text ping or pong came. */
  take(beat: typeof PING | typeof PONG): void {
    if (!this.#mayCome()) return;
    if (beat === PONG) this.#awaitsPong = false;
    else this.#target.greet(PONG);
  }

  /** Sends an RFC 6455 ping of the application's; settles as `Connection.ping` does. */
  async send(given: string | Uint8Array | undefined): Promise<number> {
    const asked = pingPayload(given);
    const { isAlive, state, sentBytes } = this.#target;
    if (!isAlive) throw notSent(`the connection is ${state === "open" ? "closing" : state}`);
    this.#roundTrips ??= new RoundTrips();
    const { payload, whenAnswered } = this.#roundTrips.begin(asked, this.#clock.now(), sentBytes);
    this.#socket.sendPing(payload);
    return whenAnswered;
  }

  /** Sends an RFC 6455 ping of the watch's. */
  ask(): void {
    this.#roundTrips ??= new RoundTrips();
    this.#roundTrips.beginBeat(this.#clock.now(), this.#target.sentBytes);
    this.#socket.sendPing();
  }

  /** An RFC 6455 ping came, which is answered already; says whether it may be told. */
  pinged(): boolean {
    return this.#mayCome();
  }

  /** An RFC 6455 pong came; says whether it may be told. */
  ponged(payload: Uint8Array): boolean {
    const sentBytes = this.#roundTrips?.answered(payload, this.#clock.now());
    this.#target.watch.answered(sentBytes);
    // Of those that were asked for there are as many as this side wants.
    return sentBytes !== undefined || this.#mayCome();
  }

  /** The connection is over. */
  end(why: string): void {
    this.#roundTrips?.end(why);
  }

  #mayCome(): boolean {
    if (this.#limit?.take() !== false) return true;
    this.sever(TOO_MANY, "too many heartbeats: see option rateLimit");
    return false;
  }
}
