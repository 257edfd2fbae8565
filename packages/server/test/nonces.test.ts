import { describe, expect, it } from "vitest";
import { Nonces } from "../src/http-authentication/nonces.ts";
import { FakeClock } from "./support/fake-clock.ts";

function nonces(max?: number) {
  const clock = new FakeClock();
  return { clock, nonces: new Nonces(clock, 60_000, max) };
}

describe("a nonce", () => {
  it("is good for its time, and too old from then on", () => {
    const { clock, nonces: mine } = nonces();
    const nonce = mine.make();
    clock.advance(59_999);
    expect(mine.judge(nonce)).toBe("fresh");
    clock.advance(1);
    expect(mine.judge(nonce)).toBe("stale");
    expect(mine.use(nonce, 1)).toBe(false);
  });

  it("is another one each time", () => {
    const { nonces: mine } = nonces();
    expect(new Set(Array.from({ length: 1_000 }, () => mine.make())).size).toBe(1_000);
  });

  it("of another server, with a bit turned, or in another spelling is forged", () => {
    const { nonces: mine } = nonces();
    const nonce = mine.make();
    expect(mine.judge(nonces().nonces.make())).toBe("forged");
    const bytes = Buffer.from(nonce, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const other = Buffer.from(bytes);
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(mine.judge(other.toString("base64url"))).toBe("forged");
      expect(mine.use(other.toString("base64url"), 1)).toBe(false);
    }
    for (const spelling of [
      `${nonce}=`,
      `${nonce} `,
      ` ${nonce}`,
      `${nonce}\0`,
      bytes.toString("base64"),
      "",
      "é",
      "A".repeat(100_000),
    ]) {
      if (spelling !== nonce) expect(mine.judge(spelling)).toBe("forged");
    }
  });

  it("may be used once with each count, also out of order, but not far behind the highest", () => {
    const { nonces: mine } = nonces();
    const nonce = mine.make();
    const use = (count: number): boolean => mine.use(nonce, count);
    expect([1, 1, 3, 2, 2, 3].map(use)).toEqual([true, false, true, true, false, false]);
    expect([100, 37, 36, 99, 100, 37].map(use)).toEqual([true, true, false, true, false, false]);
    expect([0xffffffff, 0xffffffff, 0xffffffff - 63, 0xffffffff - 64].map(use)).toEqual([true, false, true, false]);
    // A shift by as much would be a number of half a gigabyte, or none that there is.
    expect([0xf0000000, 0x10000000, 101, 1].map(use)).toEqual([false, false, false, false]);
  });

  it("agrees with a set of what was used, whatever is tried within the window", () => {
    const { nonces: mine } = nonces();
    const nonce = mine.make();
    const used = new Set<number>();
    let highest = 0;
    let seed = 7;
    for (let round = 0; round < 20_000; round++) {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      const count = Math.max(1, highest - 70 + (seed % 90));
      const isFine = !used.has(count) && count > highest - 64;
      expect(mine.use(nonce, count)).toBe(isFine);
      if (isFine) used.add(count);
      highest = Math.max(highest, isFine ? count : 0);
    }
  });

  it("is forgotten when it is too old, and none of those that are not can be used again though memory is full", () => {
    const { clock, nonces: mine } = nonces(100);
    const made = Array.from({ length: 200 }, () => {
      clock.advance(1);
      return mine.make();
    });
    for (const nonce of made) expect(mine.use(nonce, 1)).toBe(true);
    expect(mine.size).toBe(100);
    for (const nonce of made) expect(mine.use(nonce, 1)).toBe(false);
    // Those that nobody remembers are too old; those that are remembered go on.
    expect(mine.use(made[0] as string, 2)).toBe(false);
    expect(mine.use(made[199] as string, 2)).toBe(true);
    clock.advance(1);
    expect(mine.use(mine.make(), 1)).toBe(true);
    clock.advance(60_000);
    for (let round = 0; round < 100; round++) expect(mine.use(mine.make(), 1)).toBe(true);
    expect(mine.size).toBeLessThanOrEqual(100);
  });
});
