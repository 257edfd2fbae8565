import type { Clock } from "../../src/clock.ts";

/** A clock that goes on when told. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #timers: { dueMs: number; run: () => void }[] = [];
  #reads: (() => void)[] = [];

  now(): number {
    return this.#nowMs;
  }

  date(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  afterReads(run: () => void): void {
    this.#reads.push(run);
  }

  /** How many timers are running. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time pass, and timers run in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!next) break;
      this.#fire(next, Math.max(this.#nowMs, next.dueMs));
    }
    this.#nowMs = endMs;
  }

  /** Blocks the event loop: time passes, and timers that fell due run only at its end. */
  block(ms: number): void {
    this.#nowMs += ms;
    for (const timer of this.#timers.filter(({ dueMs }) => dueMs <= this.#nowMs)) this.#fire(timer, this.#nowMs);
  }

  /** Everything readable has been read. */
  read(): void {
    for (const run of this.#reads.splice(0)) run();
  }

  #fire(timer: { dueMs: number; run: () => void }, atMs: number): void {
    this.#nowMs = atMs;
    this.#timers = this.#timers.filter((other) => other !== timer);
    timer.run();
  }
}
