/** Time, injected so that tests decide it. */
export interface Clock {
  /** A steady count of milliseconds; it never goes back. */
  now(): number;
  /** Milliseconds since 1970, which may jump. */
  date(): number;
  /** Starts a timer and returns what stops it. */
  after(delayMs: number, run: () => void): () => void;
  /** Runs once every socket that had something to read has been read: what a blocked event loop left behind included. */
  afterReads(run: () => void): void;
}

/** The real one. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  date: () => Date.now(),
  after(delayMs: number, run: () => void): () => void {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  // Immediates run after the poll phase; the second turn is for sockets with more than one read waiting.
  afterReads: (run: () => void): void => void setImmediate(() => setImmediate(run)),
});

const DONE = Promise.resolve();

/**
 * The date, looked at once for all that is done in one go, until promises have their turn: to ask the system costs as much
 * as to read a message.
 */
export function coarseDate(clock: Clock): () => number {
  let date: number | undefined;
  const forget = (): void => {
    date = undefined;
  };
  return () => {
    if (date === undefined) {
      date = clock.date();
      void DONE.then(forget);
    }
    return date;
  };
}
