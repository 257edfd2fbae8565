import { createHash } from "node:crypto";
import {
  type AuthChallenge,
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  type DigestHash,
  readAuthChallenges,
} from "@websockets-simple/shared";

/** A challenge of Digest that can be answered. What it says is in Latin-1, as it came. */
export interface DigestChallenge {
  readonly scheme: "digest";
  readonly algorithm: DigestAlgorithm;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** Whether it was only the nonce that was refused. */
  readonly isStale: boolean;
}

/** A challenge that can be answered. */
export type Challenge = { readonly scheme: "basic" } | DigestChallenge;

/** What a client was asked for: its next attempt need not be asked again. */
export interface KnownChallenge {
  challenge?: DigestChallenge | undefined;
  /** How often its nonce was used. */
  count: number;
}

/** What may be answered, and how: see option `credentials`. */
export interface AllowedAnswers {
  readonly scheme: readonly ("basic" | "digest")[];
  readonly algorithms: readonly DigestAlgorithm[];
  readonly basicWithoutTls: boolean;
}

/** What is shown of challenges in a message: names that everybody knows. What else a server writes there may be a secret. */
const KNOWN_SCHEMES = ["bearer", "dpop", "hoba", "mutual", "negotiate", "ntlm", "scram-sha-1", "scram-sha-256", "vapid"];
const KNOWN_ALGORITHMS = /^(MD5|SHA-256|SHA-512-256)(-SESS)?$/;

/**
 * Picks the strongest of a server's challenges that may be answered: Digest by SHA-256, by MD5 where that is allowed, Basic.
 *
 * @param option the name of the option that says so, for messages
 * @returns the challenge, or why there is none
 */
export function pickChallenge(
  values: readonly string[],
  allowed: AllowedAnswers,
  isPrivate: boolean,
  option: string,
): { readonly challenge: Challenge; readonly why?: undefined } | { readonly challenge?: undefined; readonly why: string } {
  const offered = values.flatMap((value) => readAuthChallenges(value) ?? []);
  const { scheme, algorithms, basicWithoutTls } = allowed;
  for (const algorithm of scheme.includes("digest") ? DIGEST_ALGORITHMS : []) {
    if (!algorithms.includes(algorithm)) continue;
    const challenge = offered.map((one) => toDigest(one, algorithm)).find(Boolean);
    if (challenge) return { challenge };
  }
  const hasBasic = offered.some((one) => one.scheme === "basic");
  if (hasBasic && scheme.includes("basic") && (isPrivate || basicWithoutTls)) return { challenge: { scheme: "basic" } };
  if (offered.length === 0) return { why: "without a challenge that could be read" };
  return { why: `it asks for ${[...new Set(offered.map(describe))].join(", ")}, which option ${option} does not answer` };

  function describe(one: AuthChallenge): string {
    const { scheme: name } = one;
    if (name === "basic") {
      return `Basic ${scheme.includes("basic") ? `without TLS (${option}.basicWithoutTls)` : `(${option}.scheme)`}`;
    }
    if (name !== "digest") return KNOWN_SCHEMES.includes(name) ? name : "an unknown scheme";
    const algorithm = algorithmOf(one);
    const isKnown = DIGEST_ALGORITHMS.some((known) => known === algorithm);
    const about = `Digest by ${KNOWN_ALGORITHMS.test(algorithm) ? algorithm : "an unknown algorithm"}`;
    if (!scheme.includes("digest")) return `${about} (${option}.scheme)`;
    if (isKnown && !algorithms.some((mine) => mine === algorithm)) return `${about} (${option}.algorithms)`;
    return isKnown ? `${about} without realm, nonce or qop="auth"` : about;
  }
}

function toDigest(challenge: AuthChallenge, algorithm: DigestAlgorithm): DigestChallenge | undefined {
  const { scheme, params } = challenge;
  if (scheme !== "digest" || algorithmOf(challenge) !== algorithm) return undefined;
  const [realm, nonce, opaque] = ["realm", "nonce", "opaque"].map((name) => params.get(name));
  const qops = (params.get("qop") ?? "").toLowerCase().split(/[ \t]*,[ \t]*/);
  // Without qop there is no count that would tell a request from one that is said again; auth-int is for requests with a body.
  if (realm === undefined || !nonce || !qops.includes("auth")) return undefined;
  return { scheme, algorithm, realm, nonce, opaque, isStale: params.get("stale")?.toLowerCase() === "true" };
}

/** In upper case; without one it is MD5 (RFC 7616 section 3.3). */
function algorithmOf({ params }: AuthChallenge): string {
  return (params.get("algorithm") ?? "MD5").toUpperCase();
}

/** A hash by its name in HTTP. */
export function hashOf(algorithm: DigestAlgorithm): DigestHash {
  const name = algorithm === "MD5" ? "md5" : "sha256";
  return (text) => createHash(name).update(text, "utf8").digest("hex");
}

/** What a header bears in UTF-8, which HTTP takes for Latin-1. */
export function readBytes(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}
