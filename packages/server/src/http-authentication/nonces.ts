import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";

/** How many nonces are remembered that somebody has used: a dozen megabytes. */
const MAX_USED = 65_536;
/** How far behind its highest count one may be used: requests may overtake each other. */
const WINDOW = 64;
const ALL_OF_WINDOW = (1n << BigInt(WINDOW)) - 1n;
/** How many are looked at for each that comes, whether they can be forgotten. */
const LOOKED_AT = 2;

// What a nonce consists of, in bytes.
const TIME = 6;
const CHANCE = 8;
const SIGNATURE = 16;

/** What is to be thought of a nonce: ours, ours but too old, or somebody else's. */
export type NonceVerdict = "fresh" | "stale" | "forged";

/** Which counts of a nonce have been used. */
interface Used {
  readonly madeMs: number;
  highest: number;
  /** Of the counts up to the highest, the last as bit 0. */
  counts: bigint;
}

/**
 * Makes nonces that tell by themselves when they were made, and remembers what they were used for by those who knew a password:
 * nothing can be said twice. Whoever knows none makes it remember nothing.
 */
export class Nonces {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #max: number;
  readonly #used = new Map<string, Used>();
  /** Of those that were made until then nothing is known any more: all that are not remembered count as too old. */
  #forgottenMs = -1;

  constructor(clock: Clock, lifetimeMs: number, max = MAX_USED) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
    this.#max = max;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#used.size;
  }

  /** A new one. */
  make(): string {
    const bytes = Buffer.alloc(TIME + CHANCE + SIGNATURE);
    bytes.writeUIntBE(this.#now(), 0, TIME);
    randomBytes(CHANCE).copy(bytes, TIME);
    this.#sign(bytes).copy(bytes, TIME + CHANCE);
    return bytes.toString("base64url");
  }

  judge(nonce: string): NonceVerdict {
    const madeMs = this.#madeMs(nonce);
    if (madeMs === undefined) return "forged";
    return this.#isOver(madeMs) ? "stale" : "fresh";
  }

  /**
   * Uses it for the count-th time. To be called for those only who have proven to know the password.
   *
   * @returns false when that was done before, or nobody knows any more
   */
  use(nonce: string, count: number): boolean {
    const madeMs = this.#madeMs(nonce);
    if (madeMs === undefined || this.#isOver(madeMs)) return false;
    const used = this.#used.get(nonce);
    if (used) return take(used, count);
    if (madeMs <= this.#forgottenMs) return false;
    this.#makeRoom();
    this.#used.set(nonce, { madeMs, highest: count, counts: 1n });
    return true;
  }

  #makeRoom(): void {
    let looked = 0;
    for (const [oldest, { madeMs }] of this.#used) {
      const isOver = this.#isOver(madeMs);
      if (this.#used.size < this.#max && (looked++ === LOOKED_AT || !isOver)) return;
      this.#used.delete(oldest);
      if (!isOver) this.#forgottenMs = Math.max(this.#forgottenMs, madeMs);
    }
  }

  /** When it was made; undefined when it is none of ours. */
  #madeMs(nonce: string): number | undefined {
    const bytes = Buffer.from(nonce, "base64url");
    // One spelling only, or it could be used once in each.
    if (bytes.length !== TIME + CHANCE + SIGNATURE || bytes.toString("base64url") !== nonce) return undefined;
    return timingSafeEqual(this.#sign(bytes), bytes.subarray(TIME + CHANCE)) ? bytes.readUIntBE(0, TIME) : undefined;
  }

  #sign(bytes: Buffer): Buffer {
    return createHmac("sha256", this.#key)
      .update(bytes.subarray(0, TIME + CHANCE))
      .digest()
      .subarray(0, SIGNATURE);
  }

  #isOver(madeMs: number): boolean {
    return this.#now() - madeMs >= this.#lifetimeMs;
  }

  #now(): number {
    return Math.floor(this.#clock.now());
  }
}

function take(used: Used, count: number): boolean {
  const ahead = count - used.highest;
  if (ahead > 0) {
    used.counts = ahead < WINDOW ? ((used.counts << BigInt(ahead)) | 1n) & ALL_OF_WINDOW : 1n;
    used.highest = count;
    return true;
  }
  // Looked at first: of what lies far behind, the bit would be a number of gigabytes.
  if (-ahead >= WINDOW) return false;
  const bit = 1n << BigInt(-ahead);
  if ((used.counts & bit) !== 0n) return false;
  used.counts |= bit;
  return true;
}
