import { expect, test } from "vitest";
import { deflateOnce } from "../src/compression/deflater.ts";
import { prepareFrame } from "../src/own/outgoing-frames.ts";

test("what goes to many is compressed once for all who can read it so", () => {
  const prepared = prepareFrame("what is said again and again. ".repeat(100));
  const made: number[] = [];
  const deflate: typeof deflateOnce = (payload, windowBits, level) => {
    made.push(windowBits);
    return deflateOnce(payload, windowBits, level);
  };
  for (let receiver = 0; receiver < 1_000; receiver++) {
    const compressed = prepared.compressed(receiver % 100 === 0 ? 9 : 15, 6, deflate);
    expect(compressed.frame.byteLength).toBeLessThan(200);
    expect(compressed.bytes).toBe(prepared.bytes);
  }
  expect(made).toEqual([9, 15]);
});

test("what does not compress stays as it is", () => {
  const prepared = prepareFrame("xyz");
  expect(prepared.compressed(15, 6, deflateOnce)).toBe(prepared);
});
