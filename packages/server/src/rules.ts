import { isIP } from "node:net";
import { MAX_TIMER_MS, type Rule } from "@websockets-simple/shared";

import { decodeSegments } from "./handshake/target.ts";

// Rules that several tables of options share.

/** All options, each with its value. */
export type Given<O> = { readonly [Name in keyof O]-?: Exclude<O[Name], undefined> };

/** Milliseconds that a timer can hold. */
export const timerMs: Rule = [1, MAX_TIMER_MS];
/** Bytes of a message. */
export const payload: Rule = [1, 268_435_456];
/** A port to listen at. */
export const port: Rule = [0, 65_535];

/** A place to listen at. */
export const host: Rule = (value) => {
  if (typeof value !== "string") return "string";
  return value.includes(":") && !isIP(value) ? "a name or an address, without a port: that is an option of its own" : undefined;
};

/** A service path. */
export const servicePath: Rule = (value) =>
  typeof value === "string" && value.startsWith("/") && !/[?#]/.test(value) && decodeSegments(value)
    ? undefined
    : "a path that begins with / and has no query";

/** A text that UTF-8 can carry. */
export function sendableText(value: unknown): string | undefined {
  const isText = typeof value === "string" && (value as string & { isWellFormed(): boolean }).isWellFormed();
  return isText ? undefined : "a text without lone surrogates";
}
