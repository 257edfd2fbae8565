import { constants, deflateRawSync } from "node:zlib";
import { BlockWriter } from "./deflate-by-hand.ts";

/** What a compressed message is made for. */
export interface PayloadTerms {
  /** What it may refer to. */
  readonly context: Buffer;
  readonly windowBits: number;
  /** The receiver's bound, in bytes. */
  readonly maxPayload: number;
}

type Chance = () => number;

const TAIL_BYTES = 4;
const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];
const WRONG = [[0xff], [0xc3], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xf4, 0x90, 0x80, 0x80]];
const WORDS = ["", "a", "hello", "żółw ", "🐢", "é".repeat(50), "the same, and the same again. "];

/** One of a list. */
export function oneOf<T>(list: readonly T[], chance: Chance): T {
  return list[Math.floor(chance() * list.length)] as T;
}

/** A number from 0 up to, not including, a bound. */
export function below(bound: number, chance: Chance): number {
  return Math.floor(chance() * bound);
}

/** What a message says: mostly text, and often at the bound. */
export function content({ context, maxPayload }: PayloadTerms, chance: Chance): Buffer {
  const kind = chance();
  if (kind < 0.06) return Buffer.alloc(Math.max(0, maxPayload - 1 + below(3, chance)), "ab");
  if (kind < 0.08) return Buffer.alloc(maxPayload * 20 + 50_000);
  if (kind < 0.12) return Buffer.from(oneOf(WRONG, chance));
  if (kind < 0.2) return noise(below(chance() < 0.1 ? Math.min(maxPayload, 30_000) : 200, chance), chance);
  const words = Array.from({ length: below(8, chance) }, () => oneOf(WORDS, chance).repeat(1 + below(4, chance)));
  // What was said before: matches that reach back into the context.
  const start = below(context.length + 1, chance);
  const said = chance() < 0.5 ? context.subarray(start, start + below(400, chance)) : Buffer.alloc(0);
  return Buffer.concat([
    said,
    Buffer.from(words.join("")),
    chance() < 0.03 ? Buffer.from(oneOf(WRONG, chance)) : Buffer.alloc(0),
  ]);
}

/** A compressed message, in any of the ways that RFC 7692 section 7.2.1 allows, and in some that it does not. */
export function compressedPayload(terms: PayloadTerms, chance: Chance): Buffer {
  const way = chance();
  if (way < 0.03) return noise(below(80, chance), chance);
  const payload = way < 0.2 ? blocksByHand(terms, chance) : blocksOfZlib(terms, chance);
  const harm = chance();
  if (harm < 0.06) return payload.subarray(0, below(payload.length + 1, chance));
  if (harm < 0.1 && payload.length > 0) {
    const at = below(Math.min(payload.length, 300), chance);
    payload[at] = (payload[at] as number) ^ (1 << below(8, chance));
  }
  return payload;
}

/** Pieces that zlib compresses: flushed, final, or both in turns. */
function blocksOfZlib(terms: PayloadTerms, chance: Chance): Buffer {
  const windowBits = Math.max(9, terms.windowBits);
  const isFinal = chance() < 0.12;
  const parts: Buffer[] = [];
  let context = terms.context;
  for (let count = chance() < 0.6 ? 1 : 1 + below(4, chance); count > 0; count--) {
    const said = content({ ...terms, context }, chance);
    const flush =
      isFinal && chance() < 0.7 ? constants.Z_FINISH : oneOf([constants.Z_SYNC_FLUSH, constants.Z_FULL_FLUSH], chance);
    const options = {
      windowBits,
      level: below(10, chance),
      memLevel: 1 + below(9, chance),
      strategy: oneOf(STRATEGIES, chance),
      finishFlush: flush,
    };
    const isAlone = context.length === 0 || chance() < 0.1;
    parts.push(deflateRawSync(said, isAlone ? options : { ...options, dictionary: context }));
    context = Buffer.concat([context, said]).subarray(-(2 ** terms.windowBits));
    if (count > 1) continue;
    if (flush !== constants.Z_FINISH) parts.push(withoutTail(parts.pop() as Buffer, chance));
    // Nothing, or the octet of section 7.2.3.4; seldom what it is no more.
    else if (chance() < 0.7) parts.push(Buffer.of(0));
    else if (chance() < 0.1) parts.push(noise(1 + below(4, chance), chance));
  }
  return Buffer.concat(parts);
}

function withoutTail(deflated: Buffer, chance: Chance): Buffer {
  // Whoever forgets to take it off, or takes off too much.
  if (chance() < 0.01) return deflated;
  return deflated.subarray(0, Math.max(0, deflated.length - TAIL_BYTES));
}

/** Blocks with any literals, and copies at the very edges. */
function blocksByHand({ context, windowBits }: PayloadTerms, chance: Chance): Buffer {
  const writer = new BlockWriter();
  let behind = context.length;
  const isFinal = chance() < 0.1;
  for (let count = below(5, chance); count > 0; count--) {
    const ends = isFinal && chance() < 0.5;
    if (chance() < 0.3) {
      const bytes = noise(below(20, chance), chance);
      writer.stored(chance() < 0.5 ? bytes : Buffer.from("stored"), ends);
      behind += 6;
    } else {
      writer.beginFixed(ends);
      for (let left = below(6, chance); left > 0; left--) {
        if (behind === 0 || chance() < 0.6) {
          writer.literal(chance() < 0.9 ? 32 + below(90, chance) : below(256, chance));
          behind++;
          continue;
        }
        const length = chance() < 0.2 ? 258 : 3 + below(256, chance);
        // As far back as there is anything, or as the window reaches; seldom further.
        const most = Math.min(behind, 2 ** windowBits) + (chance() < 0.02 ? 1 : 0);
        writer.copy(length, Math.min(32_768, chance() < 0.5 ? most : 1 + below(most, chance)));
        behind += length;
      }
      writer.end();
    }
    if (ends) writer.align();
  }
  writer.endMessage();
  return writer.bytes;
}

function noise(length: number, chance: Chance): Buffer {
  return Buffer.from(Array.from({ length }, () => below(256, chance)));
}
