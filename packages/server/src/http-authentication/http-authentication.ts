import { type AuthChallenge, readAuthChallenges } from "@websockets-simple/shared";
import { isLoopback } from "../addresses/ip.ts";
import type { Clock } from "../clock.ts";
import type { Asker } from "../handshake/asker.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import type { GuessWatch } from "../handshake/user-service.ts";
import { waitFor } from "../handshake/wait-for.ts";
import type { Refusal } from "../http-answer.ts";
import { headerValues, type UpgradeHead } from "../socket.ts";
import { type DigestClaim, fromUtf8, readDigest } from "./digest-claim.ts";
import { Nonces } from "./nonces.ts";
import type { KnownPassword } from "./options.ts";
import { isPassword, isResponse, readKnown } from "./passwords.ts";
import type { CheckedHttpAuthentication } from "./rules.ts";

/** Whose request it is, or how it is refused. */
export type HttpVerdict =
  | { readonly userName: string; readonly refusal?: undefined }
  | { readonly userName?: undefined; readonly refusal: Refusal };

/** Judges who is asking, by user name and password; never rejects. */
export type HttpAuthenticate = (head: UpgradeHead, request: UpgradeRequest, asker: Asker) => Promise<HttpVerdict>;

/** What that needs of its surroundings. */
export interface HttpAuthenticationParts {
  readonly clock: Clock;
  /** How long the application has, in milliseconds. */
  readonly timeoutMs: number;
  /** Undefined: anybody may guess. */
  readonly guesses: GuessWatch | undefined;
  /** Told of each failure of the application's. */
  failed(thrown: unknown): void;
}

/** What is to be proven, read and worth a question to the application. */
interface Claim {
  readonly username: string;
  isProven(known: KnownPassword | undefined): boolean;
  /** Whether it may be said now; false: it was said before. */
  isFirst(): boolean;
}

const NOT_TEXT = "not a user name and a password in base64 and UTF-8, between them a colon";
const NOT_JUDGED: HttpVerdict = Object.freeze({
  refusal: {
    status: 503,
    reason: "The password could not be judged. Try again later.",
    headers: { "Retry-After": "1" },
  } satisfies Refusal,
});

