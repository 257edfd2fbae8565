import { createHash, timingSafeEqual } from "node:crypto";
import {
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  type DigestHash,
  digestResponse,
  digestSecret,
} from "@websockets-simple/shared";
import type { DigestClaim } from "./digest-claim.ts";
import type { KnownPassword } from "./options.ts";

/** With it is computed for users who do not exist what is computed for others. */
const NOBODYS = "nobody's";
const EXPECTED = "a password, { ha1 } with SHA-256 or MD5 in hexadecimal digits, or null";

/** A hash by its name in HTTP. */
export function hashOf(algorithm: DigestAlgorithm): DigestHash {
  const name = algorithm === "MD5" ? "md5" : "sha256";
  return (text) => createHash(name).update(text, "utf8").digest("hex");
}

/**
 * Compares in a time that tells nothing of where two secrets differ, nor how long the known one is: of both it is their digests
 * that are compared.
 */
export function isSameSecret(given: string, known: string): boolean {
  const [one, other] = [given, known].map((text) => createHash("sha256").update(text, "utf8").digest()) as [Buffer, Buffer];
  return timingSafeEqual(one, other);
}

/**
 * What an application has answered; undefined: it knows no such user. An empty password lets nobody in.
 *
 * @throws Error that says what is wrong with the answer, and does not show it
 */
export function readKnown(answer: unknown): KnownPassword | undefined {
  if (answer === null || answer === undefined || answer === "") return undefined;
  if (typeof answer === "string") return answer;
  const { ha1 } = answer as { ha1?: unknown };
  const digests = [ha1].flat();
  const isFine = digests.length > 0 && digests.every((text) => typeof text === "string" && algorithmOf(text) !== undefined);
  if (!isFine) throw new Error(`expected ${EXPECTED}; got ${typeof answer === "object" ? "another object" : typeof answer}`);
  return { ha1: digests as string[] };
}

/** Whether a password is the known one. What is done is the same whoever it is, or the time would tell. */
export function isPassword(given: string, username: string, realm: string, known: KnownPassword | undefined): boolean {
  const matches = DIGEST_ALGORITHMS.map((algorithm) => {
    const secret = secretOf(algorithm, username, realm, known);
    return isSameSecret(digestSecret(hashOf(algorithm), username, realm, given), secret.value) && secret.isKnown;
  });
  return matches.includes(true);
}

/** Whether a response of Digest is that of somebody who knows the password. */
export function isResponse(
  claim: DigestClaim,
  algorithm: DigestAlgorithm,
  method: string,
  known: KnownPassword | undefined,
): boolean {
  const { username, realm, response } = claim;
  const secret = secretOf(algorithm, username, realm, known);
  return isSameSecret(response, digestResponse(hashOf(algorithm), secret.value, { ...claim, method })) && secret.isKnown;
}

/** What stands for the password, or for that of nobody: computed though it be known already. */
function secretOf(
  algorithm: DigestAlgorithm,
  username: string,
  realm: string,
  known: KnownPassword | undefined,
): { readonly value: string; readonly isKnown: boolean } {
  const value = digestSecret(hashOf(algorithm), username, realm, typeof known === "string" ? known : NOBODYS);
  if (typeof known === "string") return { value, isKnown: true };
  const given = known && [known.ha1].flat().find((text) => algorithmOf(text) === algorithm);
  return given === undefined ? { value, isKnown: false } : { value: given.toLowerCase(), isKnown: true };
}

function algorithmOf(ha1: string): DigestAlgorithm | undefined {
  if (!/^[\da-f]+$/i.test(ha1)) return undefined;
  return ha1.length === 64 ? "SHA-256" : ha1.length === 32 ? "MD5" : undefined;
}
