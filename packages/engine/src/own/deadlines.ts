/** One timer for all that wait equally long: who began first is due first. None runs while nobody waits. */
export class Deadlines<T> {
  readonly #timeoutMs: number;
  readonly #expire: (who: T) => void;
  /** When each is due, in that order. */
  readonly #waiting = new Map<T, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param expire called with whoever was not removed within `timeoutMs` */
  constructor(timeoutMs: number, expire: (who: T) => void) {
    this.#timeoutMs = timeoutMs;
    this.#expire = expire;
  }

  /** Begins to wait for it. */
  add(who: T): void {
    if (this.#waiting.has(who)) return;
    this.#waiting.set(who, performance.now() + this.#timeoutMs);
    this.#timer ??= setTimeout(() => this.#sweep(), this.#timeoutMs);
  }

  /** It came in time. */
  remove(who: T): void {
    if (!this.#waiting.delete(who) || this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [who, dueMs] of this.#waiting) {
      // A timer may fire a little early.
      if (dueMs > now + 1) {
        this.#timer = setTimeout(() => this.#sweep(), dueMs - now);
        return;
      }
      this.#waiting.delete(who);
      this.#expire(who);
    }
  }
}
