/** Counts what is held under a key: connections of an address, or of a user. It keeps nothing of who holds nothing. */
export class Places<K> {
  readonly #counts = new Map<K, number>();
  readonly #keys = new Map<object, K>();

  /** `holder` holds one more from now on; returns how many are held under this key. */
  enter(holder: object, key: K): number {
    const count = this.of(key) + 1;
    this.#keys.set(holder, key);
    this.#counts.set(key, count);
    return count;
  }

  /** It holds nothing any more. Nothing happens where it never did. */
  leave(holder: object): void {
    if (!this.#keys.has(holder)) return;
    const key = this.#keys.get(holder) as K;
    this.#keys.delete(holder);
    const count = this.of(key) - 1;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }

  /** How many are held under a key. */
  of(key: K): number {
    return this.#counts.get(key) ?? 0;
  }

  /** How many keys something is held under. */
  get size(): number {
    return this.#counts.size;
  }
}
