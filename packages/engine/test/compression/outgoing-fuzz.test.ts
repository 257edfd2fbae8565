import { expect, test } from "vitest";
import { below, oneOf } from "../../../../testkit/fuzz/compressed-payloads.ts";
import { chanceOf } from "../../../../testkit/fuzz/sequences.ts";
import type { CompressionOptions } from "../../src/engine.ts";
import { prepareFrame } from "../../src/own/outgoing-frames.ts";
import { readByWs } from "../support/compressed-readers.ts";
import { FuzzedSender } from "../support/fuzzed-sender.ts";
import { shown } from "../support/readers.ts";
import { readWritten } from "../support/written-frames.ts";

/** `npm run fuzz` runs a hundredth of what it runs without compression: 10,000. */
const COUNT = process.env.FUZZ_COUNT ? Math.ceil(Number(process.env.FUZZ_COUNT) / 100) : 150;
const SEED = Number(process.env.FUZZ_SEED ?? 1);
/** To run a round again: FUZZ_ROUND, FUZZ_COUNT=1. */
const FIRST = Number(process.env.FUZZ_ROUND ?? 0);

type Chance = () => number;

const WORDS = ["", "a", "hello", "żółw ", "🐢", "é".repeat(50), "the same, and the same again. ", '{"id":17,"name":"x"},'];

/** A text near one of the places where something changes: the threshold, 16 KiB, 32 KiB; and rarely one above all of them. */
function textOf({ threshold }: CompressionOptions, chance: Chance): string {
  const kind = chance();
  const length = kind < 0.3 ? threshold - 1 + below(3, chance) : kind < 0.35 ? below(40_000, chance) : below(600, chance);
  const words: string[] = [];
  for (let left = kind < 0.01 ? 70_000 : length; left > 0; left -= words.at(-1)?.length || 1) words.push(oneOf(WORDS, chance));
  const text = words.join("");
  return chance() < 0.5 ? cutText(text, Math.max(0, length)) : text;
}

/** Its beginning, without half of a surrogate pair at the end. */
function cutText(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}

const noise = (length: number, chance: Chance): Buffer => Buffer.from(Array.from({ length }, () => below(256, chance)));

function sendOne(sender: FuzzedSender, options: CompressionOptions, chance: Chance): void {
  const kind = chance();
  const text = textOf(options, chance);
  if (kind < 0.5) sender.send(text, shown(text));
  else if (kind < 0.7) {
    const bytes = chance() < 0.3 ? noise(below(2_000, chance), chance) : Buffer.from(text);
    sender.send(bytes, shown(bytes));
    // Ours again: what was sent must not change.
    bytes.fill(0);
  } else if (kind < 0.8) sender.ping();
  else if (kind < 0.95) sender.piece(cutText(text, 300));
  else sender.endPieces();
}

async function round(number: number): Promise<number> {
  const chance = chanceOf(SEED * 10_000_000 + number);
  const options: CompressionOptions = {
    threshold: oneOf([0, 1, 20, 100, 1_024], chance),
    level: 1 + below(9, chance),
    contextTakeover: chance() < 0.5,
    windowBits: chance() < 0.5 ? 15 : 9 + below(7, chance),
  };
  const senders = [false, false, false, true].map((isClient) => new FuzzedSender(isClient, options, chance));
  for (let count = 1 + below(30, chance); count > 0; count--) {
    if (chance() < 0.3) {
      const said = chance() < 0.7 ? textOf(options, chance) : noise(below(500, chance), chance);
      const prepared = prepareFrame(said);
      for (const sender of senders) if (chance() < 0.9) sender.send(prepared, shown(said));
    } else sendOne(oneOf(senders, chance), options, chance);
    if (chance() < 0.1) await new Promise((resolve) => setImmediate(resolve));
  }
  let compressed = 0;
  for (const [index, sender] of senders.entries()) {
    await sender.allLeft();
    const { agreed, terms, bytes, expected } = sender;
    const about = `FUZZ_SEED=${SEED} FUZZ_ROUND=${number}, connection ${index}: ${JSON.stringify(options)} ${agreed}`;
    const written = readWritten(bytes, terms, about);
    compressed += written.compressed;
    // Compared as texts: to compare large arrays takes long.
    expect(JSON.stringify(written.messages) === JSON.stringify(expected), about).toBe(true);
    const isClient = index === 3;
    const read = await readByWs(bytes, { keepsContext: true, windowBits: 15, ...terms, maxPayload: 1_000_000 }, isClient);
    expect([read.code, JSON.stringify(read.messages) === JSON.stringify(expected)], about).toEqual([undefined, true]);
  }
  return compressed;
}

test(
  "whatever is sent, whole, in pieces or to many, and however that is agreed on, is read the same by ws, by zlib and by the RFC",
  async () => {
    let compressed = 0;
    for (let number = FIRST; number < FIRST + COUNT; number++) compressed += await round(number);
    if (COUNT >= 100) expect(compressed).toBeGreaterThan(COUNT);
  },
  30_000 + COUNT * 100,
);
