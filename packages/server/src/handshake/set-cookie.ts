import { isToken } from "./scanners.ts";

/** A cookie to set with the answer to an upgrade request (RFC 6265 section 4.1.1). */
export interface ResponseCookie {
  /** A token: letters, digits and ``!#$%&'*+-.^_`|~``. With `__Host-` or `__Secure-` in front, browsers ask for more, and so does this. */
  readonly name: string;
  /** Visible ASCII without `"`, `,`, `;` and `\`: encode all else, by `encodeURIComponent` for one. */
  readonly value: string;
  /** Begins with `/`. Default: the path of the request up to its last `/`. */
  readonly path?: string | undefined;
  /** The host and all below it. Default: the host of the request alone. */
  readonly domain?: string | undefined;
  /** How long it is kept, in seconds as on the wire, 0 to 2,147,483,647; 0 deletes it. Default: until the browser ends. */
  readonly maxAge?: number | undefined;
  /** Until when it is kept, years 1601 to 9999; `maxAge` goes before it. Default: until the browser ends. */
  readonly expires?: Date | undefined;
  /** Scripts do not see it. Default: false. */
  readonly httpOnly?: boolean | undefined;
  /** It is sent over TLS alone. Default: false. */
  readonly secure?: boolean | undefined;
  /** Whether it goes along when another site's page asks; `"none"` needs `secure`. Default: the browser's, mostly `"lax"`. */
  readonly sameSite?: "strict" | "lax" | "none" | undefined;
}

/** What browsers take at least (RFC 6265 section 6.1). */
const MAX_BYTES = 4_096;
const SAME_SITE = Object.freeze({ strict: "Strict", lax: "Lax", none: "None" });
const KNOWN = ["name", "value", "path", "domain", "maxAge", "expires", "httpOnly", "secure", "sameSite"];
const NO_VALUE = '",;\\';

/**
 * Writes the value of a Set-Cookie header. Values are shown in no error: they are secrets mostly.
 *
 * @throws Error that says what is wrong with it
 */
export function setCookie(cookie: ResponseCookie): string {
  if (typeof cookie !== "object" || cookie === null) throw new Error("a cookie: expected an object with name and value");
  const { name, value, path, domain, maxAge, expires, httpOnly, secure, sameSite } = cookie;
  if (typeof name !== "string" || !isToken(name)) throw new Error("a cookie's name: expected a token (RFC 6265 section 4.1.1)");
  const check = (isFine: boolean, what: string, expected: string): void => {
    if (!isFine) throw new Error(`cookie ${name}, ${what}: expected ${expected}`);
  };
  const unknown = Object.keys(cookie).find((key) => !KNOWN.includes(key));
  check(unknown === undefined, String(unknown), `one of ${KNOWN.join(", ")}`);
  check(
    isMadeOf(value, (character) => character > " " && !NO_VALUE.includes(character)),
    "value",
    VALUE,
  );
  const parts = [`${name}=${value}`];
  if (path !== undefined) {
    check(isMadeOf(path, (character) => character !== ";") && path.startsWith("/"), "path", "a path that begins with /, no ;");
    parts.push(`Path=${path}`);
  }
  if (domain !== undefined) {
    check(isMadeOf(domain, isOfDomain) && domain.length > 0 && domain.length <= 253, "domain", "a name of 1 to 253 characters");
    parts.push(`Domain=${domain}`);
  }
  if (maxAge !== undefined) {
    check(Number.isInteger(maxAge) && maxAge >= 0 && maxAge <= 2_147_483_647, "maxAge", "whole seconds, 0 to 2147483647");
    parts.push(`Max-Age=${maxAge}`);
  }
  if (expires !== undefined) {
    const year = expires instanceof Date ? expires.getUTCFullYear() : Number.NaN;
    check(year >= 1601 && year <= 9999, "expires", "a valid Date of the years 1601 to 9999");
    parts.push(`Expires=${expires.toUTCString()}`);
  }
  for (const [what, flag] of Object.entries({ httpOnly, secure })) {
    check(flag === undefined || typeof flag === "boolean", what, "boolean");
  }
  if (secure) parts.push("Secure");
  if (httpOnly) parts.push("HttpOnly");
  if (sameSite !== undefined) {
    check(Object.hasOwn(SAME_SITE, sameSite), "sameSite", "one of strict, lax, none");
    check(sameSite !== "none" || secure === true, "secure", 'true, since sameSite is "none"');
    parts.push(`SameSite=${SAME_SITE[sameSite]}`);
  }
  checkPrefix(name.toLowerCase(), cookie, check);
  const written = parts.join("; ");
  check(written.length <= MAX_BYTES, "all of it", `at most ${MAX_BYTES} bytes; got ${written.length}`);
  return written;
}

const VALUE = 'visible ASCII without " , ; and \\, as encodeURIComponent makes it';

/** What browsers ask of names with these beginnings: they drop the cookie in silence. */
function checkPrefix(
  name: string,
  { secure, path, domain }: ResponseCookie,
  check: (isFine: boolean, what: string, expected: string) => void,
): void {
  if (name.startsWith("__secure-") || name.startsWith("__host-")) check(secure === true, "secure", "true, as the name asks");
  if (!name.startsWith("__host-")) return;
  check(path === "/", "path", '"/", as the name asks');
  check(domain === undefined, "domain", "none, as the name asks");
}

function isOfDomain(character: string): boolean {
  return character === "-" || character === "." || /[a-z\d]/i.test(character);
}

/** Whether it is a text of printable ASCII whose characters all fit. */
function isMadeOf(text: unknown, fits: (character: string) => boolean): text is string {
  if (typeof text !== "string") return false;
  for (const character of text) if (character < " " || character > "~" || !fits(character)) return false;
  return true;
}
