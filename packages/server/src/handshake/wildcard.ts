import { isIP } from "node:net";
import { domainToASCII } from "node:url";

/** Stands for exactly one label of a name. */
const WILDCARD = "*.";

/** The name behind a leading wildcard label: `example.com` of `*.example.com`; undefined when there is no such label. */
export function behindWildcard(name: string): string | undefined {
  return name.startsWith(WILDCARD) ? name.slice(WILDCARD.length) : undefined;
}

/**
 * What is left of a name behind its first label, for which a wildcard would stand: `example.com` of `a.example.com`; undefined
 * where there is none. Only a label as DNS names have them counts.
 */
export function behindLabel(name: string): string | undefined {
  const dot = name.indexOf(".");
  if (dot < 1) return undefined;
  for (let index = 0; index < dot; index++) if (!isLabelCode(name.charCodeAt(index))) return undefined;
  return name.slice(dot + 1);
}

/** Whether a wildcard may stand before this name: not before an address, nor before one label, under which is everybody. */
export function mayBeWild(name: string): boolean {
  if (isIP(name) || name.startsWith("[")) return false;
  const dot = name.indexOf(".");
  return name === "localhost" || (dot > 0 && dot < name.length - 1);
}

/**
 * A name as it is sent: one in another script may be written as it is read. Undefined when it is none, or one with further
 * wildcards; what the parser of URLs would cut off or mend is none either.
 */
export function nameInAscii(name: string): string | undefined {
  for (const character of name) if (character <= " " || NO_NAME.includes(character)) return undefined;
  const ascii = domainToASCII(name.toLowerCase());
  return ascii === "" ? undefined : ascii;
}

const NO_NAME = "/\\?#@%*";

/** Small letters, digits, hyphen and underscore. */
function isLabelCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f;
}
