import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/**
 * Node tells when a whole write has left, not how far it has come. So large writes go to the system step by step: on a slow
 * line each step is seen to leave.
 */
const STEP_BYTES = 65_536;

type Done = (error?: Error | null) => void;
/** What Node calls bytes among encodings. */
const RAW = "buffer" as BufferEncoding;
type Chunk = { chunk: Buffer | string; encoding: BufferEncoding };

/** How a stream writes by itself, and what has left of what it wrote. */
class Steps {
  readonly write: Duplex["_write"];
  readonly writev: NonNullable<Duplex["_writev"]>;
  /** Bytes of writes that are over; of the last one, which may be under way; and how many of these have left. */
  before: number;
  last: number;
  left = 0;

  constructor(stream: GradualStream) {
    this.write = stream._write;
    this.writev = stream._writev as NonNullable<Duplex["_writev"]>;
    this.last = stream.writableLength;
    this.before = (stream.bytesWritten ?? 0) - this.last;
  }

  begin(bytes: number): void {
    this.before += this.last;
    this.last = bytes;
    this.left = 0;
  }
}

const STEPS = Symbol("steps");
interface GradualStream extends Duplex {
  [STEPS]?: Steps;
  readonly bytesWritten?: number;
}

/** From now on large writes of a stream go to the system step by step. It replaces what streams leave to implementors. */
export function writeGradually(stream: Duplex): void {
  const gradual = stream as GradualStream;
  if (gradual[STEPS] || !stream._writev) return;
  gradual[STEPS] = new Steps(stream);
  gradual._write = write;
  gradual._writev = writev;
}

/**
 * How many bytes of a stream the system has taken, as far as it tells. The stream MUST NOT be destroyed, and unless it
 * writes gradually hardly anything may wait in it: Node walks through all that.
 */
export function takenBytes(stream: Duplex): number {
  const { writableLength, [STEPS]: steps } = stream as GradualStream;
  if (steps) return steps.before + (writableLength === 0 ? steps.last : steps.left);
  return ((stream as GradualStream).bytesWritten ?? 0) - writableLength;
}

/**
 * Where a stream does not tell at once what the system has taken, so much may be on its way, in bytes, without the peer
 * being thought slow: about what Linux takes of a connection at most.
 */
export const UNTOLD_BYTES = 4_194_304;

/** Whether a stream tells at once that the system has taken a write; under TLS it only does so in the next turn. */
export function isPrompt(stream: Duplex): boolean {
  return stream instanceof Socket && !("encrypted" in stream);
}

function write(this: GradualStream, chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
  const steps = this[STEPS] as Steps;
  const bytes = lengthOf({ chunk, encoding });
  steps.begin(bytes);
  if (bytes <= STEP_BYTES) steps.write.call(this, chunk, encoding, done);
  else writeAll(this, steps, [toBytes({ chunk, encoding })], done);
}

function writev(this: GradualStream, chunks: Chunk[], done: Done): void {
  const steps = this[STEPS] as Steps;
  let bytes = 0;
  for (const chunk of chunks) bytes += lengthOf(chunk);
  steps.begin(bytes);
  if (bytes <= STEP_BYTES) steps.writev.call(this, chunks, done);
  else writeAll(this, steps, chunks.map(toBytes), done);
}

function lengthOf({ chunk, encoding }: Chunk): number {
  return typeof chunk === "string" ? Buffer.byteLength(chunk, encoding) : chunk.length;
}

function toBytes({ chunk, encoding }: Chunk): Buffer {
  return typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
}

/** Writes bytes step by step; the small ones of a step together. */
function writeAll(stream: GradualStream, steps: Steps, parts: readonly Buffer[], done: Done): void {
  const waiting = inSteps(parts);
  const goOn = (): void => {
    // Most steps of a line that is not slow end at once: a loop, or it would be a stack of calls.
    for (let isOver = true; isOver; ) {
      const step = waiting.next().value;
      if (!step) return void done();
      isOver = false;
      let isLate = false;
      const written: Done = (error) => {
        if (error) return void done(error);
        steps.left += sizeOf(step);
        if (isLate) goOn();
        else isOver = true;
      };
      if (step.length === 1) steps.write.call(stream, step[0], RAW, written);
      else
        steps.writev.call(
          stream,
          step.map((chunk) => ({ chunk, encoding: RAW })),
          written,
        );
      isLate = true;
    }
  };
  goOn();
}

/** Cuts and gathers parts, so that each step has `STEP_BYTES` but the last. */
function* inSteps(parts: readonly Buffer[]): Generator<Buffer[], undefined> {
  let step: Buffer[] = [];
  let room = STEP_BYTES;
  for (const part of parts) {
    for (let start = 0; start < part.length; ) {
      const piece = part.subarray(start, start + room);
      step.push(piece);
      start += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      yield step;
      step = [];
      room = STEP_BYTES;
    }
  }
  if (step.length > 0) yield step;
}

function sizeOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
