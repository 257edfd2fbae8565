import { applyMask, readMask } from "./mask.ts";
import { FIN, MASKED, Opcode } from "./opcodes.ts";

/**
 * The commonest traffic: short texts of ASCII, masked, each whole in one frame, one behind the other in what was read.
 * Such a run is unmasked, decoded and cut up together, which costs a third of what it costs one by one.
 */

/** The largest payload whose length stands in the second byte. */
export const MAX_SHORT = 125;
const HEADER_BYTES = 6;
/** Bytes of a run, headers included. Each text that is cut out of it may hold on to so much memory, so it is little. */
const MAX_RUN_BYTES = 256;

/** Takes the masks off a run, in place; returns where it ends: at `start` when there is none. */
export function unmaskRun(chunk: Uint8Array, start: number): number {
  const limit = Math.min(chunk.length, start + MAX_RUN_BYTES);
  let at = start;
  while (at + HEADER_BYTES <= limit && chunk[at] === (FIN | Opcode.text)) {
    const second = chunk[at + 1] as number;
    const end = at + HEADER_BYTES + (second & ~MASKED);
    if (second < MASKED || second > (MASKED | MAX_SHORT) || end > limit) break;
    const seen = applyMask(chunk, at + HEADER_BYTES, end, readMask(chunk, at + 2), 0);
    if (seen & 0x80) {
      maskRun(chunk, at, end);
      break;
    }
    at = end;
  }
  return at;
}

/** Puts the masks of a run on again: as it came. */
export function maskRun(chunk: Uint8Array, start: number, end: number): void {
  for (let at = start, next = start; at < end; at = next) {
    next = endOfShort(chunk, at);
    applyMask(chunk, at + HEADER_BYTES, next, readMask(chunk, at + 2), 0);
  }
}

/** Where the payload of a run's frame begins. */
export function payloadOfShort(at: number): number {
  return at + HEADER_BYTES;
}

/** Where a run's frame ends. */
export function endOfShort(chunk: Uint8Array, at: number): number {
  return at + HEADER_BYTES + ((chunk[at + 1] as number) & ~MASKED);
}
