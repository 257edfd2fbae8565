import type { Clock } from "../clock.ts";
import type { StopSignal } from "./asker.ts";

/** What came of waiting: a value, or why there is none. */
export type Outcome<T> = { readonly value: T } | "late" | "stopped";

/**
 * Waits for something of the application's, though not for ever: until it settles, the time is over or the server stops. What
 * it does after that is not heard any more. Rejects as it does.
 */
export async function waitFor<T>(working: Promise<T>, timeoutMs: number, clock: Clock, stop: StopSignal): Promise<Outcome<T>> {
  const cancels: (() => void)[] = [];
  const over = new Promise<"late" | "stopped">((resolve) => {
    cancels.push(clock.after(timeoutMs, () => resolve("late")));
    cancels.push(stop.onStop(() => resolve("stopped")));
  });
  try {
    return await Promise.race([working.then((value) => ({ value })), over]);
  } finally {
    for (const cancel of cancels) cancel();
  }
}
