/** Its bytes; also what one flush may leave behind for a connection whose peer does not read. */
export const SLAB_BYTES = 65_536;
/** So many segments are written out at once, without waiting for the turn's end: who came first shall not wait for all. */
const MAX_SEGMENTS = 32;

/** Whose frames are gathered. */
export interface SlabUser {
  /**
   * Writes bytes out.
   *
   * @returns false when they must stay as they are, since not all of them have left
   */
  writeOut(bytes: Buffer): boolean;
  /** The turn ends, and all of it has been written out: now others may be told. */
  wroteOut(): void;
}

/**
 * Frames of all connections, gathered in one buffer and written out once a turn of the event loop. What a connection adds
 * in a row leaves in one write.
 */
export class Slab {
  #buffer: Buffer | undefined;
  #end = 0;
  readonly #users: SlabUser[] = [];
  /** Where each user's segment begins; it ends where the next one begins. */
  readonly #starts: number[] = [];
  /** Those whose bytes were written out in this turn, perhaps more than once. */
  #told: SlabUser[] = [];
  #isPlanned = false;
  readonly #endTurn = (): void => {
    this.#isPlanned = false;
    this.flush();
    const told = this.#told;
    this.#told = [];
    for (const user of told) user.wroteOut();
  };

  /** Where a reserved place begins. */
  get end(): number {
    return this.#end;
  }

  /**
   * Makes room for one user's next bytes, at `end` of the buffer that is returned. What was written there counts once it is
   * committed.
   *
   * @param bytes SLAB_BYTES at most
   */
  reserve(user: SlabUser, bytes: number): Buffer {
    if (this.#end + bytes > SLAB_BYTES) this.flush();
    const count = this.#users.length;
    if (count === 0 || this.#users[count - 1] !== user) {
      if (count === MAX_SEGMENTS) this.flush();
      this.#users.push(user);
      this.#starts.push(this.#end);
      this.#plan();
    }
    this.#buffer ??= Buffer.allocUnsafeSlow(SLAB_BYTES);
    return this.#buffer;
  }

  /** Takes what was written up to `end`. */
  commit(end: number): void {
    this.#end = end;
  }

  /** Writes out all that is gathered, so that a user may write by itself; calls its `wroteOut` at the end of the turn. */
  flushBefore(user: SlabUser): void {
    this.flush();
    this.#told.push(user);
    this.#plan();
  }

  /** Writes out all that is gathered. */
  flush(): void {
    const buffer = this.#buffer;
    if (!buffer || this.#users.length === 0) return;
    const users = this.#users.splice(0);
    const starts = this.#starts.splice(0);
    starts.push(this.#end);
    // Whoever sends meanwhile begins anew, in a buffer that nobody reads from.
    this.#buffer = undefined;
    this.#end = 0;
    let isFree = true;
    for (let index = 0; index < users.length; index++) {
      const user = users[index] as SlabUser;
      const segment = buffer.subarray(starts[index], starts[index + 1]);
      if (segment.length > 0 && !user.writeOut(segment)) isFree = false;
      if (this.#told[this.#told.length - 1] !== user) this.#told.push(user);
    }
    if (isFree) this.#buffer ??= buffer;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#endTurn);
  }
}
