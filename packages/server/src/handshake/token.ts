import { TOKEN_PARAMETER, type TokenPlace, tokenFromSubprotocol } from "@websockets-simple/shared";
import { scanBearer, scanQuery } from "./scanners.ts";

/** Where a token may be looked for. */
export interface TokenSources {
  /** The Authorization header. */
  readonly authorization: string | undefined;
  readonly subprotocols: readonly string[];
  readonly query: string;
  /** The path's segments below the service's. */
  readonly segments: readonly string[];
}

/** What was found, and what is left of the request without it. */
export type TokenFinding =
  | {
      /** Undefined: there is none. */
      readonly token: string | undefined;
      readonly query: string;
      readonly segments: readonly string[];
      readonly problem?: undefined;
    }
  | { /** Why the request is malformed. */ readonly problem: string };

/**
 * Looks for a token in `places`, in their order, the path last: its last segment is only taken for a token when no
 * other place has one. A token parameter is taken out of the query whichever place wins. An empty token is none.
 */
export function findToken(places: readonly TokenPlace[], sources: TokenSources): TokenFinding {
  const { segments } = sources;
  const parameter = places.includes("query") ? scanQuery(sources.query, TOKEN_PARAMETER) : { values: [], rest: sources.query };
  if (parameter.values.length > 1) return { problem: `The query has more than one ${TOKEN_PARAMETER}.` };

  for (const place of places) {
    const token = place === "path" ? undefined : readToken(place, sources, parameter.values[0]);
    if (token === null) return { problem: `The query's ${TOKEN_PARAMETER} is not percent-encoded UTF-8.` };
    if (token) return { token, query: parameter.rest, segments };
  }
  const last = places.includes("path") ? segments.at(-1) : undefined;
  return last
    ? { token: last, query: parameter.rest, segments: segments.slice(0, -1) }
    : { token: undefined, query: parameter.rest, segments };
}

/** Undefined or empty: none here; null: malformed. */
function readToken(place: TokenPlace, sources: TokenSources, parameter: string | undefined): string | null | undefined {
  switch (place) {
    case "header":
      return sources.authorization === undefined ? undefined : scanBearer(sources.authorization);
    case "subprotocol":
      return sources.subprotocols.map(tokenFromSubprotocol).find(Boolean);
    case "query":
      return parameter === undefined ? undefined : decodeParameter(parameter);
    default:
      return undefined;
  }
}

function decodeParameter(value: string): string | null {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    return null;
  }
}
