import { wrong } from "@websockets-simple/shared";
import { behindLabel, behindWildcard, mayBeWild, nameInAscii } from "./wildcard.ts";

/** Says whether a request with this Origin header, or with none, may go on. */
export type OriginCheck = (origin: string | undefined) => boolean;

/** An origin, taken apart: its scheme with the colon, and its host with a port that is not the scheme's own. */
interface Origin {
  readonly scheme: string;
  readonly host: string;
  readonly hostname: string;
}

const EXPECTED =
  'an origin such as "https://example.com", "https://*.example.com" or "http://localhost:3000", nothing behind it, or "null"';
/** What browsers send for pages that have none of their own (RFC 6454 section 7.1). */
const NONE = "null";
/** Of names 253 characters may be had; the rest is more than enough for scheme and port. */
const MAX_LENGTH = 512;
const DEFAULT_PORTS: Readonly<Record<string, string>> = Object.freeze({ "http:": ":80", "https:": ":443" });

/**
 * Checks a list of origins, and makes of it what judges requests. Scheme, host and port must be those of an entry; a leading
 * `*.` stands for exactly one label. Case and a scheme's own port make no difference. Whatever is no origin as RFC 6454
 * section 6.2 spells them is let in by no entry.
 *
 * @param isRequired whether a request without the header is refused
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming the entry
 */
export function originCheck(entries: readonly unknown[], isRequired: boolean): OriginCheck {
  const exact = new Set<string>();
  const wild = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const refusal = (expected: string): Error => wrong(`origins[${index}]`, entry, expected);
    if (typeof entry !== "string") throw refusal(EXPECTED);
    if (entry === NONE) exact.add(entry);
    else addEntry(entry, exact, wild, refusal);
  }
  return (text) => {
    if (text === undefined) return !isRequired;
    // As browsers spell them; the rest is for the others.
    if (exact.has(text)) return true;
    const origin = parseOrigin(text);
    if (!origin) return false;
    if (exact.has(spell(origin.scheme, origin.host))) return true;
    const behind = behindLabel(origin.host);
    return behind !== undefined && wild.has(spell(origin.scheme, behind));
  };
}

function addEntry(entry: string, exact: Set<string>, wild: Set<string>, refusal: (expected: string) => Error): void {
  const start = entry.indexOf("://") + 3;
  const behind = behindWildcard(entry.slice(start));
  const rest = behind ?? entry.slice(start);
  const portAt = rest.endsWith("]") || !rest.includes(":") ? rest.length : rest.lastIndexOf(":");
  const name = rest.slice(0, portAt);
  // Of `file:` there is none.
  const ascii = name === "" ? name : nameInAscii(name);
  const origin = ascii === undefined ? undefined : parseOrigin(entry.slice(0, start) + ascii + rest.slice(portAt));
  if (!origin) throw refusal(EXPECTED);
  if (origin.scheme === "ws:" || origin.scheme === "wss:") {
    throw refusal(`${EXPECTED}: that of the page, whose scheme is http or https`);
  }
  if (behind === undefined) return void exact.add(spell(origin.scheme, origin.host));
  if (!mayBeWild(origin.hostname)) {
    throw refusal(`${EXPECTED}; a wildcard stands before a name of at least two labels, or localhost`);
  }
  wild.add(spell(origin.scheme, origin.host));
}

function spell(scheme: string, host: string): string {
  return `${scheme}//${host}`;
}

/** Reads an origin by the parser of URLs; what that would have to mend, complete or cut off is none. */
function parseOrigin(text: string): Origin | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const lower = text.toLowerCase();
  if (!URL.canParse(lower)) return undefined;
  const { protocol: scheme, host, hostname } = new URL(lower);
  const origin = spell(scheme, host);
  return lower === origin || lower === origin + DEFAULT_PORTS[scheme] ? { scheme, host, hostname } : undefined;
}
