/** How many are remembered at most: a few megabytes. */
const MAX_REMEMBERED = 65_536;
/** How many are looked at for each that comes, whether they can be forgotten. */
const LOOKED_AT = 2;

/**
 * Remembers something of each key for a while, bounded however many there are: who has more addresses than that is not
 * stopped by what is remembered of one. Those unheard of for longest are forgotten first. It needs no timer.
 */
export class Recent<V> {
  readonly #max: number;
  readonly #isOver: (value: V) => boolean;
  readonly #values = new Map<string, V>();

  /** @param isOver whether a value says nothing any more */
  constructor(isOver: (value: V) => boolean, max = MAX_REMEMBERED) {
    this.#isOver = isOver;
    this.#max = max;
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  /** Remembers it as the newest. */
  set(key: string, value: V): void {
    this.#values.delete(key);
    let looked = 0;
    for (const [oldest, old] of this.#values) {
      if (this.#values.size < this.#max && (looked++ === LOOKED_AT || !this.#isOver(old))) break;
      this.#values.delete(oldest);
    }
    this.#values.set(key, value);
  }
}
