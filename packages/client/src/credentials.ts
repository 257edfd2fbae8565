import { toError } from "@websockets-simple/shared";

/** A token, or a function that is asked for one anew at every attempt. */
export type TokenSource = string | ((request: TokenRequest) => string | Promise<string>);

/** Why a token is asked for. */
export interface TokenRequest {
  /** true when the last one was just refused: do not answer from a cache. */
  readonly fresh: boolean;
}

/**
 * Gets the token for one attempt.
 *
 * @throws WebsocketsSimpleError `TOKEN_FAILED` when the function throws, rejects or answers with no string
 */
export async function getToken(source: TokenSource, request: TokenRequest): Promise<string> {
  if (typeof source === "string") return source;
  try {
    const token: unknown = await source(request);
    if (typeof token === "string") return token;
    throw new Error(`it answered with ${token === null ? "null" : typeof token}, not a string`);
  } catch (thrown) {
    throw toError("TOKEN_FAILED", "the token function failed", thrown);
  }
}
