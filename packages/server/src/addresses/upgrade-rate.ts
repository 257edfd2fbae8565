import type { Clock } from "../clock.ts";
import { Recent } from "./recent.ts";

/**
 * So many upgrade requests of one address at once, and so many a second in the long run. Of each address it keeps one number:
 * when it will have made good for all that it has asked for.
 */
export class UpgradeRate {
  readonly #stepMs: number;
  readonly #slackMs: number;
  readonly #clock: Clock;
  readonly #evenAtMs: Recent<number>;

  constructor(perSecond: number, burst: number, clock: Clock) {
    this.#stepMs = 1_000 / perSecond;
    this.#slackMs = this.#stepMs * (burst - 1);
    this.#clock = clock;
    this.#evenAtMs = new Recent((evenAtMs) => evenAtMs <= clock.now());
  }

  /** Takes one request in: 0; or says how long it is too early, in milliseconds. To be too early costs nothing. */
  take(key: string): number {
    const now = this.#clock.now();
    const evenAtMs = Math.max(now, this.#evenAtMs.get(key) ?? now);
    const earlyMs = evenAtMs - now - this.#slackMs;
    // What a sum of fractions is off by is nobody's fault.
    if (earlyMs > 1e-6) return earlyMs;
    this.#evenAtMs.set(key, evenAtMs + this.#stepMs);
    return 0;
  }
}
