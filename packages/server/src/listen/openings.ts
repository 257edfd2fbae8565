import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";

/** How long a request's head may take, in milliseconds; and how often that is looked at. */
export interface OpeningLimits {
  readonly headersTimeoutMs: number;
  readonly checkIntervalMs: number;
}

/** Connections whose request has not come whole yet, with one timer for all; none runs while there are none. */
export class Openings {
  readonly #clock: Clock;
  readonly #limits: OpeningLimits;
  readonly #expired: (stream: Duplex) => void;
  /** Since when each is waited for: all wait equally long, so that the first is due first. */
  readonly #since = new Map<Duplex, number>();
  #cancel: (() => void) | undefined;
  #isOver = false;

  constructor(clock: Clock, limits: OpeningLimits, expired: (stream: Duplex) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#expired = expired;
  }

  /** Begins to wait for it; destroys it when all is over, as at the end of a TLS handshake that took longer than the server. */
  add(stream: Duplex): void {
    if (this.#isOver) return void stream.destroy();
    this.#since.set(stream, this.#clock.now());
    if (!this.#cancel) this.#schedule();
  }

  /** It has come, or will not. */
  remove(stream: Duplex): void {
    this.#since.delete(stream);
  }

  /** Destroys all of them, and whoever comes later. */
  end(): void {
    this.#isOver = true;
    this.#cancel?.();
    this.#cancel = undefined;
    for (const stream of this.#since.keys()) stream.destroy();
    this.#since.clear();
  }

  #schedule(): void {
    // Whoever's request waits in the kernel, since the event loop stood still, is not late.
    this.#cancel = this.#clock.after(this.#limits.checkIntervalMs, () => this.#clock.afterReads(() => this.#sweep()));
  }

  #sweep(): void {
    const due = this.#clock.now() - this.#limits.headersTimeoutMs;
    for (const [stream, since] of this.#since) {
      if (since > due) break;
      this.#since.delete(stream);
      this.#expired(stream);
    }
    this.#cancel = undefined;
    if (this.#since.size > 0) this.#schedule();
  }
}
