import { wrong } from "@websockets-simple/shared";
import { decodeSegments, isPlain, parseTarget, type ServedPath } from "../handshake/target.ts";

/** Where a service is, and what it is called. */
export interface ServicePath extends ServedPath {
  /** Percent-decoded, without a slash at the end: `/chat`, `/rooms/*`. */
  readonly path: string;
}

const BELOW = "*";
const EXPECTED =
  "a path that begins with / and has no query, such as /chat, or /rooms/* for all below /rooms; no *, %2F, . or .. stands elsewhere";
/** As routers of HTTP frameworks write it. It would be served as it is written, and found by nobody. */
const PARAMETER = /\/:/;
const NO_PARAMETERS =
  "a path without parameters: /rooms/* instead of /rooms/:id, and then connection.channel; %3A for a segment that begins with a colon";

/**
 * Reads the path that a service is to have.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`
 */
export function readServicePath(given: unknown): ServicePath {
  const isPath = typeof given === "string" && given.startsWith("/") && !/[?#]/.test(given) && isWellFormed(given);
  if (isPath && PARAMETER.test(given)) throw wrong("path of a service", given, NO_PARAMETERS);
  const all = isPath ? decodeSegments(given) : undefined;
  const isBelow = all?.at(-1) === BELOW;
  const segments = isBelow ? all.slice(0, -1) : all;
  if (!all || !segments || !isPlain(segments) || segments.some((segment) => segment.includes(BELOW))) {
    throw wrong("path of a service", given, EXPECTED);
  }
  return { path: `/${all.join("/")}`, segments, reach: isBelow ? "below" : "exact" };
}

/** Finds what is served at a request's path. */
export class ServicePaths<T> {
  readonly #exact = new Map<string, T>();
  readonly #below = new Map<string, T>();
  /** How many segments the longest path has, below which something is served. */
  #deepest = 0;

  add({ segments, reach }: ServicePath, value: T): void {
    (reach === "exact" ? this.#exact : this.#below).set(keyOf(segments), value);
    this.#deepest = Math.max(this.#deepest, segments.length);
  }

  remove({ segments, reach }: ServicePath): void {
    (reach === "exact" ? this.#exact : this.#below).delete(keyOf(segments));
  }

  /** All that is served. */
  all(): T[] {
    return [...this.#exact.values(), ...this.#below.values()];
  }

  /**
   * What is served at a request target: the longest path wins. Who is found still has to look whether the path is one of its own,
   * since here an encoded slash looks like any other.
   *
   * @param hasToken whether the last segment may be a token
   */
  find(url: string, hasToken: boolean): T | undefined {
    if (this.#exact.size === 0 && this.#below.size === 0) return undefined;
    const segments = parseTarget(url)?.segments;
    if (!segments) return undefined;
    const exact = this.#exact.get(keyOf(segments));
    if (exact !== undefined) return exact;
    const last = segments.length - 1;
    for (let length = Math.min(last, this.#deepest); length >= 0; length--) {
      const key = keyOf(segments.slice(0, length));
      const found = this.#below.get(key) ?? (hasToken && length === last ? this.#exact.get(key) : undefined);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function keyOf(segments: readonly string[]): string {
  return segments.join("/");
}

function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
