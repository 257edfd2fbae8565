import type { Clock } from "./clock.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";

/**
 * Stands before the application's `createState`: bounded in time, its failures reported.
 *
 * @returns undefined when there is none; else it rejects once `failed` was told
 */
export function createState(
  make: ((request: UpgradeRequest, userId: never) => unknown) | undefined,
  timeoutMs: number,
  clock: Clock,
  failed: (thrown: unknown) => void,
): ((request: UpgradeRequest, userId: unknown) => Promise<unknown>) | undefined {
  if (!make) return undefined;
  return async (request, userId) => {
    let cancel = (): void => {};
    try {
      const late = new Promise<never>((_, reject) => {
        cancel = clock.after(timeoutMs, () => reject(new Error(`no answer within limits.headersTimeoutMs ${timeoutMs}`)));
      });
      return await Promise.race([(async () => make(request, userId as never))(), late]);
    } catch (thrown) {
      failed(thrown);
      throw thrown;
    } finally {
      cancel();
    }
  };
}
