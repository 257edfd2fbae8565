import type { Complete } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";

/** When a client asks whether the connection is alive. */
export interface HeartbeatOptions {
  /** Milliseconds from one ping to the next, 100 to 2,147,483,647. Default: 25,000. */
  intervalMs?: number | undefined;
  /** Milliseconds to wait for a sign of life after a ping, 100 to 2,147,483,647. Default: 6,000. */
  timeoutMs?: number | undefined;
}

/** Finds out that a connection is dead, and how long a round trip takes. One per connection; `stop` ends its timers. */
export interface Heartbeat {
  /** Anything came from the other side. */
  heard(): void;
  /** The answer to a ping came. */
  answered(): void;
  /** Ask now. */
  probe(): void;
  stop(): void;
  /** The last measured round trip in milliseconds. */
  readonly latencyMs: number | undefined;
}

/**
 * Starts pinging, at once. Whatever is heard within `timeoutMs` of a ping counts as life, and so does a part of a long
 * message on a slow line; silence calls `dead`, once.
 *
 * @param progress a number that has grown since the last call when bytes moved
 * @param ping sends a ping
 */
export function startHeartbeat(
  clock: Clock,
  { intervalMs, timeoutMs }: Complete<HeartbeatOptions>,
  progress: () => number,
  ping: () => void,
  dead: () => void,
): Heartbeat {
  let stopTimer: () => void;
  let askedAt: number | undefined;
  let judging = false;
  let dueAt = 0;
  let before = 0;
  let latencyMs: number | undefined;

  const wait = (): void => {
    stopTimer = clock.after(intervalMs, ask);
  };
  const ask = (): void => {
    stopTimer();
    judging = true;
    askedAt = clock.now();
    watch();
    ping();
  };
  const watch = (): void => {
    before = progress();
    dueAt = clock.now() + timeoutMs;
    stopTimer = clock.after(timeoutMs, judge);
  };
  const judge = (): void => {
    // A timer that is late says that this side was busy or asleep: the answer may be waiting to be read. Ask again.
    if (clock.now() - dueAt > timeoutMs / 2) ask();
    // The answer is behind what is under way.
    else if (progress() > before) watch();
    else dead();
  };
  // The first ping only measures: a server may still be busy with letting this client in.
  askedAt = clock.now();
  wait();
  ping();

  return {
    heard() {
      if (askedAt === undefined) return;
      askedAt = undefined;
      judging = false;
      stopTimer();
      wait();
    },
    answered() {
      if (askedAt !== undefined) latencyMs = clock.now() - askedAt;
      this.heard();
    },
    probe() {
      if (!judging) ask();
    },
    stop: () => stopTimer(),
    get latencyMs() {
      return latencyMs;
    },
  };
}
