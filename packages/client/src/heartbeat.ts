import type { Complete } from "@websockets-simple/shared";

/** When a client asks whether the connection is alive. */
export interface HeartbeatOptions {
  /** Milliseconds from one ping to the next, 100 to 2,147,483,647. Default: 25,000. */
  intervalMs?: number | undefined;
  /** Milliseconds to wait for a sign of life after a ping, 100 to 2,147,483,647. Default: 6,000. */
  timeoutMs?: number | undefined;
}

/** Finds out that a connection is dead, and how long a round trip takes. One per connection; `stop` ends its timers. */
export interface Heartbeat {
  /**
   * Anything came from the other side.
   *
   * @param isAnswer whether it is the answer to a ping
   */
  heard(isAnswer?: boolean): void;
  /** Ask now. */
  probe(): void;
  stop(): void;
}

/**
 * Starts pinging, at once. Whatever is heard within `timeoutMs` of a ping counts as life, and so does a part of a long
 * message on a slow line; silence calls `dead`, once.
 *
 * @param progress a number that has grown since the last call when bytes moved
 * @param ping sends a ping
 * @param measured told of each round trip, in milliseconds
 */
export function startHeartbeat(
  { intervalMs, timeoutMs }: Complete<HeartbeatOptions>,
  progress: () => number,
  ping: () => void,
  measured: (latencyMs: number) => void,
  dead: () => void,
): Heartbeat {
  let timer: ReturnType<typeof setTimeout>;
  /** When the last ping was sent, while nothing was heard since. */
  let askedAt: number | undefined;
  let judging = false;

  const ask = (): void => {
    judging = true;
    askedAt = performance.now();
    // Before the ping, whose own bytes are no progress.
    watch();
    ping();
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(ask, intervalMs);
  };
  const watch = (): void => {
    const before = progress();
    const dueAt = performance.now() + timeoutMs;
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A timer that is late says that this side was busy or asleep: the answer may be waiting to be read. Ask again.
      if (performance.now() - dueAt > timeoutMs / 2) ask();
      // The answer is behind what is under way.
      else if (progress() > before) watch();
      else dead();
    }, timeoutMs);
  };
  // The first ping only measures: a server may still be busy with letting this client in.
  askedAt = performance.now();
  wait();
  ping();

  return {
    heard(isAnswer) {
      if (askedAt === undefined) return;
      if (isAnswer) measured(performance.now() - askedAt);
      this.stop();
      wait();
    },
    probe() {
      if (!judging) ask();
    },
    stop() {
      askedAt = undefined;
      judging = false;
      clearTimeout(timer);
    },
  };
}
