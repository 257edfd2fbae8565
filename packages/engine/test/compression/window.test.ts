import fc from "fast-check";
import { expect, test } from "vitest";
import { Window } from "../../src/compression/window.ts";

test("a window keeps the last bytes of all that was added, in memory of its own", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), (pieces) => {
      const window = new Window(8);
      for (const piece of pieces) window.add(Buffer.from(piece));
      const all = Buffer.concat(pieces);
      expect(window.bytes ?? Buffer.alloc(0)).toEqual(all.subarray(-256));
      if (window.bytes) expect(window.bytes.buffer.byteLength).toBe(window.bytes.byteLength);
    }),
  );
});
