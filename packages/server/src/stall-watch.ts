import type { Clock } from "./clock.ts";

/** Something that waits for a peer to read. */
export interface Stallable {
  /** Looks whether anything has moved; says whether nothing has for `timeoutMs`. */
  isStalled(timeoutMs: number): boolean;
  /** Closes the connection for standing still. */
  giveUp(): void;
}

/** Watches all that waits for a peer to read: one timer, and none while nothing does. */
export class StallWatch {
  readonly #waiting = new Set<Stallable>();
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(timeoutMs: number, clock: Clock) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  add(who: Stallable): void {
    this.#waiting.add(who);
    this.#cancel ??= this.#clock.after(Math.ceil(this.#timeoutMs / 4), () => this.#sweep());
  }

  remove(who: Stallable): void {
    if (this.#waiting.delete(who) && this.#waiting.size === 0) {
      this.#cancel?.();
      this.#cancel = undefined;
    }
  }

  #sweep(): void {
    this.#cancel = undefined;
    const suspects = [...this.#waiting].filter((who) => who.isStalled(this.#timeoutMs));
    // A blocked event loop has not seen yet what the kernel took meanwhile.
    this.#clock.afterReads(() => {
      for (const who of suspects) if (this.#waiting.has(who) && who.isStalled(this.#timeoutMs)) who.giveUp();
    });
    if (this.#waiting.size > 0) this.#cancel = this.#clock.after(Math.ceil(this.#timeoutMs / 4), () => this.#sweep());
  }
}
