import { headerBytes, judgeSecond, lengthBytes, MAX_HEADER_BYTES, payloadLength } from "./header.ts";
import { applyMask, readMask } from "./mask.ts";
import { type Fault, MASKED } from "./opcodes.ts";
import { endOfShort, maskRun, payloadOfShort, unmaskRun } from "./text-run.ts";

/**
 * Reads frames (RFC 6455 section 5.2) from chunks that are cut anywhere. It knows headers and masks; what frames mean is
 * the business of who extends it. The chunks are its own: payloads are unmasked in place.
 *
 * Between two frames it may be paused or ended from within any of the methods that it calls.
 */
export abstract class FrameReader {
  readonly #isMasked: boolean;
  #state: "reading" | "paused" | "over" = "reading";
  /** Whether `read` is on the stack. */
  #isBusy = false;
  /** What waits while paused. */
  #rest: Buffer | undefined;
  /** How far the chunk is read. */
  #at = 0;
  /** A header whose bytes have not all come. */
  #header: Uint8Array | undefined;
  #headerLength = 0;
  /** The payload under way: bytes that are missing, its mask, and where in the mask it stands. */
  #missing = 0;
  #key = 0;
  #offset = 0;

  /** @param isMasked whether frames must be masked: those of clients; else they must not */
  constructor(isMasked: boolean) {
    this.#isMasked = isMasked;
  }

  /** Judges a frame's first byte, as soon as it is there. */
  protected abstract judgeFirst(first: number): Fault | undefined;
  /** Judges a payload's length, as soon as that is there. */
  protected abstract judgeLength(first: number, length: number): Fault | undefined;
  /**
   * A frame whose payload is there whole, unmasked.
   *
   * @param seen all its bytes or-ed together, in its lowest eight bits: without 0x80 they are ASCII, 0xff says nothing
   */
  protected abstract frame(first: number, bytes: Buffer, start: number, end: number, seen: number): void;
  /** Whether short texts may be read in runs: no message is under way, and nothing but their bytes matters. */
  protected abstract get readsRuns(): boolean;
  /** A whole message, of ASCII. */
  protected abstract shortText(text: string): void;
  /** A frame begins whose payload comes in pieces. */
  protected abstract begin(first: number, length: number): Fault | undefined;
  /** A piece of it, unmasked; the last when nothing is `missing`. */
  protected abstract piece(bytes: Buffer, start: number, end: number, missing: number): void;
  /** The peer broke a rule: nothing more is read. */
  protected abstract broken(fault: Fault): void;

  /** Whether it takes in what comes. */
  get isReading(): boolean {
    return this.#state === "reading";
  }

  /** The bytes of a header that is not complete. */
  protected get cutHeader(): Uint8Array | undefined {
    return this.#header;
  }

