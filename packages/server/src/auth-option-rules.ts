import { checkOptions, type Rule, tableOf, wrong } from "@websockets-simple/shared";
import type { GuessLimit } from "./addresses/guesses.ts";
import { DEFAULTS } from "./option-rules.ts";
import type { AuthServerOptions } from "./options.ts";
import { type Given, payload, sendableText, timerMs } from "./rules.ts";

const PLACES = ["path", "query", "header", "subprotocol", "message"];

const AUTH_RULES: Readonly<Record<string, Rule>> = {
  connectionUnauthorizedString: sendableText,
  tokenIn: (value) => {
    const places: readonly unknown[] = Array.isArray(value) ? value : [value];
    const isFine =
      places.length > 0 && places.every((place) => PLACES.includes(place as string)) && new Set(places).size === places.length;
    if (!isFine) return `one or several of ${PLACES.join(", ")}`;
    return places.includes("message") && places.length > 1
      ? '"message" alone: the first message is looked at only when nothing else is'
      : undefined;
  },
  onUnauthorized: ["auto", "http", "close"],
  authTimeoutMs: timerMs,
  maxPayloadBeforeAuth: payload,
  userServiceLimits: "object",
  guessLimit: "boolean or object",
  maxConnectionsPerUser: [1, Number.POSITIVE_INFINITY],
};

/** What an authenticated server has besides. */
export type CheckedAuthOptions = Pick<AuthServerOptions<unknown>, "connectionUnauthorizedString"> &
  Given<
    Pick<AuthServerOptions<unknown>, "onUnauthorized" | "authTimeoutMs" | "maxPayloadBeforeAuth" | "maxConnectionsPerUser">
  > & {
    readonly places: readonly ("path" | "query" | "header" | "subprotocol" | "message")[];
    readonly userServiceLimits: { timeoutMs: number; concurrency: number };
    readonly guesses: GuessLimit | undefined;
  };

/** Parts the options of an authenticated server, and checks those that only it has. The rest is for `checkServerOptions`. */
export function checkAuthOptions(given: object): { auth: CheckedAuthOptions; rest: object } {
  if (typeof given !== "object" || given === null) throw wrong("options", given, "an object");
  const own = pick(given, AUTH_RULES);
  // A copy by spreading, since internals travel under a symbol.
  const rest: Record<string, unknown> = { ...given };
  for (const name of Object.keys(AUTH_RULES)) delete rest[name];
  const { tokenIn, guessLimit, ...auth } = checkOptions<
    typeof DEFAULTS & Pick<AuthServerOptions<unknown>, "connectionUnauthorizedString" | "guessLimit">
  >(own, tableOf(AUTH_RULES, DEFAULTS));
  const userServiceLimits = checkOptions<CheckedAuthOptions["userServiceLimits"]>(
    auth.userServiceLimits,
    tableOf({ timeoutMs: timerMs, concurrency: [1, 100_000] }, DEFAULTS.userServiceLimits),
    "userServiceLimits.",
  );
  return { auth: { ...auth, userServiceLimits, guesses: checkGuessLimit(guessLimit), places: [tokenIn ?? []].flat() }, rest };
}

/** @param given undefined: for public addresses only, since a proxy with many behind it mostly has a private one */
function checkGuessLimit(given: AuthServerOptions<unknown>["guessLimit"]): GuessLimit | undefined {
  if (given === false) return undefined;
  const delayMs: Rule = [1, 3_600_000];
  const limit = checkOptions<Omit<GuessLimit, "isForLocal">>(
    typeof given === "object" ? given : {},
    tableOf({ free: [1, 1_000_000], forgetMs: timerMs, delayMs, maxDelayMs: delayMs }, DEFAULTS.guessLimitOn),
    "guessLimit.",
  );
  if (limit.maxDelayMs < limit.delayMs) {
    throw wrong("guessLimit.maxDelayMs", limit.maxDelayMs, `at least guessLimit.delayMs ${limit.delayMs}`);
  }
  return { ...limit, isForLocal: given !== undefined };
}

function pick(from: object, names: object): object {
  return Object.fromEntries(Object.entries(from).filter(([name]) => Object.hasOwn(names, name)));
}
