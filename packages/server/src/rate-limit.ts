import type { Clock } from "./clock.ts";

/** How many messages a connection may send. */
export interface RateLimitOptions {
  /** Messages a second in the long run, 1 to 1,000,000; heartbeats are counted apart, 50 a second. Default: 50. */
  messagesPerSecond?: number;
  /** Messages at once before any are held back, 1 to 1,000,000. Default: 100. */
  burst?: number;
}

/**
 * How long a connection may be held back without a rest, in milliseconds: long enough for a client that comes back with a
 * full outbox, by all defaults.
 */
export const MAX_THROTTLED_MS = 30_000;
/** What counts as a rest; less is only the gap between two reads of a flood. */
const REST_MS = 500;
/** How often life is shown meanwhile, in milliseconds: more often than any client by default gives up. */
const LIFE_MS = 2_000;

/** So many at once, and so many a second in the long run. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #countedAtMs: number;

  constructor(perSecond: number, burst: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#countedAtMs = clock.now();
  }

  /** Takes one token; false when there is none. */
  take(): boolean {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#countedAtMs) * this.#perSecond) / 1_000);
    this.#countedAtMs = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** How long until there is one. */
  get waitMs(): number {
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1_000) / this.#perSecond));
  }
}

/** What a limit does to its connection. */
export interface RateLimitTarget<Message> {
  deliver(message: Message): void;
  /** Stop, or go on, reading. */
  pause(): void;
  resume(): void;
  /** Reading has paused again and again for a while: lets the peer hear that this side is there. */
  showLife(): void;
  /** The peer sends too much; `reason` names the option and its bound. */
  exceeded(reason: string): void;
}

/**
 * A token bucket. A message that finds it empty is held, reading pauses, and held messages are let through at the rate.
 * Held is only what came in the same read; the rest waits on the peer's side. Too much is holding back for too long.
 */
export class RateLimit<Message = string | Uint8Array> {
  readonly #rate: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #target: RateLimitTarget<Message>;
  readonly #held: Message[] = [];
  readonly #bucket: TokenBucket;
  #throttledSinceMs = 0;
  #lastLifeMs = 0;
  #lastHeldMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: Required<RateLimitOptions>, clock: Clock, target: RateLimitTarget<Message>) {
    this.#rate = options.messagesPerSecond;
    this.#burst = options.burst;
    this.#clock = clock;
    this.#target = target;
    this.#bucket = new TokenBucket(this.#rate, this.#burst, clock);
  }

  /** Whether reading is paused: what the peer has sent may not have been seen. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Whether the peer is held back, now or a moment ago. */
  get isThrottling(): boolean {
    return this.isHolding || this.#clock.now() - this.#lastHeldMs <= REST_MS;
  }

  /** Takes a message in: delivers it now or later, or finds it to be too much. */
  take(message: Message): void {
    if (!this.isHolding && this.#bucket.take()) return void this.#target.deliver(message);
    const now = this.#clock.now();
    if (!this.isHolding && now - this.#lastHeldMs > REST_MS) {
      this.#throttledSinceMs = now;
      this.#lastLifeMs = now;
    }
    if (this.#held.push(message) === 1) this.#target.pause();
    this.#schedule();
  }

  /**
   * The peer is gone and sends no more: delivers what is held at once, one more burst at most. Else to close and to come
   * again would be the way around the limit.
   *
   * @returns how many messages were dropped
   */
  flush(): number {
    this.stop();
    const held = this.#held.splice(0);
    for (const message of held.splice(0, this.#burst)) this.#target.deliver(message);
    return held.length;
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(): void {
    this.#cancel ??= this.#clock.after(this.#bucket.waitMs, () => this.#release());
  }

  #release(): void {
    this.#cancel = undefined;
    this.#lastHeldMs = this.#clock.now();
    if (this.#lastHeldMs - this.#throttledSinceMs > MAX_THROTTLED_MS) return void this.#exceed(`for over ${MAX_THROTTLED_MS} ms`);
    while (this.#held.length > 0 && this.#bucket.take()) {
      this.#target.deliver(this.#held.shift() as Message);
    }
    if (this.#lastHeldMs - this.#lastLifeMs >= LIFE_MS) {
      this.#lastLifeMs = this.#lastHeldMs;
      this.#target.showLife();
    }
    if (this.#held.length > 0) this.#schedule();
    else this.#target.resume();
  }

  #exceed(how: string): void {
    this.stop();
    this.#held.length = 0;
    this.#target.exceeded(`too many messages: above rateLimit.messagesPerSecond ${this.#rate} ${how}`);
  }
}
