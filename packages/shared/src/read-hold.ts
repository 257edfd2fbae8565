/** What holding back does to its connection. */
export interface HoldTarget {
  /** Stop, or go on, reading. */
  pause(): void;
  resume(): void;
  /** Lets the other side hear that this one is there, though it reads no pings. */
  showLife(): void;
  /** Reading has been held back for too long. */
  stalled(): void;
}

/** How often life is shown, in milliseconds: more often than any client by default gives up. */
const LIFE_MS = 2_000;

/** Holds reading back while nobody takes what has come; for as long as that lasts there is one timer. */
export class ReadHold {
  readonly #target: HoldTarget;
  readonly #after: (ms: number, run: () => void) => () => void;
  readonly #stallMs: number;
  #isHeld = false;
  /** How many times it was looked at since it began. */
  #looks = 0;
  #cancel: (() => void) | undefined;

  /**
   * @param stallMs how long it may last; Infinity: for ever
   * @param after calls back after so many milliseconds, unless what it returns was called before
   */
  constructor(target: HoldTarget, stallMs: number, after: (ms: number, run: () => void) => () => void) {
    this.#target = target;
    this.#stallMs = stallMs;
    this.#after = after;
  }

  /** Whether reading is held back. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.#looks = 0;
    this.#plan();
    this.#target.pause();
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#target.resume();
  }

  /** Ends the timer: the connection is over. */
  stop(): void {
    this.#isHeld = false;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #plan(): void {
    // It stays when reading goes on: that is mostly for a moment.
    this.#cancel ??= this.#after(Math.min(LIFE_MS, this.#stallMs), () => this.#look());
  }

  #look(): void {
    this.#cancel = undefined;
    if (!this.#isHeld) return;
    // The first time may be a moment after it began.
    const heldMs = this.#looks++ * Math.min(LIFE_MS, this.#stallMs);
    this.#plan();
    if (heldMs >= this.#stallMs) this.#target.stalled();
    else this.#target.showLife();
  }
}
