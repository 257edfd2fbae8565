/** In which order the lengths of the code for lengths come (RFC 1951 section 3.2.7). */
export const CODE_LENGTH_ORDER: readonly number[] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const MAX_BITS = 15;

/** A canonical Huffman code (RFC 1951 section 3.2.2). */
export class Huffman {
  /** How many codes there are of each length, and the symbols in the order of their codes. */
  readonly #counts: number[] = new Array(MAX_BITS + 1).fill(0);
  readonly #symbols: number[] = [];
  readonly #left: number;

  /** @param lengths the bits of each symbol's code; 0: it has none */
  constructor(lengths: readonly number[]) {
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      for (const [symbol, length] of lengths.entries()) if (length === bits) this.#symbols.push(symbol);
      this.#counts[bits] = lengths.filter((length) => length === bits).length;
    }
    let left = 1;
    for (let bits = 1; bits <= MAX_BITS && left >= 0; bits++) left = left * 2 - (this.#counts[bits] as number);
    this.#left = left;
  }

  /** Whether each row of bits is a code. */
  get isComplete(): boolean {
    return this.#left === 0;
  }

  /** As well where there is no code, or only one, of one bit: then nothing, or hardly anything, is ever written in it. */
  get isUsable(): boolean {
    return this.isComplete || this.#symbols.length === 0 || (this.#symbols.length === 1 && this.#counts[1] === 1);
  }

  /** Reads a symbol bit by bit; undefined when the bits are no code. */
  read(bit: () => number): number | undefined {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= MAX_BITS && (this.isComplete || bits === 1); bits++) {
      code |= bit();
      const count = this.#counts[bits] as number;
      if (code - first < count) return this.#symbols[index + code - first];
      index += count;
      first = (first + count) * 2;
      code *= 2;
    }
    return undefined;
  }
}

/** The codes of a block that brings none of its own (section 3.2.6). */
export const FIXED_LITERALS = new Huffman(Array.from({ length: 288 }, (_, n) => (n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)));
export const FIXED_DISTANCES = new Huffman(new Array(32).fill(5));
