/** The first capacity in bytes; below it, growing would cost more than it saves. */
const MIN_CAPACITY = 64;

/**
 * The payload of a message that is not complete, in one buffer that grows as bytes come: what a peer declares reserves
 * nothing, and many small pieces hold no more memory than twice their bytes.
 */
export class Assembly {
  #buffer: Buffer | undefined;
  #length = 0;

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /**
   * Adds a piece.
   *
   * @param coming how many bytes are known to follow at most; the buffer does not grow beyond them
   */
  add(bytes: Buffer, start: number, end: number, coming: number): void {
    if (start === end) return;
    const needed = this.#length + end - start;
    const capacity = this.#buffer?.length ?? 0;
    if (needed > capacity) this.#grow(Math.max(needed, Math.min(Math.max(capacity * 2, MIN_CAPACITY), needed + coming)));
    bytes.copy(this.#buffer as Buffer, this.#length, start, end);
    this.#length = needed;
  }

  /** All bytes so far, in memory of their own, which nobody else holds. */
  take(): Buffer {
    const buffer = this.#buffer;
    if (!buffer) return Buffer.alloc(0);
    return buffer.length === this.#length ? buffer : exact(buffer, this.#length, this.#length);
  }

  /** All bytes so far, to be read at once and not kept. */
  peek(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  #grow(capacity: number): void {
    this.#buffer = this.#buffer ? exact(this.#buffer, this.#length, capacity) : Buffer.allocUnsafeSlow(capacity);
  }
}

function exact(from: Buffer, length: number, capacity: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(capacity);
  from.copy(grown, 0, 0, length);
  return grown;
}
