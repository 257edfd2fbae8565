import { describe, expect, test } from "vitest";
import { copyFrom } from "../src/exact-copy.ts";

/** A piece of a read of 64 KiB. */
function slice(length: number, value = 0): Buffer {
  return Buffer.from(new ArrayBuffer(65_536), 100, length).fill(value);
}

const held = (pieces: Buffer[]): number =>
  [...new Set(pieces.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

describe("what is kept of an incomplete message", () => {
  test("holds no memory but its own, in few pieces, however small they come", () => {
    const pieces: Buffer[] = [];
    let copies = 0;
    for (let round = 0; round < 2_000; round++) {
      pieces.push(slice(1, round), slice(2, round));
      copies = copyFrom(pieces, copies);
    }
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(Array.from({ length: 6_000 }, (_, index) => Math.floor(index / 3))));
    expect(held(pieces)).toBe(6_000);
    expect(pieces.length).toBeLessThanOrEqual(2);
  });

  test("leaves large pieces that hold nothing else where they are", () => {
    const large = Array.from({ length: 3 }, () => Buffer.alloc(8_192));
    const pieces = [...large];
    expect([copyFrom(pieces, 2), pieces.every((piece, index) => piece === large[index])]).toEqual([3, true]);
  });
});
