import type { Complete } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import { countedAs, isLocal } from "./ip.ts";
import { Recent } from "./recent.ts";

/** How long an address that tells wrong tokens has to wait before its next one is looked at. */
export interface GuessLimitOptions {
  /** Wrong tokens before it has to wait at all, 1 to 1,000,000. Default: 100. */
  free?: number | undefined;
  /** After how long one of them is forgotten, in milliseconds, 1 to 2,147,483,647. Default: 10,000. */
  forgetMs?: number | undefined;
  /** The first wait, in milliseconds, 1 to 3,600,000; after each further wrong token it is twice as long. Default: 1,000. */
  delayMs?: number | undefined;
  /** The longest wait, in milliseconds, 1 to 3,600,000, and not below `delayMs`. Default: 30,000. */
  maxDelayMs?: number | undefined;
}

/** The same, every option with its value. */
export interface GuessLimit extends Complete<GuessLimitOptions> {
  /** Whether addresses of private networks are counted, too. */
  readonly isForLocal: boolean;
}

/** What is known of an address that told wrong tokens. */
interface Suspect {
  /** How many, less those that are forgotten. */
  wrong: number;
  /** When `wrong` was counted. */
  atMs: number;
  /** Until when nothing is looked at. */
  untilMs: number;
  /** Whether a token is looked at, though more would have to wait if it is wrong. */
  isTrying: boolean;
}

/**
 * Who guesses tokens has to wait, the longer the more it guesses. Beyond what is free, one token of an address is looked at
 * at a time. Only a wrong one makes it wait, so that a right one of the same address waits for as long at most as the last
 * wrong one made it; and a right one makes nothing good, or whoever has one could guess for ever.
 */
export class Guesses {
  readonly #limit: GuessLimit;
  readonly #clock: Clock;
  readonly #suspects: Recent<Suspect>;
  /** More than that are not counted: with them the wait is the longest, and it has an end. */
  readonly #most: number;

  constructor(limit: GuessLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#most = limit.free + Math.ceil(Math.log2(limit.maxDelayMs / limit.delayMs));
    this.#suspects = new Recent((suspect) => this.#wrongNow(suspect) === 0 && suspect.untilMs <= clock.now());
  }

  /** Of how many addresses something is known. */
  get size(): number {
    return this.#suspects.size;
  }

  /** How long a token of this address has to wait, in milliseconds; 0: not at all. */
  waitMs(address: string): number {
    // Mostly nobody guesses.
    const suspect = this.#suspects.size > 0 ? this.#suspects.get(countedAs(address)) : undefined;
    if (!suspect) return 0;
    const waitMs = Math.max(0, suspect.untilMs - this.#clock.now());
    return waitMs === 0 && suspect.isTrying && this.#wrongNow(suspect) >= this.#limit.free ? this.#limit.delayMs : waitMs;
  }

  /** A token of this address is looked at, which does not have to wait. */
  begin(address: string): void {
    const suspect = this.#suspects.size > 0 ? this.#suspects.get(countedAs(address)) : undefined;
    if (suspect && this.#wrongNow(suspect) >= this.#limit.free) suspect.isTrying = true;
  }

  /** It has been looked at. */
  end(address: string, isWrong: boolean): void {
    if (!isWrong && this.#suspects.size === 0) return;
    const { free, delayMs, maxDelayMs, isForLocal } = this.#limit;
    if (address === "" || (!isForLocal && isLocal(address))) return;
    const key = countedAs(address);
    const suspect = this.#suspects.get(key);
    if (suspect) suspect.isTrying = false;
    if (!isWrong) return;
    const now = this.#clock.now();
    const wrong = Math.min((suspect ? this.#wrongNow(suspect) : 0) + 1, this.#most + 1);
    const untilMs = wrong > free ? now + Math.min(maxDelayMs, delayMs * 2 ** Math.ceil(wrong - free - 1)) : 0;
    // Those that were looked at together may come to different ends: the longest wait holds.
    this.#suspects.set(key, { wrong, atMs: now, untilMs: Math.max(untilMs, suspect?.untilMs ?? 0), isTrying: false });
  }

  #wrongNow({ wrong, atMs }: Suspect): number {
    return Math.max(0, wrong - (this.#clock.now() - atMs) / this.#limit.forgetMs);
  }
}
