import { WebsocketsSimpleError } from "./errors.ts";

/**
 * What an option must be:
 * - `"string"`, `"boolean or object"`: the types it may have, as `typeof` names them
 * - `[min, max]`: a whole number in that range, Infinity included where `max` is
 * - `["path", "query"]`: one of these words
 * - a table: options of their own, or true for their defaults, or false for none of it
 * - a function: undefined when the value fits, else what was expected
 */
export type Rule =
  | string
  | readonly [number, number]
  | readonly string[]
  | OptionTable
  | ((value: unknown) => string | undefined);

/** Options with every default filled in. */
export type Complete<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** What was expected, or undefined when the value fits. */
export function unmet(rule: Rule, value: unknown): string | undefined {
  if (typeof rule === "function") return rule(value);
  if (!Array.isArray(rule)) {
    const types = typeof rule === "string" ? rule : "boolean or object";
    return value !== null && types.includes(typeof value) ? undefined : types;
  }
  const [min, max] = rule;
  if (typeof min === "string") return rule.includes(value) ? undefined : `one of ${rule.join(", ")}`;
  const fits = (Number.isInteger(value) || value === Infinity) && (value as number) >= min && (value as number) <= max;
  return fits ? undefined : `a whole number from ${min} to ${max}`;
}

/** What options must be, and what they are when left out: name → [rule, default]. */
export interface OptionTable {
  readonly [name: string]: readonly [rule: Rule, byDefault?: unknown];
}

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
  for (const name of Object.keys({ ...table, ...given })) {
    const [rule, byDefault] = (Object.hasOwn(table, name) && table[name]) || [];
    const { [name]: value = byDefault } = given as Record<string, unknown>;
    if (value === undefined) continue;
    const option = prefix + name;
    if (rule === undefined) {
      const known = Object.keys(table).join(", ");
      throw new WebsocketsSimpleError("INVALID_OPTION", `option ${option}: unknown; known are ${known}`);
    }
    const expected = unmet(rule, value);
    if (expected) throw wrong(option, value, expected);
    const isGroup = typeof rule === "object" && !Array.isArray(rule) && value;
    checked[name] = isGroup ? checkOptions(value === true ? {} : value, rule as OptionTable, `${option}.`) : value;
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
          ? `${typeof value === "object" ? "an" : "a"} ${typeof value}`
          : String(value);
  return new WebsocketsSimpleError("INVALID_OPTION", `option ${option}: expected ${expected}; got ${shown}`);
}
