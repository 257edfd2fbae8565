import { constants, deflateRaw, deflateRawSync, type ZlibOptions } from "node:zlib";
import type { Direction } from "./agreement.ts";
import { zlibGate } from "./gate.ts";
import { Window } from "./window.ts";

/** What compressed data ends with after a flush, and what is left out (RFC 7692 section 7.2.1). */
const TAIL_BYTES = 4;

/** Compresses some bytes for whoever keeps no context; undefined when that gains nothing. */
export function deflateOnce(payload: Buffer, windowBits: number, level: number): Buffer | undefined {
  return shorter(deflateRawSync(payload, optionsOf(windowBits, level, undefined)), payload);
}

/** Compresses what one connection sends, message by message. */
export class Deflater {
  readonly windowBits: number;
  readonly level: number;
  readonly #window: Window | undefined;

  constructor({ keepsContext, windowBits }: Direction, level: number) {
    this.windowBits = windowBits;
    this.level = level;
    this.#window = keepsContext ? new Window(windowBits) : undefined;
  }

  /** Whether messages refer to those before them, so that what goes to many cannot be compressed once. */
  get keepsContext(): boolean {
    return this.#window !== undefined;
  }

  /** Compresses at once; undefined when that gains nothing. */
  deflate(payload: Buffer): Buffer | undefined {
    return this.#end(deflateRawSync(payload, this.#options), payload);
  }

  /** Compresses in another thread. Until it is done, no other may be begun. */
  deflateLater(payload: Buffer, done: (deflated: Buffer | undefined) => void): void {
    zlibGate.enter((leave) => {
      deflateRaw(payload, this.#options, (error, deflated) => {
        leave();
        done(error ? undefined : this.#end(deflated, payload));
      });
    });
  }

  get #options(): ZlibOptions {
    return optionsOf(this.windowBits, this.level, this.#window?.bytes);
  }

  #end(deflated: Buffer, payload: Buffer): Buffer | undefined {
    const result = shorter(deflated, payload);
    // Only what leaves compressed is context.
    if (result) this.#window?.add(payload);
    return result;
  }
}

function optionsOf(windowBits: number, level: number, dictionary: Buffer | undefined): ZlibOptions {
  return { windowBits, level, finishFlush: constants.Z_SYNC_FLUSH, ...(dictionary && { dictionary }) };
}

function shorter(deflated: Buffer, payload: Buffer): Buffer | undefined {
  const bytes = deflated.length - TAIL_BYTES;
  return bytes > 0 && bytes < payload.length ? deflated.subarray(0, bytes) : undefined;
}
