import { DIGEST_ALGORITHMS, type OptionTable, type Rule, WebsocketsSimpleError } from "@websockets-simple/shared";

const SCHEMES = ["basic", "digest"];

/** What option `credentials`, and a proxy's, must be. What is wrong with them is told without them. */
export const CREDENTIALS: OptionTable = {
  // Nothing given is wrong, too.
  username: [
    (value) =>
      secret("username", value, /^[^:\p{Cc}\p{Cs}]+$/u, "a text that is not empty, without colons and control characters"),
    null,
  ],
  password: [(value) => secret("password", value, /^[^\p{Cc}\p{Cs}]*$/u, "a text without control characters"), null],
  preemptive: ["boolean", false],
  scheme: [listOf(SCHEMES), SCHEMES],
  algorithms: [listOf(DIGEST_ALGORITHMS), ["SHA-256"]],
  basicWithoutTls: ["boolean", false],
};

function secret(name: string, value: unknown, pattern: RegExp, expected: string): undefined {
  if (typeof value === "string" && pattern.test(value)) return;
  throw new WebsocketsSimpleError("INVALID_OPTION", `option credentials.${name}: expected ${expected}`);
}

function listOf(words: readonly string[]): Rule {
  return (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((word) => words.includes(word))
      ? undefined
      : `a list of ${words.join(" and ")}, or of one of them`;
}
