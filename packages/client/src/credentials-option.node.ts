import { DIGEST_ALGORITHMS, type OptionTable, type Rule, WebsocketsSimpleError } from "@websockets-simple/shared";

const SCHEMES = ["basic", "digest"];

/**
 * What user name, password and what goes with them must be. What is wrong with the two is told without them.
 *
 * @param option the name of the option that holds them, for messages
 * @param basicWithoutTls the default of that part
 */
export function credentialsTable(option: string, basicWithoutTls = false): OptionTable {
  const secret = (name: string, pattern: RegExp, expected: string) =>
    [
      (value: unknown): undefined => {
        if (typeof value === "string" && pattern.test(value)) return;
        throw new WebsocketsSimpleError("INVALID_OPTION", `option ${option}.${name}: expected ${expected}`);
      },
      // Nothing is wrong, too.
      null,
    ] as const;
  return {
    username: secret("username", /^[^:\p{Cc}\p{Cs}]+$/u, "a text that is not empty, without colons and control characters"),
    password: secret("password", /^[^\p{Cc}\p{Cs}]*$/u, "a text without control characters"),
    preemptive: ["boolean", false],
    scheme: [listOf(SCHEMES), SCHEMES],
    algorithms: [listOf(DIGEST_ALGORITHMS), ["SHA-256"]],
    basicWithoutTls: ["boolean", basicWithoutTls],
  };
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
