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
 * Starts pinging, at once. Whatever is heard within `timeoutMs` of a ping counts as life; silence calls `dead`, once.
 *
 * @param ping sends a ping
 */
export function startHeartbeat(
  clock: Clock,
  { intervalMs, timeoutMs }: Complete<HeartbeatOptions>,
  ping: () => void,
  dead: () => void,
): Heartbeat {
  let stopTimer: () => void;
  let askedAt: number | undefined;
  let judging = false;
  let latencyMs: number | undefined;

  const wait = (): void => {
    stopTimer = clock.after(intervalMs, ask);
  };
  const ask = (): void => {
    stopTimer();
    judging = true;
    askedAt = clock.now();
    stopTimer = clock.after(timeoutMs, judge);
    ping();
  };
  const judge = (): void => {
    // A timer that is late says that this side was busy or asleep: the answer may be waiting to be read. Ask again.
    const lateMs = clock.now() - (askedAt ?? 0) - timeoutMs;
    if (lateMs > timeoutMs / 2) ask();
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
