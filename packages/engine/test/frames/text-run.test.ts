import fc from "fast-check";
import { expect, test } from "vitest";
import { frame, Opcode } from "../../../../testkit/raw-socket.ts";
import { retainedHeap } from "../../../../testkit/retained.ts";
import { MessageReader } from "../../src/frames/message-reader.ts";
import { endOfShort, maskRun, payloadOfShort, unmaskRun } from "../../src/frames/text-run.ts";

const TEXTS = fc.array(fc.oneof(fc.string({ maxLength: 140 }), fc.string({ maxLength: 30, unit: "grapheme" })), {
  maxLength: 40,
});

function readerOf(message: (text: string, reader: MessageReader) => void, maxPayload = 1_000): MessageReader {
  const ignored = { compressed() {}, ping() {}, pong() {}, closing() {}, broken() {} };
  const reader = new MessageReader(
    true,
    false,
    { maxPayload, maxFragments: 10 },
    { ...ignored, message: (text) => message(text as string, reader) },
  );
  return reader;
}

test("a run is unmasked as far as it goes, little at once, and masked again it is as it came", () => {
  fc.assert(
    fc.property(TEXTS, fc.nat(7), (texts, start) => {
      const came = Buffer.concat([Buffer.alloc(start), ...texts.map((text) => frame(Opcode.text, text))]);
      const chunk = Buffer.from(came);
      const end = unmaskRun(chunk, start);
      const read: string[] = [];
      for (let at = start; at < end; at = endOfShort(chunk, at))
        read.push(chunk.toString("latin1", payloadOfShort(at), endOfShort(chunk, at)));
      expect(read).toEqual(texts.slice(0, read.length));
      expect(end - start).toBeLessThanOrEqual(256);
      expect(chunk.subarray(end).equals(came.subarray(end))).toBe(true);
      maskRun(chunk, start, end);
      expect(chunk.equals(came)).toBe(true);
    }),
  );
});

test("texts of any kind and length are read alike, whoever pauses or throws between them", () => {
  fc.assert(
    fc.property(TEXTS, fc.array(fc.constantFrom("read", "pause", "throw"), { maxLength: 40 }), (texts, doing) => {
      const heard: string[] = [];
      const reader = readerOf((text, self) => {
        const what = doing[heard.push(text) - 1];
        if (what === "pause") self.pause();
        if (what === "throw") throw new Error("a listener");
      });
      const next = (go: () => void): void => {
        try {
          go();
        } catch {
          // The next message is told when it goes on.
        }
      };
      next(() => reader.read(Buffer.concat(texts.map((text) => frame(Opcode.text, text)))));
      for (let count = 0; count < texts.length; count++) next(() => reader.resume());
      expect(heard).toEqual(texts);
    }),
  );
});

test("a bound that is lowered in the middle of a run holds for what follows", () => {
  const heard: string[] = [];
  const reader = readerOf((text, self) => {
    heard.push(text);
    self.maxPayload = 3;
  });
  reader.read(Buffer.concat(["four", "abc", "five!", "abc"].map((text) => frame(Opcode.text, text))));
  expect([heard, reader.isReading]).toEqual([["four", "abc"], false]);
});

test("a text that is kept does not keep what came with it", () => {
  const kept: string[] = [];
  const reader = readerOf((text) => text.startsWith("kept") && kept.push(text));
  const chunk = Buffer.concat(
    Array.from({ length: 2_000 }, (_, n) => frame(Opcode.text, n === 1_000 ? "kept".repeat(5) : "x".repeat(20))),
  );
  reader.read(Buffer.from(chunk));
  const before = retainedHeap();
  for (let round = 0; round < 200; round++) reader.read(Buffer.from(chunk));
  expect(kept.length).toBe(201);
  // 10 MB came.
  expect(retainedHeap() - before).toBeLessThan(2_097_152);
});
