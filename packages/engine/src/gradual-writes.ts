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

/** How a stream writes by itself, and how much has left of what it wrote. */
class Steps {
  readonly write: Duplex["_write"];
  readonly writev: NonNullable<Duplex["_writev"]>;
  #taken: number;
  /** What was under way before: it has left when nothing waits, or when something else is written. */
  #before: number;

  constructor(stream: GradualStream) {
    this.write = stream._write;
    this.writev = stream._writev as NonNullable<Duplex["_writev"]>;
    this.#before = stream.writableLength;
    this.#taken = (stream.bytesWritten ?? 0) - this.#before;
  }

  taken(waiting: number): number {
    return waiting === 0 ? this.#taken + this.#before : this.#taken;
  }

  /** Counts bytes that are written now, when they have left. */
  counting(bytes: number, done: Done): Done {
    this.#taken += this.#before;
    this.#before = 0;
    return (error) => {
      if (!error) this.#taken += bytes;
      done(error);
    };
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
  const { [STEPS]: steps, writableLength } = stream as GradualStream;
  return steps ? steps.taken(writableLength) : ((stream as GradualStream).bytesWritten ?? 0) - writableLength;
}

/**
 * Where a stream does not tell at once what the system has taken, so much may be on its way, in bytes, without the peer
 * being thought slow: about what Linux takes of a connection at most.
 */
export const UNTOLD_BYTES = 4_194_304;
/** So many turns may pass before it does. */
export const UNTOLD_TURNS = 2;

/** Whether a stream tells at once that the system has taken a write; under TLS it only does so in the next turn. */
export function isPrompt(stream: Duplex): boolean {
  return stream instanceof Socket && !("encrypted" in stream);
}

function write(this: GradualStream, chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
  const steps = this[STEPS] as Steps;
  const bytes = lengthOf({ chunk, encoding });
  if (bytes <= STEP_BYTES) steps.write.call(this, chunk, encoding, steps.counting(bytes, done));
  else writeAll(this, steps, [toBytes({ chunk, encoding })], done);
}

function writev(this: GradualStream, chunks: Chunk[], done: Done): void {
  const steps = this[STEPS] as Steps;
  let bytes = 0;
  for (const chunk of chunks) bytes += lengthOf(chunk);
  if (bytes <= STEP_BYTES) steps.writev.call(this, chunks, steps.counting(bytes, done));
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
      const written = steps.counting(sizeOf(step), (error) => {
        if (error) done(error);
        else if (isLate) goOn();
        else isOver = true;
      });
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
