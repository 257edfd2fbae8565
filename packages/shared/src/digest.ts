/** The algorithms of HTTP Digest that are spoken here (RFC 7616 section 6.1), the strongest first. */
export const DIGEST_ALGORITHMS = ["SHA-256", "MD5"] as const;

/** One of them. MD5 is for old peers only. */
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** The digest of a text's UTF-8, in small hexadecimal digits. */
export type DigestHash = (text: string) => string;

/** What a digest is made over besides the secret. */
export interface DigestUse {
  readonly method: string;
  /** The request's target, as it is sent. */
  readonly uri: string;
  readonly nonce: string;
  /** How often the nonce has been used, this time included: eight hexadecimal digits. */
  readonly nc: string;
  readonly cnonce: string;
}

/** What stands for a password: H(A1) of RFC 7616 section 3.4.2, which is worth as much in its realm. */
export function digestSecret(hash: DigestHash, username: string, realm: string, password: string): string {
  return hash(`${username}:${realm}:${password}`);
}

/** The `response` of Digest with qop=auth (RFC 7616 section 3.4.1). */
export function digestResponse(hash: DigestHash, secret: string, { method, uri, nonce, nc, cnonce }: DigestUse): string {
  return hash(`${secret}:${nonce}:${nc}:${cnonce}:auth:${hash(`${method}:${uri}`)}`);
}
