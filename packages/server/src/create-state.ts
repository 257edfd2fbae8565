import type { Clock } from "./clock.ts";
import type { StopSignal } from "./handshake/asker.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";

/** Makes the application's state; rejects when that failed, which was reported, or when the server stops. */
export type CreateState = (request: UpgradeRequest, userId: unknown, stop: StopSignal) => Promise<unknown>;

/** Why a call was given up when it did not fail. */
const STOPPED = Symbol("the server stops");

/**
 * Stands before the application's `createState`: bounded in time, its failures reported. How many run at the same time is
 * bounded by who calls.
 *
 * @returns undefined when there is none; else it rejects once `failed` was told
 */
export function createState(
  make: ((request: UpgradeRequest, userId: never) => unknown) | undefined,
  timeoutMs: number,
  clock: Clock,
  failed: (thrown: unknown) => void,
): CreateState | undefined {
  if (!make) return undefined;
  return async (request, userId, stop) => {
    const cancels: (() => void)[] = [];
    try {
      const over = new Promise<never>((_, reject) => {
        const late = (): void => reject(new Error(`no answer within limits.headersTimeoutMs ${timeoutMs}`));
        cancels.push(clock.after(timeoutMs, late));
        cancels.push(stop.onStop(() => reject(STOPPED)));
      });
      return await Promise.race([(async () => make(request, userId as never))(), over]);
    } catch (thrown) {
      if (thrown !== STOPPED) failed(thrown);
      throw thrown;
    } finally {
      for (const cancel of cancels) cancel();
    }
  };
}
