import type { DigestAlgorithm } from "@websockets-simple/shared";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";

/** How a password is known: as it is, or by its digest. */
export type KnownPassword =
  /** The password itself. */
  | string
  /**
   * H(A1) of RFC 7616 section 3.4.2 in hexadecimal digits, SHA-256 or MD5 by its length, or both: the digest of
   * `username:realm:password`. In its realm it is worth as much as the password.
   */
  | { readonly ha1: string | readonly string[] };

/**
 * Says what password a user has. It MAY be asynchronous. For a user that it does not know it MUST return null or undefined; it
 * SHOULD take the same time for those. To throw, reject, take longer than `limits.headersTimeoutMs` or answer anything else is a
 * failure: nobody is let in, and `error` tells of it.
 *
 * @param username never empty, without colons and control characters
 * @param request what is asked for; its `headers` are without `authorization`
 */
export type FindPassword = (
  username: string,
  request: UpgradeRequest,
) => KnownPassword | null | undefined | Promise<KnownPassword | null | undefined>;

/** A scheme of HTTP authentication. */
export type HttpAuthenticationScheme = "basic" | "digest";

/** How clients show who they are by user name and password (RFC 7617, RFC 7616). */
export interface HttpAuthenticationOptions {
  /** Says what password a user has. */
  credentials: FindPassword;
  /**
   * How passwords travel: `"digest"` proves that the client knows it, `"basic"` tells it. One of them, or both. Default:
   * `"digest"`.
   */
  scheme?: HttpAuthenticationScheme | readonly HttpAuthenticationScheme[] | undefined;
  /** What users are told they log in to; 1 to 128 characters of ASCII, without quotes and backslashes. Default: `"WebSocket"`. */
  realm?: string | undefined;
  /** The algorithms of Digest. Name MD5 only for clients that know nothing else. Default: `["SHA-256"]`. */
  algorithms?: readonly DigestAlgorithm[] | undefined;
  /**
   * How long a nonce of Digest is good for, in milliseconds, 1,000 to 3,600,000. A client with an older one is told so, and
   * comes once more by itself. Default: 60,000.
   */
  nonceLifetimeMs?: number | undefined;
  /**
   * Whether Basic may come without TLS from elsewhere than this machine: anybody on the way reads the password. A proxy that ends
   * TLS is believed by `trustProxy`. Default: false.
   */
  basicWithoutTls?: boolean | undefined;
}
