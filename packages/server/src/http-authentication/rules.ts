import { type Complete, checkOptions, DIGEST_ALGORITHMS, type Rule, tableOf, wrong } from "@websockets-simple/shared";
import type { HttpAuthenticationOptions, HttpAuthenticationScheme } from "./options.ts";

/** The same, every option with its value. */
export interface CheckedHttpAuthentication extends Omit<Complete<HttpAuthenticationOptions>, "scheme"> {
  readonly schemes: readonly HttpAuthenticationScheme[];
}

/** The defaults of `httpAuthentication`. */
export const HTTP_AUTHENTICATION_DEFAULTS = Object.freeze({
  scheme: "digest" as const,
  realm: "WebSocket",
  algorithms: Object.freeze(["SHA-256"] as const),
  nonceLifetimeMs: 60_000,
  basicWithoutTls: false as boolean,
});

const RULES: Readonly<Record<string, Rule>> = {
  credentials: "function",
  scheme: (value) => (isPart([value].flat(), ["basic", "digest"]) ? undefined : '"basic", "digest", or a list of both'),
  realm: (value) =>
    typeof value === "string" && /^[ !#-[\]-~]{1,128}$/.test(value)
      ? undefined
      : "a text of 1 to 128 characters of ASCII, without quotes and backslashes",
  algorithms: (value) =>
    Array.isArray(value) && isPart(value, DIGEST_ALGORITHMS)
      ? undefined
      : `a list of ${DIGEST_ALGORITHMS.join(" and ")}, or of one of them`,
  nonceLifetimeMs: [1_000, 3_600_000],
  basicWithoutTls: "boolean",
};

/** Checks `httpAuthentication`, and fills in the defaults. */
export function checkHttpAuthentication(given: object): CheckedHttpAuthentication {
  const checked = checkOptions<Complete<HttpAuthenticationOptions>>(
    given,
    tableOf(RULES, HTTP_AUTHENTICATION_DEFAULTS),
    "httpAuthentication.",
  );
  if (!checked.credentials) throw wrong("httpAuthentication.credentials", undefined, "function");
  const { scheme, ...rest } = checked;
  return { ...rest, schemes: [scheme].flat() };
}

function isPart(list: readonly unknown[], of: readonly string[]): boolean {
  return list.length > 0 && list.every((entry) => of.includes(entry as string)) && new Set(list).size === list.length;
}
