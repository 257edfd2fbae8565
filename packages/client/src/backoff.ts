/**
 * Full jitter: a random delay between nothing and the exponential bound, so that clients that lost the same server
 * do not come back together.
 *
 * @param attempt how many attempts failed in a row before, from 0
 * @param random a number from 0 up to, not including, 1
 * @returns milliseconds, at most `maxDelayMs`
 */
export function backoffMs(attempt: number, random: number, baseDelayMs: number, maxDelayMs: number): number {
  return Math.floor(random * Math.min(maxDelayMs, baseDelayMs * 2 ** attempt));
}
