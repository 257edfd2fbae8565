import type { Clock } from "../clock.ts";
import type { Refusal } from "../http-answer.ts";

/** How often it is looked, as long as somebody asks, in milliseconds. */
const LOOK_MS = 100;
/** How many times in a row it must have been late: a single long task is over by the time that anybody could be turned away. */
const TIMES = 2;

/**
 * Whether the process keeps up: a server whose event loop is late again and again serves those who are there before it
 * takes in more. It looks by a timer that runs only while somebody asks, so that an idle server has none.
 */
export class LoopDelay {
  readonly #maxMs: number;
  readonly #clock: Clock;
  readonly #refusal: Refusal;
  #late = 0;
  /** Ends the look that is under way. */
  #cancel: (() => void) | undefined;
  #isAsked = false;

  /** @param maxMs how late a timer may be, in milliseconds; Infinity: any time, and it does not look */
  constructor(maxMs: number, clock: Clock) {
    this.#maxMs = maxMs;
    this.#clock = clock;
    this.#refusal = {
      status: 503,
      reason: `The server is busy: its event loop is late by more than limits.maxEventLoopDelayMs ${maxMs}. Try again later.`,
      headers: { "Retry-After": "2" },
    };
  }

  /** Why nobody is taken in now; undefined: they are. */
  judge(): Refusal | undefined {
    if (this.#maxMs === Number.POSITIVE_INFINITY) return undefined;
    this.#isAsked = true;
    if (!this.#cancel) this.#look();
    return this.#late >= TIMES ? this.#refusal : undefined;
  }

  /** Looks no longer. */
  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#late = 0;
  }

  #look(): void {
    this.#isAsked = false;
    const due = this.#clock.now() + LOOK_MS;
    this.#cancel = this.#clock.after(LOOK_MS, () => {
      this.#late = this.#clock.now() - due > this.#maxMs ? this.#late + 1 : 0;
      this.#cancel = undefined;
      // Whoever was turned away is expected back: what was found is forgotten only when it has been found otherwise.
      if (this.#isAsked || this.#late > 0) this.#look();
    });
  }
}
