import type { Complete } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { HeartbeatOptions } from "./options.ts";

/** One connection, as the sweeps see it. */
export interface SweptPeer {
  readonly watch: Watch;
}

/** What looks at one connection. */
export interface Watch {
  /** Says whether something seems wrong with it. */
  look(): boolean;
  /** Everything readable has been read since: acts upon what is still wrong. */
  judge(): void;
}

/** What the sweeps look for. */
export interface SweepOptions {
  /** Undefined: they do not look for silent peers. */
  readonly beat: Complete<HeartbeatOptions> | undefined;
  /** 0: they do not look for messages that do not end. */
  readonly messageTimeoutMs: number;
}

/** What the rules need besides. */
export interface WatchOptions extends SweepOptions {
  /** How long a peer may take nothing of what waits for it: `sendQueue.stallTimeoutMs`. */
  readonly stallTimeoutMs: number;
}

/** The shortest of the times is divided in so many sweeps: the more, the sooner is found what is to be found. */
const SWEEPS = 5;
/** However short the times: sweeps are not all that this process does. */
const MIN_PERIOD_MS = 10;

/** How many milliseconds there are from one sweep to the next; 0: there are none. */
export function sweepPeriodMs({ beat, messageTimeoutMs }: SweepOptions): number {
  const times = [beat?.intervalMs, beat?.timeoutMs, messageTimeoutMs].filter((ms) => ms !== undefined && ms > 0) as number[];
  return times.length > 0 ? Math.max(MIN_PERIOD_MS, Math.min(...times) / SWEEPS) : 0;
}

/**
 * Looks at all connections again and again, with one timer for all. Whoever is looked at counts sweeps, not time: while this
 * process stood still no peer could be heard, and that is one sweep, however long it was.
 *
 * @param periodMs 0: never
 * @returns what stops it
 */
export function startSweeps(peers: () => Iterable<SweptPeer>, periodMs: number, clock: Clock): () => void {
  if (periodMs === 0) return () => {};
  let isStopped = false;
  let cancel = (): void => {};

  function plan(): void {
    cancel = clock.after(periodMs, sweep);
  }

  function sweep(): void {
    plan();
    const suspects: Watch[] = [];
    for (const { watch } of peers()) if (watch.look()) suspects.push(watch);
    // What a blocked event loop has not read yet is no silence.
    if (suspects.length > 0) clock.afterReads(() => suspects.forEach(judge));
  }

  function judge(suspect: Watch): void {
    if (!isStopped) suspect.judge();
  }

  plan();
  return () => {
    isStopped = true;
    cancel();
  };
}
