import { WebsocketsSimpleError } from "./errors.ts";

/**
 * What an option must be:
 * - `"string"`, `"boolean or object"`: the types it may have, as `typeof` names them
 * - `[min, max]`: a whole number in that range, Infinity included where `max` is
 * - `["path", "query"]`: one of these words
 * - a function: undefined when the value fits, else what was expected
 */
export type Rule = string | readonly [number, number] | readonly string[] | ((value: unknown) => string | undefined);

/** Options with every default filled in. */
export type Complete<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** What was expected, or undefined when the value fits. */
export function unmet(rule: Rule, value: unknown): string | undefined {
  if (typeof rule === "function") return rule(value);
  if (typeof rule === "string") return value !== null && rule.includes(typeof value) ? undefined : rule;
  if (typeof rule[0] === "string") return rule.includes(value as never) ? undefined : `one of ${rule.join(", ")}`;
  const [min, max] = rule as readonly [number, number];
  const fits = (Number.isInteger(value) || value === Infinity) && (value as number) >= min && (value as number) <= max;
  return fits ? undefined : `a whole number from ${min} to ${max}`;
}

/** What options must be, and what they are when left out: name → [rule, default]. */
export type OptionTable = Readonly<Record<string, readonly [rule: Rule, byDefault?: unknown]>>;

/** Makes a table of rules, and of the defaults among their names. */
export function tableOf(rules: Readonly<Record<string, Rule>>, defaults: object = {}): OptionTable {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, [rule, (defaults as Record<string, unknown>)[name]]]),
  );
}

/**
 * Checks an options object against its rules, once, and fills in the defaults. Options that are undefined count as
 * left out; unknown ones are refused, since they are mostly misspelt.
 *
 * @param prefix what stands before an option's name in messages, such as `reconnect.`
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
 */
export function checkOptions<T extends object>(given: unknown, table: OptionTable, prefix = ""): T {
  if (typeof given !== "object" || !given) throw wrong(prefix || "options", given, "an object");
  const checked: Record<string, unknown> = {};
  for (const [name, [, byDefault]] of Object.entries(table)) if (byDefault !== undefined) checked[name] = byDefault;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const [rule] = (Object.hasOwn(table, name) && table[name]) || [];
    if (rule === undefined) {
      const known = Object.keys(table).join(", ");
      throw new WebsocketsSimpleError("INVALID_OPTION", `option ${prefix}${name}: unknown; known are ${known}`);
    }
    const expected = unmet(rule, value);
    if (expected) throw wrong(prefix + name, value, expected);
    checked[name] = value;
  }
  return checked as T;
}

/** The error for one wrong option. Long values are cut. Rules for secrets check the type only, so that none is shown. */
export function wrong(option: string, value: unknown, expected: string): WebsocketsSimpleError {
  const shown =
    typeof value === "string"
      ? JSON.stringify(value.slice(0, 60))
      : Array.isArray(value)
        ? "a list"
        : Object(value) === value
          ? `an ${typeof value}`
          : String(value);
  return new WebsocketsSimpleError("INVALID_OPTION", `option ${option}: expected ${expected}; got ${shown}`);
}