  /** Takes in what was read. While paused it waits. */
  read(chunk: Buffer): void {
    if (this.#state === "over") return;
    const waiting = this.#rest;
    this.#rest = waiting ? Buffer.concat([waiting, chunk]) : chunk;
    this.#goOn();
  }

  /** Nothing more is told until `resume`. */
  pause(): void {
    if (this.#state === "reading") this.#state = "paused";
  }

  /** Goes on with what waits: after a pause, or after a throw. */
  resume(): void {
    if (this.#state === "over") return;
    this.#state = "reading";
    this.#goOn();
  }

  /** Whether something waits that could be read: one of the methods that it calls has thrown. */
  get isInterrupted(): boolean {
    return this.#rest !== undefined && this.#state === "reading";
  }

  /** Reads nothing more, and forgets what waits. */
  end(): void {
    this.#state = "over";
    this.#rest = undefined;
    this.#header = undefined;
  }

  #goOn(): void {
    // From within a call of its own: the loop below sees to it.
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#rest && this.#state === "reading") this.#readChunk(this.#rest);
    } finally {
      this.#isBusy = false;
    }
  }

  #readChunk(chunk: Buffer): void {
    this.#rest = undefined;
    this.#at = 0;
    try {
      while (this.#at < chunk.length && this.#state === "reading") {
        if (this.#missing > 0) this.#readPayload(chunk);
        else if (!this.#readRun(chunk)) this.#readHeader(chunk);
      }
    } finally {
      // A pause, or a throw, in the middle of a chunk keeps what follows; and what was read meanwhile comes behind it.
      if (this.#at < chunk.length && this.#state !== "over") this.#keep(chunk.subarray(this.#at));
    }
  }

  /** Reads a run of short texts, if one begins here. */
  #readRun(chunk: Buffer): boolean {
    if (this.#header || !this.#isMasked || !this.readsRuns) return false;
    const start = this.#at;
    const end = unmaskRun(chunk, start);
    if (end === start) return false;
    const run = chunk.toString("latin1", start, end);
    try {
      for (let at = start; at < end && this.#state === "reading" && this.readsRuns; at = this.#at) {
        this.#at = endOfShort(chunk, at);
        this.shortText(run.slice(payloadOfShort(at) - start, this.#at - start));
      }
    } finally {
      // What was not told waits as it came.
      if (this.#at < end) maskRun(chunk, this.#at, end);
    }
    return true;
  }

  #keep(rest: Buffer): void {
    this.#rest = this.#rest ? Buffer.concat([rest, this.#rest]) : rest;
  }

  #readHeader(chunk: Buffer): void {
    if (this.#header) return void this.#completeHeader(chunk, this.#header);
    const at = this.#at;
    const available = chunk.length - at;
    const first = chunk[at] as number;
    const second = chunk[at + 1] as number;
    const fault = this.judgeFirst(first) ?? (available > 1 ? judgeSecond(first, second, this.#isMasked) : undefined);
    if (fault) return void this.#break(fault);
    if (available > 1 && available >= headerBytes(second))
      return void this.#takeHeader(chunk, at, chunk, at + headerBytes(second));
    this.#header = new Uint8Array(MAX_HEADER_BYTES);
    this.#headerLength = 0;
    this.#completeHeader(chunk, this.#header);
  }

  /** A header that comes in pieces: byte by byte, since each may prove a fault before the next one comes. */
  #completeHeader(chunk: Buffer, header: Uint8Array): void {
    while (this.#at < chunk.length) {
      header[this.#headerLength++] = chunk[this.#at++] as number;
      const [first, second] = header as unknown as [number, number];
      if (this.#headerLength === 1) continue;
      if (this.#headerLength === 2) {
        const fault = judgeSecond(first, second, this.#isMasked);
        if (fault) return void this.#break(fault);
      }
      if (this.#headerLength === lengthBytes(second)) {
        const length = payloadLength(header, 0);
        const fault = typeof length === "number" ? this.judgeLength(first, length) : length;
        if (fault) return void this.#break(fault);
      }
      if (this.#headerLength === headerBytes(second)) {
        this.#header = undefined;
        return void this.#takeHeader(header, 0, chunk, this.#at);
      }
    }
  }

  #takeHeader(header: Uint8Array, from: number, chunk: Buffer, start: number): void {
    const first = header[from] as number;
    const length = payloadLength(header, from);
    if (typeof length !== "number") return void this.#break(length);
    const key = (header[from + 1] as number) & MASKED ? readMask(header, from + headerBytes(header[from + 1] as number) - 4) : 0;
    const end = start + length;
    if (end <= chunk.length) {
      this.#at = end;
      const seen = key === 0 ? 0xff : applyMask(chunk, start, end, key, 0);
      return void this.frame(first, chunk, start, end, seen);
    }
    this.#at = start;
    const fault = this.begin(first, length);
    if (fault) return void this.#break(fault);
    this.#missing = length;
    this.#key = key;
    this.#offset = 0;
  }

  #readPayload(chunk: Buffer): void {
    const start = this.#at;
    const end = Math.min(chunk.length, start + this.#missing);
    if (this.#key !== 0) applyMask(chunk, start, end, this.#key, this.#offset);
    this.#offset = (this.#offset + end - start) & 3;
    this.#missing -= end - start;
    this.#at = end;
    this.piece(chunk, start, end, this.#missing);
  }

  #break(fault: Fault): void {
    this.end();
    this.broken(fault);
  }
}
