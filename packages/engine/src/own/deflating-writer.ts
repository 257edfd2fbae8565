import { type Deflater, deflateOnce } from "../compression/deflater.ts";
import type { OutgoingMessage } from "../engine.ts";
import { FIN, Opcode, RSV1 } from "../frames/opcodes.ts";
import { PreparedFrame } from "./outgoing-frames.ts";
import type { Writer } from "./writer.ts";

/** Up to so many bytes compressing takes less than a millisecond; more is left to another thread. */
const MAX_BYTES_AT_ONCE = 32_768;

/** What waits for a message that is being compressed. */
interface Waiting {
  readonly bytes: number;
  go(): void;
}

/** Compresses what one connection sends, and keeps the order while another thread does it. */
export class DeflatingWriter {
  readonly #writer: Writer;
  readonly #deflater: Deflater;
  readonly #threshold: number;
  /** Bytes that another thread is compressing. */
  #underWay = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isOver = false;

  /** @param threshold smaller messages leave as they are, in bytes */
  constructor(writer: Writer, deflater: Deflater, threshold: number) {
    this.#writer = writer;
    this.#deflater = deflater;
    this.#threshold = threshold;
  }

  /** Whether another thread is at work, so that what is sent waits. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Bytes that wait here, before they are compressed. */
  get size(): number {
    return this.#underWay + this.#waitingBytes;
  }

  /** Sends a message; bytes are copied. */
  send(message: OutgoingMessage): void {
    if (!this.isBusy) return void this.#send(message, false);
    const kept = message instanceof Uint8Array ? Buffer.from(message) : message;
    const bytes = typeof kept === "string" ? Buffer.byteLength(kept) : "bytes" in kept ? kept.bytes : kept.byteLength;
    this.#wait({ bytes, go: () => this.#send(kept, true) });
  }

  /** Does something once all that was sent before has gone to the writer. */
  after(go: () => void): void {
    if (this.isBusy) this.#wait({ bytes: 0, go });
    else go();
  }

  /** The connection is gone: what waits leaves no more. */
  end(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes;
  }

  /** @param isOurs whether nobody else will change its bytes */
  #send(message: OutgoingMessage, isOurs: boolean): void {
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
    this.#writer.sendPrepared(message.compressed(windowBits, level, deflateOnce));
  }

  #deflate(first: number, payload: Buffer, isOurs: boolean): void {
    if (payload.byteLength < this.#threshold) return void this.#writer.sendFrame(first, payload, payload.byteLength);
    if (payload.byteLength <= MAX_BYTES_AT_ONCE) return void this.#deflated(first, payload, this.#deflater.deflate(payload));
    const kept = isOurs ? payload : Buffer.from(payload);
    this.#underWay = kept.byteLength;
    this.#deflater.deflateLater(kept, (deflated) => {
      this.#underWay = 0;
      if (this.#isOver) return;
      this.#deflated(first, kept, deflated);
      while (!this.isBusy && this.#waiting.length > 0) {
        const { bytes, go } = this.#waiting.shift() as Waiting;
        this.#waitingBytes -= bytes;
        go();
      }
    });
  }

  #deflated(first: number, payload: Buffer, deflated: Buffer | undefined): void {
    if (deflated) this.#writer.sendFrame(first | RSV1, deflated, payload.byteLength);
    else this.#writer.sendFrame(first, payload, payload.byteLength);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
