import type { Turns } from "../turns.ts";

/** What waits for its turn to be sent. */
interface Waiting {
  readonly bytes: number;
  go(): void;
}

/** Keeps the order of what one connection sends while something before it is not complete. */
export class SendOrder {
  readonly #turns: Turns;
  #isHeld = false;
  #isShort = false;
  /** In which turn that began. */
  #heldSince = 0;
  #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Whether it has had to wait since an earlier turn, nobody knows for how long. */
  get isBehind(): boolean {
    return this.#isHeld && !this.#isShort && this.#heldSince !== this.#turns.now;
  }

  /** Whether what is sent has to wait. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Does something, now or when its turn has come. */
  run(bytes: number, go: () => void): void {
    if (!this.#isHeld) return void go();
    this.#waiting.push({ bytes, go });
    this.#bytes += bytes;
  }

  /** Counts bytes that wait elsewhere for their turn, or no longer do. */
  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * Lets nothing else go from now on.
   *
   * @param isShort whether that is sure to end soon, whatever peers and applications do
   */
  hold(isShort: boolean): void {
    this.#isHeld = true;
    this.#isShort = isShort;
    this.#heldSince = this.#turns.now;
  }

  /** Goes on, until something holds it again. */
  release(): void {
    this.#isHeld = false;
    while (!this.#isHeld && this.#waiting.length > 0) {
      const { bytes, go } = this.#waiting.shift() as Waiting;
      this.#bytes -= bytes;
      go();
    }
  }

  /** Forgets what waits. */
  clear(): void {
    this.#isHeld = false;
    this.#waiting = [];
    this.#bytes = 0;
  }
}
