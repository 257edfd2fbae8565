import { randomFillSync } from "node:crypto";
import type { PreparedMessage } from "../engine.ts";
import { MAX_HEADER_BYTES, plainHeaderBytes, writeHeader } from "../frames/header.ts";
import { applyMask } from "../frames/mask.ts";
import { FIN, MASKED, Opcode, RSV1 } from "../frames/opcodes.ts";
import { SLAB_BYTES, type Slab, type SlabUser } from "../frames/slab.ts";

/** Larger frames leave by themselves: to gather them would cost more than it saves. */
export const MAX_GATHERED_BYTES = SLAB_BYTES / 4;
/** So many bytes of UTF-8 can a UTF-16 code unit become. */
const MAX_BYTES_OF_UNIT = 3;
/** Texts up to this length are written quicker by hand than by a call into Node. */
const WRITTEN_BY_HAND = 24;

/** A message framed once, as a server sends it. */
export class PreparedFrame implements PreparedMessage {
  readonly bytes: number;
  readonly frame: Buffer;
  /** The same compressed, for each way to compress that was asked for; itself where that gains nothing. */
  #compressed: Map<number, PreparedFrame> | undefined;

  readonly #payloadBytes: number;

  /** @param bytes what it counts for */
  constructor(first: number, payload: Uint8Array, bytes = payload.length) {
    this.bytes = bytes;
    this.#payloadBytes = payload.length;
    this.frame = wholeFrame(first, payload, false);
  }

  /** The first byte of its header. */
  get first(): number {
    return this.frame[0] as number;
  }

  /** What it says, within the frame. */
  get payload(): Buffer {
    return this.frame.subarray(this.frame.length - this.#payloadBytes);
  }

  /** The same, compressed once for all who can read it so. */
  compressed(windowBits: number, level: number, deflate: Deflate): PreparedFrame {
    const key = windowBits * 16 + level;
    let made = this.#compressed?.get(key);
    if (!made) {
      const deflated = deflate(this.payload, windowBits, level);
      made = deflated ? new PreparedFrame(this.first | RSV1, deflated, this.bytes) : this;
      this.#compressed ??= new Map();
      this.#compressed.set(key, made);
    }
    return made;
  }
}

/** Compresses bytes; undefined when that gains nothing. */
type Deflate = (payload: Buffer, windowBits: number, level: number) => Buffer | undefined;

/** Frames a message once, for any number of receivers. */
export function prepareFrame(message: string | Uint8Array): PreparedFrame {
  if (typeof message === "string") return new PreparedFrame(FIN | Opcode.text, Buffer.from(message));
  return new PreparedFrame(FIN | Opcode.binary, message);
}

/** What a frame with so many bytes of payload has in all. */
export function frameBytes(payload: number, isMasked: boolean): number {
  return plainHeaderBytes(payload) + (isMasked ? 4 : 0) + payload;
}

/** Whether a text is sure to fit into the slab. */
export function fitsSlab(text: string): boolean {
  return text.length * MAX_BYTES_OF_UNIT + MAX_HEADER_BYTES <= MAX_GATHERED_BYTES;
}

/**
 * Writes a text's frame into the slab.
 *
 * @param text one that `fitsSlab`
 * @returns its bytes of UTF-8
 */
export function gatherText(slab: Slab, user: SlabUser, text: string, isMasked: boolean): number {
  const buffer = slab.reserve(user, text.length * MAX_BYTES_OF_UNIT + MAX_HEADER_BYTES);
  const start = slab.end;
  const mask = isMasked ? 4 : 0;
  // Most texts are ASCII: written where its payload would then begin, it seldom has to be moved.
  const guess = start + plainHeaderBytes(text.length) + mask;
  const bytes = writeText(buffer, text, guess);
  const begin = start + plainHeaderBytes(bytes) + mask;
  if (begin !== guess) buffer.copyWithin(begin, guess, guess + bytes);
  writeHeader(buffer, start, FIN | Opcode.text, bytes, isMasked ? MASKED : 0);
  if (isMasked) maskPayload(buffer, begin, begin + bytes);
  slab.commit(begin + bytes);
  return bytes;
}

/** Writes a text as UTF-8, and says how many bytes it took. */
function writeText(buffer: Buffer, text: string, start: number): number {
  const { length } = text;
  if (length > WRITTEN_BY_HAND) return buffer.write(text, start, "utf8");
  let seen = 0;
  let index = 0;
  // Four at a time: it is the dearest loop of all that is sent.
  for (; index < length - 3; index += 4) {
    const first = text.charCodeAt(index);
    const second = text.charCodeAt(index + 1);
    const third = text.charCodeAt(index + 2);
    const fourth = text.charCodeAt(index + 3);
    buffer[start + index] = first;
    buffer[start + index + 1] = second;
    buffer[start + index + 2] = third;
    buffer[start + index + 3] = fourth;
    seen |= first | second | third | fourth;
  }
  for (; index < length; index++) {
    const unit = text.charCodeAt(index);
    buffer[start + index] = unit;
    seen |= unit;
  }
  return seen > 0x7f ? buffer.write(text, start, "utf8") : length;
}

/** Writes a frame of at most `MAX_GATHERED_BYTES` of payload into the slab. */
export function gatherBytes(slab: Slab, user: SlabUser, first: number, payload: Uint8Array, isMasked: boolean): void {
  const buffer = slab.reserve(user, payload.length + MAX_HEADER_BYTES);
  slab.commit(writeFrame(buffer, slab.end, first, payload, isMasked));
}

/** Copies a frame into the slab. */
export function gatherFrame(slab: Slab, user: SlabUser, frame: Uint8Array): void {
  const buffer = slab.reserve(user, frame.length);
  buffer.set(frame, slab.end);
  slab.commit(slab.end + frame.length);
}

/** A frame in memory of its own. */
export function wholeFrame(first: number, payload: Uint8Array, isMasked: boolean): Buffer {
  const frame = Buffer.allocUnsafeSlow(frameBytes(payload.length, isMasked));
  writeFrame(frame, 0, first, payload, isMasked);
  return frame;
}

function writeFrame(target: Buffer, start: number, first: number, payload: Uint8Array, isMasked: boolean): number {
  const header = writeHeader(target, start, first, payload.length, isMasked ? MASKED : 0);
  const begin = isMasked ? header + 4 : header;
  target.set(payload, begin);
  if (isMasked) maskPayload(target, begin, begin + payload.length);
  return begin + payload.length;
}

/** Masks must be unpredictable (RFC 6455 section 10.3): fresh random bits, fetched for many at a time. */
const masks = Buffer.alloc(8_192);
let nextMask = masks.length;

function maskPayload(target: Buffer, begin: number, end: number): void {
  if (nextMask === masks.length) {
    randomFillSync(masks);
    nextMask = 0;
  }
  const key = masks.readInt32BE(nextMask);
  nextMask += 4;
  target.writeInt32BE(key, begin - 4);
  applyMask(target, begin, end, key, 0);
}
