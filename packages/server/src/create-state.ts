import type { Clock } from "./clock.ts";
import type { StopSignal } from "./handshake/asker.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";
import { waitFor } from "./handshake/wait-for.ts";

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
    try {
      const making = (async () => make(request, userId as never))();
      const outcome = await waitFor(making, timeoutMs, clock, stop);
      if (outcome === "stopped") throw STOPPED;
      if (outcome === "late") throw new Error(`no answer within limits.headersTimeoutMs ${timeoutMs}`);
      return outcome.value;
    } catch (thrown) {
      if (thrown !== STOPPED) failed(thrown);
      throw thrown;
    }
  };
}