/** Stands before the application's passwords: HTTP Basic and Digest. */
export function httpAuthentication(options: CheckedHttpAuthentication, parts: HttpAuthenticationParts): HttpAuthenticate {
  const { schemes, realm, algorithms, nonceLifetimeMs, basicWithoutTls } = options;
  const { clock, timeoutMs, guesses, failed } = parts;
  const nonces = new Nonces(clock, nonceLifetimeMs);

  /** One challenge for each scheme and algorithm, the strongest first: clients take the first that they know. */
  function unauthorized(isPrivate: boolean, why: string, isStale = false): HttpVerdict {
    const challenges: string[] = [];
    for (const algorithm of schemes.includes("digest") ? algorithms : []) {
      const stale = isStale ? ", stale=true" : "";
      challenges.push(
        `Digest realm="${realm}", qop="auth", algorithm=${algorithm}, nonce="${nonces.make()}", charset=UTF-8${stale}`,
      );
    }
    if (schemes.includes("basic") && isPrivate) challenges.push(`Basic realm="${realm}", charset="UTF-8"`);
    if (challenges.length === 0) {
      return refuse(403, "A password is taken over TLS only (option httpAuthentication.basicWithoutTls).");
    }
    return refuse(401, `Unauthorized: ${why}.`, { "WWW-Authenticate": challenges });
  }

  function readBasic(token68: string): Claim | undefined {
    const text = fromUtf8(Buffer.from(token68, "base64")) ?? "";
    const colon = text.indexOf(":");
    const username = text.slice(0, colon);
    if (colon < 1 || hasControls(text) || /\p{Cc}/u.test(username)) return undefined;
    return {
      username,
      isProven: (known) => isPassword(text.slice(colon + 1), username, realm, known),
      isFirst: () => true,
    };
  }

  function readDigestClaim(claim: DigestClaim, method: string, isPrivate: boolean): Claim | HttpVerdict {
    const { username, nonce, nc } = claim;
    const algorithm = algorithms.find((name) => name === claim.algorithm);
    if (!algorithm || claim.realm !== realm) return unauthorized(isPrivate, "that was not asked for");
    const verdict = nonces.judge(nonce);
    if (verdict === "forged") return unauthorized(isPrivate, "the nonce is none of this server's");
    if (verdict === "stale") return unauthorized(isPrivate, "the nonce is too old", true);
    return {
      username,
      isProven: (known) => isResponse(claim, algorithm, method, known),
      isFirst: () => nonces.use(nonce, Number.parseInt(nc, 16)),
    };
  }

  function read({ scheme, token68, params }: AuthChallenge, head: UpgradeHead, isPrivate: boolean): Claim | HttpVerdict {
    if (scheme === "basic" && schemes.includes("basic") && isPrivate) {
      return readBasic(token68 ?? "") ?? refuse(400, `The Authorization header is malformed: ${NOT_TEXT}.`);
    }
    if (scheme !== "digest" || !schemes.includes("digest")) return unauthorized(isPrivate, "that was not asked for");
    const claim = readDigest(params);
    if (typeof claim === "string") return refuse(400, `The Authorization header has no ${claim} of use.`);
    if (!isTarget(claim.uri, head.url ?? "")) {
      return refuse(400, "The uri of the Authorization header is not that of the request.");
    }
    return readDigestClaim(claim, head.method ?? "", isPrivate);
  }

  /** Asks the application; undefined: there was no answer. */
  async function find(username: string, request: UpgradeRequest, asker: Asker) {
    try {
      const finding = (async () => readKnown(await options.credentials(username, request)))();
      const outcome = await waitFor(finding, timeoutMs, clock, asker.stop);
      if (outcome === "late") failed(new Error(`no answer within limits.headersTimeoutMs ${timeoutMs}`));
      return typeof outcome === "string" ? undefined : { known: outcome.value };
    } catch (thrown) {
      failed(thrown);
      return undefined;
    }
  }

  return async (head, request, asker) => {
    const values = headerValues(head.rawHeaders, "authorization");
    const isPrivate = basicWithoutTls || request.secure || isLoopback(request.remoteAddress);
    const [value] = values;
    if (value === undefined) return unauthorized(isPrivate, "a user name and a password are needed");
    const given = values.length === 1 ? readAuthChallenges(value) : undefined;
    if (given?.length !== 1) return refuse(400, "The Authorization header is malformed.");
    const claim = read(given[0] as AuthChallenge, head, isPrivate);
    if (!("isProven" in claim)) return claim;

    const waitMs = guesses?.waitMs(asker.address);
    if (waitMs) return tooManyGuesses(waitMs);
    guesses?.begin(asker.address);
    let isWrong = false;
    try {
      const found = await find(claim.username, request, asker);
      if (!found) return NOT_JUDGED;
      isWrong = !claim.isProven(found.known);
      if (isWrong) return unauthorized(isPrivate, "the user name or the password is wrong");
      // Said a second time it proves nothing; who knows the password may say it anew.
      if (!claim.isFirst()) return unauthorized(isPrivate, "that was said before", true);
      return { userName: claim.username };
    } finally {
      guesses?.end(asker.address, isWrong);
    }
  };
}

function refuse(status: number, reason: string, headers?: Refusal["headers"]): HttpVerdict {
  return { refusal: { status, reason, ...(headers && { headers }) } };
}

function tooManyGuesses(waitMs: number): HttpVerdict {
  const reason = "Too many wrong passwords from this address: see option guessLimit. Try again later.";
  return refuse(429, reason, { "Retry-After": String(Math.ceil(waitMs / 1_000)) });
}

/** Whether a uri is the request's target, which for a proxy begins with scheme and host (RFC 9112 section 3.2.2). */
function isTarget(uri: string, url: string): boolean {
  return uri === url || uri === url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
}

function hasControls(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
