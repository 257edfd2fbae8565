import type { Scannable } from "../../src/handshake/scanners.ts";

/** Counts looks at single characters, and characters copied. */
export class CountingText implements Scannable {
  steps = 0;
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  get length(): number {
    return this.#text.length;
  }
  charCodeAt(index: number): number {
    this.steps++;
    return this.#text.charCodeAt(index);
  }
  slice(start: number, end: number): string {
    this.steps += end - start;
    return this.#text.slice(start, end);
  }
}
