import { type SweepOptions, sweepPeriodMs, type WatchOptions } from "./sweeps.ts";

/** What lies before a ping may delay its answer: so much a second may be counted on, and for so long at the least. */
const SLOW_BYTES_PER_SECOND = 8_192;
const MAX_DELAY_MS = 30_000;
/** Over so many sweeps pings are spread, so that those who fell silent together are not all asked in one turn. */
const SPREAD = 4;

/** The times of the options, in sweeps. One for all connections. */
export class WatchRules {
  readonly beat: SweepOptions["beat"];
  readonly messageTimeoutMs: number;
  readonly periodMs: number;
  /** After how many sweeps without a byte a peer is asked, how many it then has, and those that a message has. */
  readonly askAfter: number;
  readonly answerWithin: number;
  readonly messageSweeps: number;
  /** Whether peers are asked all the time, so that the round trip is known, and each how many sweeps. */
  readonly isMeasuring: boolean;
  readonly pingEvery: number;
  readonly #maxDelayMs: number;
  #lot = 0;

  constructor(options: WatchOptions) {
    const { beat, messageTimeoutMs, stallTimeoutMs } = options;
    this.beat = beat;
    this.messageTimeoutMs = messageTimeoutMs;
    // Whoever gives slow readers more time than that means it.
    this.#maxDelayMs = Math.max(MAX_DELAY_MS, stallTimeoutMs);
    this.periodMs = sweepPeriodMs(options);
    // The first silent sweep may see almost a whole period less than there was.
    this.askAfter = beat ? Math.floor(beat.intervalMs / this.periodMs) - 1 : 0;
    this.answerWithin = beat ? this.#sweepsOf(beat.timeoutMs) : 0;
    this.messageSweeps = messageTimeoutMs > 0 ? this.#sweepsOf(messageTimeoutMs) : 0;
    this.isMeasuring = beat?.mode === "latency";
    this.pingEvery = beat ? Math.floor(beat.intervalMs / this.periodMs) : 0;
  }

  /** Whether it is a peer's turn to be asked, which was silent for so many sweeps: of many, each sweep asks an equal part. */
  isDue(quiet: number): boolean {
    const left = this.askAfter - quiet;
    if (left <= 0) return true;
    return left < Math.min(SPREAD, this.askAfter / 4) && this.#lot++ % (left + 1) === left;
  }

  /** After how many sweeps a new peer is first asked, to measure: of many that come at once, each sweep asks an equal part. */
  firstPing(): number {
    return this.isMeasuring ? 1 + (this.#lot++ % this.pingEvery) : 0;
  }

  /** How many sweeps a peer has to answer that may not have read so many bytes yet. */
  answerWithinBehind(bytes: number): number {
    return this.answerWithin + Math.floor(this.delayBehindMs(bytes) / this.periodMs);
  }

  /** How much longer an answer may take that lies behind so many bytes, in milliseconds. */
  delayBehindMs(bytes: number): number {
    return Math.min((bytes / SLOW_BYTES_PER_SECOND) * 1_000, this.#maxDelayMs);
  }

  #sweepsOf(ms: number): number {
    return Math.ceil(ms / this.periodMs - 1e-6);
  }
}
