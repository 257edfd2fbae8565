import { expect, test } from "vitest";
import { chanceOf, cutsOf, sequence } from "../../../../testkit/fuzz/sequences.ts";
import { readByOwn, readByWs } from "../support/readers.ts";

/** `npm run fuzz` runs a million. */
const COUNT = Number(process.env.FUZZ_COUNT ?? 20_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

test(
  "any bytes, cut anywhere, give the same messages and the same end, and those of ws but for rules that it leaves out",
  () => {
    let same = 0;
    for (let round = 0; round < COUNT; round++) {
      const chance = chanceOf(SEED * COUNT + round);
      const bytes = sequence(chance);
      const whole = readByOwn(bytes, []);
      const about = `FUZZ_SEED=${SEED}, round ${round}: ${bytes.subarray(0, 200).toString("hex")}`;
      for (let cut = 0; cut < 3; cut++) expect(readByOwn(bytes, cutsOf(bytes.length, chance)), about).toEqual(whole);
      const other = readByWs(bytes);
      // ws judges text at its end, knows no shortest form, and judges a size before the bit that makes it impossible.
      const isStricter = whole.isFault && JSON.stringify(whole) !== JSON.stringify(other);
      if (isStricter) {
        expect([1002, 1007], about).toContain(whole.code);
        expect(other.messages.slice(0, whole.messages.length), about).toEqual(whole.messages);
      } else {
        expect(whole, about).toEqual(other);
        same++;
      }
    }
    expect(same / COUNT).toBeGreaterThan(0.9);
  },
  30_000 + COUNT,
);
