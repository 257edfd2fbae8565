/** Runs only so many at a time; the others wait in order. */
export class Gate {
  readonly #width: number;
  readonly #waiting: ((leave: () => void) => void)[] = [];
  #running = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** @param run is called, now or later, and calls what it is given when it is done */
  enter(run: (leave: () => void) => void): void {
    if (this.#running === this.#width) return void this.#waiting.push(run);
    this.#running++;
    run(() => this.#leave());
  }

  #leave(): void {
    this.#running--;
    const next = this.#waiting.shift();
    if (next) this.enter(next);
  }
}

/** Node's thread pool has four threads: more work at a time would only hold up files and names. */
export const zlibGate = new Gate(3);
