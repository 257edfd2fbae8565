import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { Slab } from "../src/frames/slab.ts";
import { Fan } from "../src/own/fan.ts";
import { Writer } from "../src/own/writer.ts";
import { Turns } from "../src/turns.ts";

/** A writer over a stream whose every write ends as told, at once. */
function writing(error?: Error): { writer: Writer; told: string[] } {
  const told: string[] = [];
  const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done(error) });
  stream.on("error", () => told.push("error"));
  const writer = new Writer(
    stream,
    { slab: new Slab(), fan: new Fan(), turns: new Turns(), isClient: false },
    {
      taken: (messages, bytes) => told.push(`${messages} taken, ${bytes} bytes`),
      blocked: () => told.push("blocked"),
      drained: () => told.push("drained"),
    },
  );
  return { writer, told };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test("what the kernel takes at once is told once, when the turn ends", async () => {
  const { writer, told } = writing();
  for (const text of ["a", "bc", "x".repeat(40_000)]) writer.sendText(text);
  expect(told).toEqual([]);
  await turns();
  expect([told, writer.size]).toEqual([["3 taken, 40003 bytes"], 0]);
});

test.each([
  ["small", "a"],
  ["large", "x".repeat(40_000)],
])("a %s message that the kernel refuses is not told as taken", async (_, text) => {
  const { writer, told } = writing(new Error("write ECONNRESET"));
  writer.sendText(text);
  await turns();
  expect(told).toEqual(["error"]);
});

test("what waited for a peer is told as it leaves, not only when all of it has", async () => {
  const written: (() => void)[] = [];
  const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => void written.push(done) });
  const taken: number[] = [];
  const events = { taken: (messages: number) => taken.push(messages), blocked() {}, drained: () => taken.push(0) };
  const writer = new Writer(stream, { slab: new Slab(), fan: new Fan(), turns: new Turns(), isClient: true }, events);
  for (let count = 0; count < 6; count++) writer.sendBinary(new Uint8Array(150_000));
  writer.sendText("small");
  await turns();
  expect(taken).toEqual([]);
  for (let step = 0; step < 50 && !taken.includes(0); step++) {
    written.shift()?.();
    await turns();
  }
  expect([taken, writer.size]).toEqual([[1, 2, 2, 2, 0], 0]);
});
