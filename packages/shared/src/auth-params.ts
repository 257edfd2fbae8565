/** A challenge of `WWW-Authenticate` or `Proxy-Authenticate`, or what answers one in `Authorization` (RFC 9110 section 11). */
export interface AuthChallenge {
  /** In lower case. */
  readonly scheme: string;
  /** What a scheme like Basic has in place of parameters. */
  readonly token68: string | undefined;
  /** By their names in lower case, unquoted. */
  readonly params: ReadonlyMap<string, string>;
}

/** How many there may be of each: honest servers have two or three, of ten parameters. */
const MAX_CHALLENGES = 16;
const MAX_PARAMS = 32;

// Each is tried once where the reader stands, and has one way to match there: the time is linear, whatever the text says.
const BLANKS_AND_COMMAS = /[ \t,]*/y;
const BLANKS = /[ \t]*/y;
const TOKEN = /[!#$%&'*+\-.^`|~\w]+/y;
const TOKEN68 = /[\w\-.~+/]+=*(?=[ \t]*(?:,|$))/y;
const EQUALS = /[ \t]*=[ \t]*/y;
const QUOTED = /"(?:[\t !#-[\]-~\x80-\uffff]|\\[\t -~\x80-\uffff])*"/y;

/**
 * Reads the challenges of one header, which may be several, or the credentials of one.
 *
 * @returns undefined when it is malformed, names a parameter twice, or is out of all proportion
 */
export function readAuthChallenges(text: string): AuthChallenge[] | undefined {
  const challenges: AuthChallenge[] = [];
  let params = new Map<string, string>();
  let hasToken68 = false;
  let needsParam = false;
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const isAtEnd = (): boolean => at === text.length || text[at] === ",";
  for (take(BLANKS_AND_COMMAS); at < text.length; take(BLANKS_AND_COMMAS)) {
    const name = take(TOKEN)?.toLowerCase();
    if (name === undefined) return undefined;
    if (take(EQUALS) !== undefined) {
      const value = take(TOKEN) ?? unquote(take(QUOTED));
      if (value === undefined || challenges.length === 0 || hasToken68 || params.has(name)) return undefined;
      if (params.size === MAX_PARAMS) return undefined;
      params.set(name, value);
      take(BLANKS);
      if (!isAtEnd()) return undefined;
      needsParam = false;
      continue;
    }
    const blanks = take(BLANKS);
    if (needsParam || challenges.length === MAX_CHALLENGES || (!isAtEnd() && blanks === "")) return undefined;
    const token68 = take(TOKEN68);
    hasToken68 = token68 !== undefined;
    needsParam = !hasToken68 && !isAtEnd();
    params = new Map();
    challenges.push({ scheme: name, token68, params });
  }
  return needsParam ? undefined : challenges;
}

function unquote(quoted: string | undefined): string | undefined {
  return quoted?.slice(1, -1).replace(/\\(.)/g, "$1");
}

/** Writes a parameter's value in quotes. */
export function quoteAuthParam(value: string): string {
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
