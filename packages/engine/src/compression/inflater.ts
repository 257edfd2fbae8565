import { inflateRaw, inflateRawSync, type ZlibOptions } from "node:zlib";
import { type Fault, FaultCode } from "../frames/opcodes.ts";
import type { Direction } from "./agreement.ts";
import { zlibGate } from "./gate.ts";
import { Window } from "./window.ts";

/** Up to so much, in and out, inflating takes a quarter of a millisecond or so: for that no order has to be kept by a queue. */
const MAX_INPUT_AT_ONCE = 16_384;
const MAX_OUTPUT_AT_ONCE = 131_072;
/** What the sender left out (RFC 7692 section 7.2.2). */
const TAIL = Buffer.of(0, 0, 0xff, 0xff);
/**
 * A final block without anything, behind it: whether that is reached is how zlib tells whole blocks from what is cut. A final
 * block that is cut just where these very bytes complete it is taken with them: zlib cannot tell.
 */
const END = Buffer.of(1, 0, 0, 0xff, 0xff);
const TAIL_AND_END = Buffer.concat([TAIL, END]);
/** A message may have final blocks with more behind (section 7.2.3.4), but each costs a call: nobody needs many. */
const MAX_FINAL_BLOCKS = 16;
const MIN_CHUNK_BYTES = 1_024;
const MAX_CHUNK_BYTES = 16_384;

/** What inflating at once counts for, in bytes that are merely read: each call of zlib, and each byte that it is given. */
const WORK_OF_CALL = 2_048;
const WORK_OF_BYTE = 16;

/** Inflates what one connection receives, message by message. */
export class Inflater {
  /** How much work the last message was that was inflated at once, in bytes that are merely read. */
  lastWork = 0;
  readonly #window: Window | undefined;
  readonly #windowBits: number;

  constructor({ keepsContext, windowBits }: Direction) {
    this.#window = keepsContext ? new Window(windowBits) : undefined;
    this.#windowBits = windowBits;
  }

  /**
   * Inflates a message at once.
   *
   * @param maxBytes how large it may become
   * @returns undefined when that would take long: `inflateLater` it
   */
  inflate(payload: Buffer, maxBytes: number): Buffer | Fault | undefined {
    if (payload.length > MAX_INPUT_AT_ONCE) return undefined;
    const most = Math.min(maxBytes, MAX_OUTPUT_AT_ONCE);
    const work = new Inflation(payload, most, this.#window?.bytes);
    this.lastWork = payload.length * WORK_OF_BYTE;
    try {
      while (!work.isDone) {
        this.lastWork += WORK_OF_CALL;
        work.add(inflateRawSync(work.rest, this.#options(work)) as unknown as Inflated);
      }
    } catch (error) {
      if (most < maxBytes && isTooLarge(error)) return undefined;
      return faultOf(error, maxBytes);
    }
    this.lastWork += work.output.length;
    return this.#end(work);
  }

  /** Inflates a message in another thread. Until it is done, no other may be begun. */
  inflateLater(payload: Buffer, maxBytes: number, done: (result: Buffer | Fault) => void): void {
    const work = new Inflation(payload, maxBytes, this.#window?.bytes);
    zlibGate.enter((leave) => {
      const step = (): void => {
        inflateRaw(work.rest, this.#options(work), (error, inflated) => {
          if (!error) {
            work.add(inflated as unknown as Inflated);
            if (!work.isDone) return step();
          }
          leave();
          done(error ? faultOf(error, maxBytes) : this.#end(work));
        });
      };
      step();
    });
  }

  #options(work: Inflation): ZlibOptions {
    const { dictionary } = work;
    return {
      windowBits: this.#windowBits,
      maxOutputLength: Math.max(1, work.room),
      chunkSize: Math.min(Math.max(work.rest.length * 4, MIN_CHUNK_BYTES), MAX_CHUNK_BYTES),
      info: true,
      ...(dictionary && { dictionary }),
    };
  }

  #end(work: Inflation): Buffer | Fault {
    if (work.room < 0) return tooLarge(work.maxBytes);
    if (work.hasTooMany) return TOO_MANY_FINAL_BLOCKS;
    this.#window?.add(work.output);
    return work.output;
  }
}

/** What zlib says with option `info`. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** One message under way: zlib stops at each final block. */
class Inflation {
  readonly maxBytes: number;
  rest: Buffer;
  output: Buffer = Buffer.alloc(0);
  isDone = false;
  hasTooMany = false;
  readonly #context: Buffer | undefined;
  readonly #added: number;
  #finalBlocks = 0;

  constructor(payload: Buffer, maxBytes: number, context: Buffer | undefined) {
    // No message ends so (section 7.2.1): whoever sends it forgot to leave it out.
    const added = payload.length >= TAIL.length && payload.subarray(-TAIL.length).equals(TAIL) ? END : TAIL_AND_END;
    this.rest = Buffer.concat([payload, added]);
    this.#added = added.length;
    this.maxBytes = maxBytes;
    this.#context = context;
  }

  /** What it may still become. */
  get room(): number {
    return this.maxBytes - this.output.length;
  }

  get dictionary(): Buffer | undefined {
    if (this.output.length === 0) return this.#context;
    return this.#context ? Buffer.concat([this.#context, this.output]).subarray(-32_768) : this.output.subarray(-32_768);
  }

  add({ buffer, engine }: Inflated): void {
    this.output = this.output.length === 0 ? buffer : Buffer.concat([this.output, buffer]);
    this.rest = this.rest.subarray(engine.bytesWritten);
    const left = this.rest.length;
    // The one that nothing is behind is ours.
    if (left > 0) this.#finalBlocks++;
    this.hasTooMany = this.#finalBlocks > MAX_FINAL_BLOCKS;
    // Who ends with a final block may forget the octet behind it (section 7.2.3.4): of the message nothing is missing.
    this.isDone = left === 0 || left === this.#added || this.hasTooMany || this.room < 0;
  }
}

function isTooLarge(error: unknown): boolean {
  return (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
}

function faultOf(error: unknown, maxBytes: number): Fault {
  if (isTooLarge(error)) return tooLarge(maxBytes);
  return (error as { code?: string }).code === "Z_BUF_ERROR" ? CUT : NO_DEFLATE;
}

function tooLarge(maxBytes: number): Fault {
  return { code: FaultCode.tooLarge, why: `a message of more than ${maxBytes} bytes once it is inflated (option maxPayload)` };
}

const NO_DEFLATE: Fault = Object.freeze({
  code: FaultCode.badData,
  why: "compressed data that is no DEFLATE (RFC 7692 section 7.2.2)",
});
const CUT: Fault = Object.freeze({
  code: FaultCode.badData,
  why: "compressed data that ends within a block (RFC 7692 section 7.2.2)",
});
const TOO_MANY_FINAL_BLOCKS: Fault = Object.freeze({
  code: FaultCode.tooManyFragments,
  why: `a compressed message with more than ${MAX_FINAL_BLOCKS} final blocks`,
});
