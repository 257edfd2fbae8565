import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { takenBytes, writeGradually } from "../src/gradual-writes.ts";

const STEP = 65_536;

/** A stream whose system takes what it is told to take, write by write. */
class Line extends Duplex {
  readonly steps: Buffer[] = [];
  isOpen = false;
  #done: ((error?: Error | null) => void) | undefined;
  #given = 0;

  /** As a socket of Node's counts it: all that the system was given. */
  get bytesWritten(): number {
    return this.#given + (this.#done ? 0 : this.writableLength);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#take([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  /** What was given last has left, or not. */
  left(error?: Error): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }

  #take(parts: Buffer[], done: (error?: Error | null) => void): void {
    const step = Buffer.concat(parts);
    this.steps.push(step);
    this.#given += step.length;
    if (this.isOpen) done();
    else this.#done = done;
  }
}

/** Bytes that differ from place to place. */
const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 31 + (at >>> 8)) & 0xff));

test("a large write leaves step by step, in order, and each step is seen to leave", () => {
  const line = new Line();
  writeGradually(line);
  writeGradually(line);
  const large = bytes(3 * STEP + 5);
  const outcomes: unknown[] = [];
  line.write(large, (error) => outcomes.push(error));
  const seen = [takenBytes(line)];
  for (let step = 0; step < 4; step++) {
    line.left();
    seen.push(takenBytes(line));
  }
  expect(seen).toEqual([0, STEP, 2 * STEP, 3 * STEP, 3 * STEP + 5]);
  expect(line.steps.map(({ length }) => length)).toEqual([STEP, STEP, STEP, 5]);
  expect(Buffer.concat(line.steps).equals(large)).toBe(true);
  expect(line.writableLength).toBe(0);
});

test("small writes that had to wait leave together, large ones among them in steps", () => {
  const line = new Line();
  writeGradually(line);
  const parts = [bytes(10), bytes(20), bytes(STEP), bytes(30)];
  line.write(bytes(1));
  for (const part of parts) line.write(part);
  expect([takenBytes(line), line.steps.length]).toEqual([0, 1]);
  for (let step = 0; step < 3; step++) line.left();
  expect(line.steps.map(({ length }) => length)).toEqual([1, STEP, 60]);
  expect(Buffer.concat(line.steps).equals(Buffer.concat([bytes(1), ...parts]))).toBe(true);
  expect(takenBytes(line)).toBe(STEP + 61);
});

test("what the system takes at once leaves at once, however large", async () => {
  const line = new Line();
  line.isOpen = true;
  writeGradually(line);
  await new Promise((resolve) => line.write(Buffer.alloc(16_777_216), resolve));
  expect([line.steps.length, takenBytes(line), line.writableLength]).toEqual([256, 16_777_216, 0]);
});

test("a step that fails is the last, and the write has failed", async () => {
  const line = new Line();
  writeGradually(line);
  const failed = new Promise((resolve) => line.once("error", resolve));
  const written = new Promise((resolve) => line.write(bytes(3 * STEP), resolve));
  line.left();
  line.left(new Error("the cable"));
  expect(await written).toEqual(new Error("the cable"));
  expect([await failed, line.steps.length]).toEqual([new Error("the cable"), 2]);
});

test("a stream that is asked to while it writes counts on from there", () => {
  const line = new Line();
  line.write(bytes(100));
  line.left();
  line.write(bytes(200));
  expect(takenBytes(line)).toBe(100);
  writeGradually(line);
  expect(takenBytes(line)).toBe(100);
  line.left();
  expect(takenBytes(line)).toBe(300);
  line.write("ü", "latin1");
  line.write("later");
  expect(takenBytes(line)).toBe(300);
  line.left();
  line.left();
  expect([takenBytes(line), Buffer.concat(line.steps.slice(2)).toString("latin1")]).toEqual([306, "ülater"]);
});
