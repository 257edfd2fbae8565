import { it } from "vitest";

/**
 * Gives back what a machine has of something, for `describe.each` or `it.each`. Where that is nothing, a test that is left
 * out says so in their place: a file without any test would be a failure.
 */
export function orLeftOut<T>(what: string, found: T[]): T[] {
  if (found.length === 0) it.skip(`left out: this machine has no ${what}`);
  return found;
}
