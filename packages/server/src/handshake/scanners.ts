/** What a scanner reads: a string, or in tests something that counts the steps. */
export interface Scannable {
  readonly length: number;
  charCodeAt(index: number): number;
  slice(start: number, end: number): string;
}

// Each scanner below looks at every character once, from left to right, and never back (no regular expressions): its
// time is linear in the header, whatever the header says.

/**
 * Reads a list of subprotocols (RFC 6455 section 11.3.4; RFC 9110 section 5.6.1). Empty elements are skipped.
 *
 * @returns undefined when it is malformed, or names one twice
 */
export function scanSubprotocols(text: Scannable): string[] | undefined {
  const names = new Set<string>();
  let start = -1;
  let end = -1;
  for (let index = 0; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : COMMA;
    if (code === COMMA) {
      if (start >= 0) {
        const name = text.slice(start, end < 0 ? index : end);
        if (names.has(name)) return undefined;
        names.add(name);
      }
      start = end = -1;
    } else if (isBlank(code)) {
      if (start >= 0 && end < 0) end = index;
    } else {
      if (end >= 0 || !isTokenCode(code)) return undefined;
      if (start < 0) start = index;
    }
  }
  return [...names];
}

/**
 * Reads a Cookie header (RFC 6265 section 5.4). What is no `name=value` is skipped; of several with one name the first
 * counts. Values are left as they are, but for surrounding quotes.
 */
export function scanCookies(text: Scannable): Map<string, string> {
  const cookies = new Map<string, string>();
  let start = -1;
  let equals = -1;
  let end = 0;
  for (let index = 0; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : SEMICOLON;
    if (code === SEMICOLON) {
      if (equals > start) addCookie(cookies, text, start, equals, end);
      start = equals = -1;
    } else {
      if (start < 0 && !isBlank(code)) start = index;
      if (equals < 0 && start >= 0 && code === EQUALS) equals = index;
      if (!isBlank(code)) end = index + 1;
    }
  }
  return cookies;
}

function addCookie(cookies: Map<string, string>, text: Scannable, start: number, equals: number, end: number): void {
  const name = text.slice(start, equals).trimEnd();
  if (cookies.has(name)) return;
  const value = text.slice(equals + 1, end).trimStart();
  const isQuoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  cookies.set(name, isQuoted ? value.slice(1, -1) : value);
}

/** One parameter of a query, still encoded, and the query without it. */
export interface QueryParameter {
  /** All of its values, in order. */
  readonly values: readonly string[];
  readonly rest: string;
}

/**
 * Takes a parameter out of a query string: every one whose name reads `name`, percent-encoded or not, as the application
 * would read it.
 *
 * @param name of ASCII, without spaces and `+`
 */
export function scanQuery(text: Scannable, name: string): QueryParameter {
  const values: string[] = [];
  const rest: string[] = [];
  let start = 0;
  let equals = -1;
  for (let index = 0; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : AMPERSAND;
    if (code === EQUALS && equals < 0) equals = index;
    if (code !== AMPERSAND) continue;
    const nameEnd = equals < 0 ? index : equals;
    if (isNamed(text, start, nameEnd, name)) values.push(text.slice(Math.min(nameEnd + 1, index), index));
    else if (index > start) rest.push(text.slice(start, index));
    start = index + 1;
    equals = -1;
  }
  return { values, rest: rest.join("&") };
}

/** Whether the name from `start` to `end` reads `name` once it is decoded. It is left at the first difference. */
function isNamed(text: Scannable, start: number, end: number, name: string): boolean {
  let at = start;
  for (let index = 0; index < name.length; index++) {
    if (at >= end) return false;
    let code = text.charCodeAt(at++);
    if (code === PERCENT && at + 2 <= end) {
      code = 16 * hexDigit(text.charCodeAt(at)) + hexDigit(text.charCodeAt(at + 1));
      at += 2;
    }
    if (code !== name.charCodeAt(index)) return false;
  }
  return at === end;
}

/** The value of a hexadecimal digit; NaN when it is none. */
function hexDigit(code: number): number {
  return Number.parseInt(String.fromCharCode(code), 16);
}

/** Reads the token of an Authorization header (RFC 6750 section 2.1); undefined when its scheme is not Bearer. */
export function scanBearer(text: Scannable): string | undefined {
  if (text.length <= BEARER.length || text.slice(0, BEARER.length).toLowerCase() !== BEARER) return undefined;
  let start = BEARER.length;
  if (text.charCodeAt(start) !== SPACE) return undefined;
  while (start < text.length && text.charCodeAt(start) === SPACE) start++;
  return start < text.length ? text.slice(start, text.length) : undefined;
}

const BEARER = "bearer";
const SPACE = 0x20;
const TAB = 0x09;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const AMPERSAND = 0x26;
const PERCENT = 0x25;

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The characters of a token besides letters and digits (RFC 9110 section 5.6.2). */
const TOKEN_MARKS: ReadonlySet<number> = new Set([..."!#$%&'*+-.^_`|~"].map((char) => char.charCodeAt(0)));

function isTokenCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) || TOKEN_MARKS.has(code)
  );
}

/** Whether a subprotocol's name is a token, as it must be (RFC 6455 section 4.1). */
export function isToken(name: string): boolean {
  for (let index = 0; index < name.length; index++) if (!isTokenCode(name.charCodeAt(index))) return false;
  return name.length > 0;
}
