import { checkOptions, type Rule, tableOf, wrong } from "@websockets-simple/shared";
import type { ServerOptions } from "../options.ts";
import { timerMs } from "../rules.ts";
import type { GuessLimit } from "./guesses.ts";

/** What `guessLimit: true` means. */
export const GUESS_LIMIT_ON = Object.freeze({ free: 100, forgetMs: 10_000, delayMs: 1_000, maxDelayMs: 30_000 });

/**
 * Checks `guessLimit`, and fills in the defaults.
 *
 * @param given undefined: for public addresses only, since a proxy with many behind it mostly has a private one
 */
export function checkGuessLimit(given: ServerOptions["guessLimit"]): GuessLimit | undefined {
  if (given === false) return undefined;
  const delayMs: Rule = [1, 3_600_000];
  const limit = checkOptions<Omit<GuessLimit, "isForLocal">>(
    typeof given === "object" ? given : {},
    tableOf({ free: [1, 1_000_000], forgetMs: timerMs, delayMs, maxDelayMs: delayMs }, GUESS_LIMIT_ON),
    "guessLimit.",
  );
  if (limit.maxDelayMs < limit.delayMs) {
    throw wrong("guessLimit.maxDelayMs", limit.maxDelayMs, `at least guessLimit.delayMs ${limit.delayMs}`);
  }
  return { ...limit, isForLocal: given !== undefined };
}
