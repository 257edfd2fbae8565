/** A clock that stands still until it is told to go on. Fits the client's and the server's `Clock`. */
export class ManualClock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];
  /** What `random` answers. */
  chance = 0.5;

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  random(): number {
    return this.chance;
  }

  /** How many timers run. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass; what falls due runs in order, each at its own time. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = end;
  }

  /** The process was busy or asleep: time jumps, and whatever fell due runs late, now. */
  stall(ms: number): void {
    this.#now += ms;
    this.pass(0);
  }
}
