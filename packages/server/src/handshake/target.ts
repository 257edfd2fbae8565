/** A request's target, taken apart. */
export interface Target {
  /** The segments of the path, percent-decoded. `/` has none; a slash at the end adds none. */
  readonly segments: readonly string[];
  /** What follows the question mark, as it is. */
  readonly query: string;
  /** The host and port that stand in the target itself; undefined in origin form, which all clients use but for proxies. */
  readonly authority?: string;
}

/**
 * Takes a request target apart (RFC 9112 section 3.2: origin form and absolute form).
 *
 * @returns undefined when it is malformed
 */
export function parseTarget(url: string): Target | undefined {
  const absolute = url.startsWith("/") ? undefined : splitAbsolute(url);
  const origin = absolute ? absolute.origin : url;
  if (!origin.startsWith("/")) return undefined;
  const mark = origin.indexOf("?");
  const path = mark < 0 ? origin : origin.slice(0, mark);
  const segments = decodeSegments(path);
  return (
    segments && { segments, query: mark < 0 ? "" : origin.slice(mark + 1), ...(absolute && { authority: absolute.authority }) }
  );
}

/**
 * Percent-decodes the segments of a path.
 *
 * @returns undefined when an encoding is malformed or no UTF-8
 */
export function decodeSegments(path: string): string[] | undefined {
  const inner = path.slice(1, path.endsWith("/") ? -1 : undefined);
  if (inner === "") return [];
  try {
    return inner.split("/").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** What is left of a path below a service's own; undefined when it lies elsewhere. */
export function below(service: readonly string[], segments: readonly string[]): string[] | undefined {
  return service.every((segment, index) => segments[index] === segment) ? segments.slice(service.length) : undefined;
}

/** Which paths are served. */
export interface ServedPath {
  /** Percent-decoded. */
  readonly segments: readonly string[];
  /** `all`: the path, and whatever lies below it; `exact`: the path alone; `below`: only what lies below it. */
  readonly reach: "all" | "exact" | "below";
}

/**
 * Whether a path below that of a service is one of its own.
 *
 * @param rest what `below` has said, less a token
 */
export function isServed({ reach }: ServedPath, rest: readonly string[]): boolean {
  if (reach === "all") return true;
  // What is a name to one and a way to another is neither here.
  return reach === "exact" ? rest.length === 0 : rest.length > 0 && isPlain(rest);
}

/** Whether segments are names, and no way to somewhere else (RFC 3986 section 5.2.4), however they were encoded. */
export function isPlain(segments: readonly string[]): boolean {
  return !segments.some((segment) => segment === "" || segment === "." || segment === ".." || segment.includes("/"));
}

/** Takes the absolute form apart: the authority, and the rest in origin form. */
function splitAbsolute(url: string): { origin: string; authority: string } | undefined {
  const scheme = url.indexOf("://");
  if (scheme < 0 || url.indexOf("/") !== scheme + 1) return undefined;
  const start = scheme + 3;
  const ends = [url.indexOf("/", start), url.indexOf("?", start), url.length].filter((end) => end >= 0);
  const end = Math.min(...ends);
  const rest = url.slice(end);
  return { origin: rest.startsWith("/") ? rest : `/${rest}`, authority: url.slice(start, end) };
}
