/** The texts of the classic wire's heartbeat. */
export const PING = "ping";
export const PONG = "pong";

/**
 * Tells the heartbeat's texts from messages: compared trimmed and without case, as WebsocketsSimple does.
 * The length check keeps the common case free of work.
 */
export function heartbeatText(text: string | Uint8Array): typeof PING | typeof PONG | undefined {
  if (typeof text !== "string" || text.length > 64) return undefined;
  const word = text.trim().toLowerCase();
  return word === PING || word === PONG ? word : undefined;
}

/**
 * The subprotocol that carries a token: the client offers this name followed by one subprotocol that is
 * `TOKEN_PREFIX` + the token in base64url (RFC 4648 section 5, unpadded). The server answers with an application
 * subprotocol where one is agreed upon, else with this name.
 */
export const TOKEN_SUBPROTOCOL = "websockets-simple.token";
/**
 * What a server answers with that accepts a connection only to close it with 4401, where the client offers it. So a
 * client in a browser, which cannot see an HTTP 401, never takes a refusal for a connection.
 */
export const REFUSED_SUBPROTOCOL = "websockets-simple.refused";
/** What a token's own subprotocol begins with. */
export const TOKEN_PREFIX = "websockets-simple.token.";

/** The query parameter that carries a token when `tokenIn` is `"query"` (RFC 6750 section 2.3). */
export const TOKEN_PARAMETER = "access_token";

/** Where a token travels. */
export type TokenPlace = "path" | "query" | "header" | "subprotocol" | "message";

/** Writes a token as the subprotocol that carries it. */
export function tokenToSubprotocol(token: string): string {
  const bytes = new TextEncoder().encode(token);
  // One by one: as arguments of one call, the bytes of a large token would overflow the stack.
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return TOKEN_PREFIX + base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Reads the token from an offered subprotocol; undefined when it carries none or is malformed. */
export function tokenFromSubprotocol(name: string): string | undefined {
  if (!name.startsWith(TOKEN_PREFIX)) return undefined;
  try {
    const binary = atob(name.slice(TOKEN_PREFIX.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Every spelling in which a token travels, and so may come back in what the other side says: as it is, as a path and as a
 * query write it, and in both alphabets of base64, whose padding tells nothing. None for an empty token.
 */
export function spellToken(token: string): string[] {
  if (token === "") return [];
  const base64url = tokenToSubprotocol(token).slice(TOKEN_PREFIX.length);
  const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
  return [base64, base64url, `${new URLSearchParams({ "": token })}`.slice(1), encodeURIComponent(token), token];
}

/** Shorter ones are found in any sentence, and are no secrets. */
const MIN_SECRET_LENGTH = 4;

/** A character that is none, so that no token is found in "[token]". */
const HIDDEN = "\uFFFF";

/**
 * Puts `[token]` in the place of a token, by its spellings; at the end of the text also in that of its beginning, since
 * what is said may have been cut off there.
 */
export function hideToken(text: string, spellings: readonly string[]): string {
  let shown = text;
  for (const secret of spellings) {
    if (secret.length < MIN_SECRET_LENGTH) continue;
    shown = shown.replaceAll(secret, HIDDEN);
    for (let length = secret.length; length >= MIN_SECRET_LENGTH; length--) {
      if (shown.endsWith(secret.slice(0, length))) shown = shown.slice(0, -length) + HIDDEN;
    }
  }
  return shown.replaceAll(HIDDEN, "[token]");
}
