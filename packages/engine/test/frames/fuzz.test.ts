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
      const wanted = JSON.stringify(whole);
      // Compared as texts, and told in full only when they differ: an assertion takes longer than the reading.
      const about = (): string => `FUZZ_SEED=${SEED}, round ${round}: ${bytes.subarray(0, 200).toString("hex")}`;
      for (let cut = 0; cut < 3; cut++) {
        const reading = readByOwn(bytes, cutsOf(bytes.length, chance));
        if (JSON.stringify(reading) !== wanted) expect(reading, about()).toEqual(whole);
      }
      const other = readByWs(bytes);
      const isSame = JSON.stringify(other) === wanted;
      if (isSame) same++;
      // ws judges text at its end, knows no shortest form, and judges a size before the bit that makes it impossible.
      else if (whole.isFault) {
        expect([1002, 1007], about()).toContain(whole.code);
        expect(other.messages.slice(0, whole.messages.length), about()).toEqual(whole.messages);
      } else expect(whole, about()).toEqual(other);
    }
    expect(same / COUNT).toBeGreaterThan(0.9);
  },
  30_000 + COUNT,
);
