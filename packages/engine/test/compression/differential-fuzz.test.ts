import { expect, test } from "vitest";
import { compressedSequence, randomTerms } from "../../../../testkit/fuzz/compressed-sequences.ts";
import { hasTail, inflatePlainly, TAIL } from "../../../../testkit/fuzz/plain-inflate.ts";
import { chanceOf, cutsOf } from "../../../../testkit/fuzz/sequences.ts";
import { type Judged, readByOwn, readByWs } from "../support/compressed-readers.ts";
import { differenceOf } from "../support/ws-differences.ts";

/** `npm run fuzz` runs a tenth of what it runs without compression: 100,000. */
const COUNT = process.env.FUZZ_COUNT ? Math.ceil(Number(process.env.FUZZ_COUNT) / 10) : 1_000;
const SEED = Number(process.env.FUZZ_SEED ?? 1);
/** To run a round again: FUZZ_ROUND, FUZZ_COUNT=1. */
const FIRST = Number(process.env.FUZZ_ROUND ?? 0);
/** So many at a time: ws inflates in other threads. */
const AT_ONCE = 8;

/** What the inflater puts behind all that. */
const END = Buffer.of(1, 0, 0, 0xff, 0xff);

/** What our own inflater must make of a message (see `Inflated`): what it is, or the close codes that it may be refused with. */
function expectTruth({ payload, result, truth, terms }: Judged, about: string): void {
  const made = Buffer.isBuffer(result) ? "message" : result.code;
  if (truth.finals > 16) expect(made, about).toBe(1008);
  else if (truth.end === "large") expect([1007, 1009], about).toContain(made);
  else if (truth.end === "far") expect([1007, 1009, "message"], about).toContain(made);
  else if (truth.end === "cut" && made !== 1007) {
    // By the letter, what the inflater puts behind it completes it, or makes it too large.
    const { end, output } = inflatePlainly(Buffer.concat(hasTail(payload) ? [payload, END] : [payload, TAIL, END]), terms, false);
    const isMade = Buffer.isBuffer(result) && end === "whole" && result.equals(output);
    expect(isMade || (made === 1009 && end === "large"), about).toBe(true);
  } else if (truth.end === "cut" || truth.end === "wrong") expect(made, about).toBe(1007);
  else expect(Buffer.isBuffer(result) && result.equals(truth.output), about).toBe(true);
}

async function round(number: number): Promise<string> {
  const chance = chanceOf(SEED * 10_000_000 + number);
  const terms = randomTerms(chance);
  const bytes = compressedSequence(terms, chance);
  const about = `FUZZ_SEED=${SEED} FUZZ_ROUND=${number}: ${JSON.stringify(terms)} ${bytes.subarray(0, 200).toString("hex")}`;
  const judged: Judged[] = [];
  const own = await readByOwn(bytes, [], terms, judged);
  for (const each of judged) {
    expectTruth(each, about);
    // What it becomes is not known, and so the context of those behind it is not.
    if (each.truth.end !== "whole") break;
  }
  expect(await readByOwn(bytes, cutsOf(bytes.length, chance), terms), about).toEqual(own);
  const ws = await readByWs(bytes, terms);
  const reason = differenceOf({ bytes, terms, own, ws, judged });
  if (reason === false) expect(own, about).toEqual(ws);
  expect(reason, about).not.toBe(false);
  return reason || "the same";
}

test(
  "compressed messages of any shape, cut anywhere, give what the RFC says, and what ws gives but for what is listed",
  async () => {
    const seen = new Map<string, number>();
    for (let number = FIRST; number < FIRST + COUNT; number += AT_ONCE) {
      const numbers = Array.from({ length: Math.min(AT_ONCE, FIRST + COUNT - number) }, (_, index) => number + index);
      for (const reason of await Promise.all(numbers.map(round))) seen.set(reason, (seen.get(reason) ?? 0) + 1);
    }
    if (process.env.FUZZ_COUNT) console.log(Object.fromEntries(seen));
    if (COUNT >= 1_000) expect((seen.get("the same") ?? 0) / COUNT).toBeGreaterThan(0.8);
  },
  30_000 + COUNT * 10,
);
