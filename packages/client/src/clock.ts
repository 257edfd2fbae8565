/** Time and chance, injected so that tests decide both. */
export interface Clock {
  /** A steady count of milliseconds; it never goes back. */
  now(): number;
  /** Starts a timer and returns what stops it. */
  after(delayMs: number, run: () => void): () => void;
  /** A number from 0 up to, not including, 1. */
  random(): number;
}

/** The real ones. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
