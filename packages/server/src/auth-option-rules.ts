import { checkOptions, type Rule, tableOf, wrong } from "@websockets-simple/shared";
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
  maxConnectionsPerUser: [1, Number.POSITIVE_INFINITY],
};

/** What an authenticated server has besides. */
export type CheckedAuthOptions = Pick<AuthServerOptions<unknown>, "connectionUnauthorizedString"> &
  Given<
    Pick<AuthServerOptions<unknown>, "onUnauthorized" | "authTimeoutMs" | "maxPayloadBeforeAuth" | "maxConnectionsPerUser">
  > & {
    readonly places: readonly ("path" | "query" | "header" | "subprotocol" | "message")[];
    readonly userServiceLimits: { timeoutMs: number; concurrency: number };
  };

/** Parts the options of an authenticated server, and checks those that only it has. The rest is for `checkServerOptions`. */
export function checkAuthOptions(given: object): { auth: CheckedAuthOptions; rest: object } {
  if (typeof given !== "object" || given === null) throw wrong("options", given, "an object");
  const own = pick(given, AUTH_RULES);
  // A copy by spreading, since internals travel under a symbol.
  const rest: Record<string, unknown> = { ...given };
  for (const name of Object.keys(AUTH_RULES)) delete rest[name];
  const { tokenIn, ...auth } = checkOptions<typeof DEFAULTS & Pick<AuthServerOptions<unknown>, "connectionUnauthorizedString">>(
    own,
    tableOf(AUTH_RULES, DEFAULTS),
  );
  const userServiceLimits = checkOptions<CheckedAuthOptions["userServiceLimits"]>(
    auth.userServiceLimits,
    tableOf({ timeoutMs: timerMs, concurrency: [1, 100_000] }, DEFAULTS.userServiceLimits),
    "userServiceLimits.",
  );
  return { auth: { ...auth, userServiceLimits, places: [tokenIn ?? []].flat() }, rest };
}

function pick(from: object, names: object): object {
  return Object.fromEntries(Object.entries(from).filter(([name]) => Object.hasOwn(names, name)));
}
