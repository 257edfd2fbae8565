import { DISTANCES, LENGTHS, type Range } from "./deflate-tables.ts";
import { CODE_LENGTH_ORDER, FIXED_DISTANCES, FIXED_LITERALS, Huffman } from "./huffman.ts";

/**
 * What a compressed message is, by RFC 1951 and RFC 7692 section 7.2.2 alone:
 * - `whole`: with the four octets behind it, whole blocks and nothing else. Harmless slips are allowed: the last block is final,
 *   without the octet that should stand behind; the four octets were not left out.
 * - `cut`: it ends within a block. `wrong`: it is no DEFLATE.
 * - `far`: it refers further back than the window that was agreed on. Of what follows nothing is known.
 * - `large`: it becomes more than it may. Of what follows nothing is known.
 */
export interface Inflated {
  readonly end: "whole" | "cut" | "wrong" | "far" | "large";
  /** What it becomes, as far as it is known. */
  readonly output: Buffer;
  /** How many of its blocks are final. */
  readonly finals: number;
}

/** By what a message is inflated. */
export interface InflateTerms {
  /** What it may refer to. */
  readonly context: Buffer;
  readonly windowBits: number;
  /** How large it may become. */
  readonly maxBytes: number;
}

/** What a sender leaves out (RFC 7692 section 7.2.1). */
export const TAIL = Buffer.of(0, 0, 0xff, 0xff);

/**
 * Inflates a message bit by bit: slow, plain, and nothing of zlib's, so that zlib itself is judged.
 *
 * @param hasEnded whether the message is complete: only then the four octets follow
 */
export function inflatePlainly(payload: Buffer, { context, windowBits, maxBytes }: InflateTerms, hasEnded = true): Inflated {
  const isShort = hasEnded && !hasTail(payload);
  const reader = new BlockReader(isShort ? Buffer.concat([payload, TAIL]) : payload, context, 2 ** windowBits, maxBytes);
  let end: Inflated["end"] = "whole";
  try {
    while (!reader.isAtEnd) {
      reader.block();
      if (reader.wasFinal && reader.at === payload.length) break;
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    end = error.end;
  }
  return { end, output: Buffer.from(reader.output.slice(context.length)), finals: reader.finals };
}

/** Whether a sender forgot to leave it out: no message ends so by itself. */
export function hasTail(payload: Buffer): boolean {
  return payload.length >= TAIL.length && payload.subarray(-TAIL.length).equals(TAIL);
}

class Stop extends Error {
  readonly end: Inflated["end"];

  constructor(end: Inflated["end"]) {
    super(end);
    this.end = end;
  }
}

class BlockReader {
  /** The context, and what came of the message. */
  readonly output: number[];
  readonly #most: number;
  readonly #window: number;
  readonly #input: Buffer;
  #bit = 0;
  finals = 0;
  wasFinal = false;

  constructor(input: Buffer, context: Buffer, window: number, maxBytes: number) {
    this.#input = input;
    this.#window = window;
    this.output = [...context];
    this.#most = context.length + maxBytes;
  }

  get isAtEnd(): boolean {
    return this.#bit === this.#input.length * 8;
  }

  /** The next byte, where a byte begins. */
  get at(): number {
    return Math.ceil(this.#bit / 8);
  }

  block(): void {
    this.wasFinal = this.#bits(1) === 1;
    const type = this.#bits(2);
    if (type === 0) this.#stored();
    else if (type === 1) this.#coded(FIXED_LITERALS, FIXED_DISTANCES);
    else if (type === 2) this.#dynamic();
    else throw new Stop("wrong");
    if (!this.wasFinal) return;
    this.finals++;
    // What follows begins with a byte (RFC 7692 section 7.2.1).
    this.#bit = this.at * 8;
  }

  #stored(): void {
    this.#bit = this.at * 8;
    const length = this.#bits(16);
    if (length !== (this.#bits(16) ^ 0xffff)) throw new Stop("wrong");
    for (let left = length; left > 0; left--) this.#add(this.#bits(8));
  }

  #dynamic(): void {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const codes = this.#bits(4) + 4;
    if (literals > 286 || distances > 30) throw new Stop("wrong");
    const order: number[] = new Array(19).fill(0);
    for (const symbol of CODE_LENGTH_ORDER.slice(0, codes)) order[symbol] = this.#bits(3);
    // No code at all: zlib takes each bit for a length of none, and says so at the end of them, if they have one.
    if (order.every((length) => length === 0)) {
      this.#bits(literals + distances);
      throw new Stop("wrong");
    }
    const coding = new Huffman(order);
    if (!coding.isComplete) throw new Stop("wrong");
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const symbol = this.#symbol(coding);
      if (symbol < 16) lengths.push(symbol);
      else if (symbol === 16) {
        if (lengths.length === 0) throw new Stop("wrong");
        this.#repeat(lengths, lengths.at(-1) as number, 3 + this.#bits(2));
      } else this.#repeat(lengths, 0, symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7));
    }
    if (lengths.length > literals + distances || lengths[256] === 0) throw new Stop("wrong");
    const [first, second] = [new Huffman(lengths.slice(0, literals)), new Huffman(lengths.slice(literals))];
    if (!first.isUsable || !second.isUsable) throw new Stop("wrong");
    this.#coded(first, second);
  }

  #repeat(lengths: number[], length: number, times: number): void {
    for (let left = times; left > 0; left--) lengths.push(length);
  }

  #coded(literals: Huffman, distances: Huffman): void {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) this.#add(symbol);
      else this.#copy(this.#ranged(LENGTHS[symbol - 257]), this.#ranged(DISTANCES[this.#symbol(distances)]));
    }
  }

  #copy(length: number, distance: number): void {
    if (distance > this.#window) throw new Stop("far");
    if (distance > this.output.length) throw new Stop("wrong");
    for (let left = length; left > 0; left--) this.#add(this.output[this.output.length - distance] as number);
  }

  #add(byte: number): void {
    this.output.push(byte);
    if (this.output.length > this.#most) throw new Stop("large");
  }

  #ranged(range: Range | undefined): number {
    if (!range) throw new Stop("wrong");
    return range.base + this.#bits(range.extra);
  }

  #symbol(coding: Huffman): number {
    const symbol = coding.read(() => this.#bits(1));
    if (symbol === undefined) throw new Stop("wrong");
    return symbol;
  }

  #bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++, this.#bit++) {
      const byte = this.#input[this.#bit >> 3];
      if (byte === undefined) throw new Stop("cut");
      value |= ((byte >> (this.#bit & 7)) & 1) << index;
    }
    return value;
  }
}
