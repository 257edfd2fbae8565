import { WebsocketsSimpleError } from "./errors.ts";

/** Checks that an argument is an object with none but these names, all of which may be left out. */
export function checkArguments<T extends object>(call: string, given: T, names: readonly string[]): T {
  const isObject = typeof given === "object" && given !== null;
  const unknown = isObject ? Object.keys(given).find((name) => !names.includes(name)) : String(given);
  if (unknown === undefined) return given;
  throw new WebsocketsSimpleError("INVALID_ARGUMENT", `${call}: "${unknown}"; it takes { ${names.join(", ")} }`);
}

/** Checks that there is a signal or none. */
export function checkSignal(call: string, signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.addEventListener === "function") return;
  throw new WebsocketsSimpleError("INVALID_ARGUMENT", `${call}: signal must be an AbortSignal`);
}

/** Puts bytes together, in memory of their own. */
export function joinBytes(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}
