import { type Deflater, deflateOnce } from "../compression/deflater.ts";
import type { OutgoingMessage } from "../engine.ts";
import { FIN, Opcode, RSV1 } from "../frames/opcodes.ts";
import { PreparedFrame } from "./outgoing-frames.ts";
import type { SendOrder } from "./send-order.ts";
import type { Writer } from "./writer.ts";

/** Up to so many bytes compressing takes less than a millisecond; more is left to another thread. */
const MAX_BYTES_AT_ONCE = 32_768;
/** Beyond so much that waits for that thread, messages are sent as they are until it has caught up. */
const MAX_WAITING_BYTES = 1_048_576;
/** The window that nearly everybody agrees on. */
const USUAL_BITS = 15;

/** Compresses what one connection sends, and keeps the order while another thread does it. */
export class DeflatingWriter {
  readonly #writer: Writer;
  readonly #deflater: Deflater;
  readonly #threshold: number;
  readonly #order: SendOrder;
  /** Bytes that another thread is compressing. */
  #underWay = 0;
  #isOver = false;

  /** @param threshold smaller messages leave as they are, in bytes */
  constructor(writer: Writer, deflater: Deflater, threshold: number, order: SendOrder) {
    this.#writer = writer;
    this.#deflater = deflater;
    this.#threshold = threshold;
    this.#order = order;
  }

  /** Bytes that another thread is compressing. */
  get size(): number {
    return this.#underWay;
  }

  /** The connection is gone: what is under way leaves no more. */
  end(): void {
    this.#isOver = true;
  }

  /**
   * Sends a message; bytes are copied.
   *
   * @param isOurs whether nobody else will change them
   */
  send(message: OutgoingMessage, isOurs: boolean): void {
    if (typeof message === "string") {
      if (message.length * 3 < this.#threshold) return void this.#writer.sendText(message);
      this.#deflate(FIN | Opcode.text, Buffer.from(message), true);
    } else if (message instanceof PreparedFrame) this.#sendPrepared(message);
    else this.#deflate(FIN | Opcode.binary, asBuffer(message as Uint8Array), isOurs);
  }

  #sendPrepared(message: PreparedFrame): void {
    if (message.bytes < this.#threshold && !this.#writer.isMasked) return void this.#writer.sendPrepared(message);
    const { keepsContext, windowBits, level } = this.#deflater;
    if (keepsContext || this.#writer.isMasked) return void this.#deflate(message.first, message.payload, true);
    // For many it is compressed here and now, but once: not for each window that somebody may have asked for.
    if (windowBits !== USUAL_BITS && message.bytes > MAX_BYTES_AT_ONCE) return void this.#writer.sendPrepared(message);
    this.#writer.sendPrepared(message.compressed(windowBits, level, deflateOnce));
  }

  #deflate(first: number, payload: Buffer, isOurs: boolean): void {
    // When more waits than another thread can keep up with, to send it as it is is better than to let it wait.
    if (payload.length < this.#threshold || this.#order.bytes > MAX_WAITING_BYTES)
      return void this.#writer.sendFrame(first, payload, payload.length);
    if (payload.length <= MAX_BYTES_AT_ONCE) return void this.#deflated(first, payload, this.#deflater.deflate(payload));
    const kept = isOurs ? payload : Buffer.from(payload);
    this.#underWay = kept.length;
    this.#order.hold(true);
    this.#deflater.deflateLater(kept, (deflated) => {
      this.#underWay = 0;
      if (this.#isOver) return;
      this.#deflated(first, kept, deflated);
      this.#order.release();
    });
  }

  #deflated(first: number, payload: Buffer, deflated: Buffer | undefined): void {
    if (deflated) this.#writer.sendFrame(first | RSV1, deflated, payload.length);
    else this.#writer.sendFrame(first, payload, payload.length);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
