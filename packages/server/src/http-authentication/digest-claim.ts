import type { AuthChallenge } from "@websockets-simple/shared";

/** What a client says by Digest (RFC 7616 section 3.4). */
export interface DigestClaim {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  /** In upper case; without one it is MD5. */
  readonly algorithm: string;
  readonly cnonce: string;
  readonly nc: string;
}

/**
 * Reads what a client says by Digest, with qop=auth.
 *
 * @param params names and values as they came, in Latin-1
 * @returns what is wrong with it, or what it says
 */
export function readDigest(params: AuthChallenge["params"]): DigestClaim | string {
  const [realm, nonce, uri, response, cnonce, nc] = ["realm", "nonce", "uri", "response", "cnonce", "nc"].map((name) =>
    params.get(name),
  );
  const username = readName(params);
  // Neither can be said by Basic, nor by a client of ours; and it ends up in logs.
  if (username === undefined || /[:\p{Cc}]/u.test(username)) return "username";
  if (realm === undefined) return "realm";
  if (!nonce) return "nonce";
  if (!uri) return "uri";
  if (!cnonce) return "cnonce";
  // Without qop, as in RFC 2069, nothing would keep it from being said again.
  if (params.get("qop")?.toLowerCase() !== "auth") return "qop";
  if (!nc || !/^(?!0{8})[\da-f]{8}$/i.test(nc)) return "nc";
  if (!response || !/^[\da-f]{32,64}$/i.test(response)) return "response";
  // Of users by the digest of their names there is no list.
  if (params.get("userhash")?.toLowerCase() === "true") return "userhash";
  const algorithm = (params.get("algorithm") ?? "MD5").toUpperCase();
  return { username, realm, nonce, uri, response: response.toLowerCase(), algorithm, cnonce, nc };
}

/** The user's name, in one of its two ways. */
function readName(params: AuthChallenge["params"]): string | undefined {
  const plain = params.get("username");
  const extended = params.get("username*");
  if (extended === undefined) return plain ? fromLatin1(plain) : undefined;
  // RFC 8187.
  const value = /^utf-8'[\w-]*'([\w!#$&+\-.^`|~%]+)$/i.exec(extended)?.[1];
  if (value === undefined || plain !== undefined) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** Reads bytes that HTTP took for Latin-1 as UTF-8; undefined when they are none. */
export function fromLatin1(text: string): string | undefined {
  return fromUtf8(Buffer.from(text, "latin1"));
}

/** Undefined when it is no UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
