import { DISTANCES, LENGTHS, symbolOf } from "./deflate-tables.ts";

/** Writes DEFLATE blocks that zlib would not write (RFC 1951). */
export class BlockWriter {
  readonly #bits: number[] = [];

  /** Begins a block with the fixed code; `end` ends it. */
  beginFixed(isFinal: boolean): void {
    this.#number(isFinal ? 1 : 0, 1);
    this.#number(1, 2);
  }

  literal(byte: number): void {
    if (byte < 144) this.#code(0x30 + byte, 8);
    else this.#code(0x190 + byte - 144, 9);
  }

  /** Copies 3 to 258 bytes from 1 to 32,768 bytes back. */
  copy(length: number, distance: number): void {
    const { symbol, extra, rest } = symbolOf(LENGTHS, length);
    if (symbol < 23) this.#code(symbol + 1, 7);
    else this.#code(0xc0 + symbol - 23, 8);
    this.#number(rest, extra);
    const back = symbolOf(DISTANCES, distance);
    this.#code(back.symbol, 5);
    this.#number(back.rest, back.extra);
  }

  end(): void {
    this.#code(0, 7);
  }

  /** The header of a stored block without anything, up to where its length stands: what a compressed message ends with. */
  endMessage(): void {
    this.#number(0, 3);
    this.align();
  }

  /** A stored block. */
  stored(bytes: Uint8Array, isFinal: boolean): void {
    this.#number(isFinal ? 1 : 0, 3);
    this.align();
    this.#number(bytes.length, 16);
    this.#number(bytes.length ^ 0xffff, 16);
    for (const byte of bytes) this.#number(byte, 8);
  }

  /** Goes on at the next byte. */
  align(): void {
    while (this.#bits.length % 8 > 0) this.#bits.push(0);
  }

  get bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    for (const [index, bit] of this.#bits.entries()) bytes[index >> 3] = (bytes[index >> 3] as number) | (bit << (index & 7));
    return bytes;
  }

  /** Lowest bit first. */
  #number(value: number, count: number): void {
    for (let index = 0; index < count; index++) this.#bits.push((value >> index) & 1);
  }

  /** Highest bit first. */
  #code(value: number, count: number): void {
    for (let index = count - 1; index >= 0; index--) this.#bits.push((value >> index) & 1);
  }
}
