/** The last bytes of what went one way, to which later messages may refer (RFC 7692 section 7.1.1). */
export class Window {
  readonly #size: number;
  #bytes: Buffer | undefined;

  /** @param bits the base-2 logarithm of how many bytes are kept */
  constructor(bits: number) {
    this.#size = 2 ** bits;
  }

  /** What is kept, for zlib; undefined when nothing is. */
  get bytes(): Buffer | undefined {
    return this.#bytes;
  }

  /** Adds what has gone. */
  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const kept = this.#bytes ?? Buffer.alloc(0);
    const from = Math.min(kept.length, Math.max(0, kept.length + bytes.length - this.#size));
    const last = bytes.subarray(Math.max(0, bytes.length - this.#size));
    // Memory of its own: neither a message nor a pool is held by it.
    const joined = Buffer.allocUnsafeSlow(kept.length - from + last.length);
    kept.copy(joined, 0, from);
    last.copy(joined, joined.length - last.length);
    this.#bytes = joined;
  }
}
