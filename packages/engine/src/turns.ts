/** Numbers the turns of the event loop; it costs nothing while nobody asks. */
export class Turns {
  #number = 0;
  #isPlanned = false;
  readonly #next = (): void => {
    this.#isPlanned = false;
    this.#number++;
  };

  /** The number of this turn. */
  get now(): number {
    if (!this.#isPlanned) {
      this.#isPlanned = true;
      setImmediate(this.#next);
    }
    return this.#number;
  }
}
