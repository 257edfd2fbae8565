import { randomBytes } from "node:crypto";
import { digestResponse, digestSecret, quoteAuthParam, WebsocketsSimpleError } from "@websockets-simple/shared";
import { type Challenge, type DigestChallenge, hashOf, type KnownChallenge, pickChallenge, readBytes } from "./challenge.node.ts";
import type { CheckedCredentials } from "./platform.ts";

/** A request that a password goes with. */
export interface LoginRequest {
  readonly method: string;
  /** The request's target, as it is sent. */
  readonly uri: string;
  /** Whether nobody on the way can read it: TLS, or this machine. */
  readonly isPrivate: boolean;
}

/** What was sent last: nothing, Basic without being asked, Digest as asked for by an earlier attempt, or an answer. */
type Sent = "nothing" | "basic" | "known" | "answer";

const REFUSED = "the user name or the password is refused";

/**
 * Shows in one attempt who the client is, to a server (RFC 9110 section 11.6) or to a proxy (section 11.7): a challenge is
 * answered once, and once more where the server says that its nonce was too old.
 */
export class Login {
  readonly #credentials: CheckedCredentials;
  readonly #known: KnownChallenge;
  readonly #option: string;
  #challenge: Challenge | undefined;
  #sent: Sent = "nothing";
  #wasStale = false;

  /** @param option the name of the option that `credentials` are, for messages */
  constructor(credentials: CheckedCredentials, known: KnownChallenge, option: string) {
    this.#credentials = credentials;
    this.#known = known;
    this.#option = option;
  }

  /**
   * The value of `Authorization`, or `Proxy-Authorization`, for the next request; undefined: none yet.
   *
   * @throws WebsocketsSimpleError `INVALID_OPTION` where the password would be told to everybody on the way
   */
  header(request: LoginRequest): string | undefined {
    const challenge = this.#challenge ?? this.#known.challenge;
    const { preemptive, scheme, basicWithoutTls } = this.#credentials;
    if (challenge) this.#sent = this.#challenge ? "answer" : "known";
    if (challenge?.scheme === "digest") return this.#digest(challenge, request);
    if (!challenge && !(preemptive && scheme.includes("basic"))) return undefined;
    if (!request.isPrivate && !basicWithoutTls) {
      const why = `no Basic without TLS, but to this machine, unless ${this.#option}.basicWithoutTls is true`;
      throw new WebsocketsSimpleError("INVALID_OPTION", `option ${this.#option}.preemptive: ${why}`);
    }
    if (!challenge) this.#sent = "basic";
    const { username, password } = this.#credentials;
    return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  }

  /**
   * The request was refused for want of a password.
   *
   * @param values what came as `WWW-Authenticate`, or `Proxy-Authenticate`
   * @returns why that is final; undefined: it is to be sent again, with what `header` gives now
   */
  challenged(values: readonly string[], isPrivate: boolean): string | undefined {
    const { challenge, why } = pickChallenge(values, this.#credentials, isPrivate, this.#option);
    this.#known.challenge = undefined;
    if (this.#sent === "answer") {
      // Whoever knows the password is told so that only the nonce was wrong.
      if (this.#wasStale || challenge?.scheme !== "digest" || !challenge.isStale) return `${REFUSED} (option ${this.#option})`;
      this.#wasStale = true;
    }
    if (!challenge) return why;
    if (challenge.scheme === "basic" && this.#sent === "basic") return `${REFUSED} (option ${this.#option})`;
    this.#challenge = challenge;
    if (challenge.scheme === "digest") Object.assign(this.#known, { challenge, count: 0 });
    return undefined;
  }

  #digest({ algorithm, realm, nonce, opaque }: DigestChallenge, { method, uri }: LoginRequest): string {
    const { username, password } = this.#credentials;
    const hash = hashOf(algorithm);
    const nc = (++this.#known.count).toString(16).padStart(8, "0");
    const cnonce = randomBytes(16).toString("base64url");
    const secret = digestSecret(hash, username, readBytes(realm), password);
    const response = digestResponse(hash, secret, { method, uri, nonce: readBytes(nonce), nc, cnonce });
    const isAscii = /^[ -~]*$/.test(username);
    return `Digest ${[
      // RFC 8187, for what a quoted text cannot hold.
      isAscii ? `username=${quoteAuthParam(username)}` : `username*=UTF-8''${encodeExtended(username)}`,
      `realm=${quoteAuthParam(realm)}`,
      `nonce=${quoteAuthParam(nonce)}`,
      `uri=${quoteAuthParam(uri)}`,
      `response="${response}"`,
      `algorithm=${algorithm}`,
      `cnonce="${cnonce}"`,
      ...(opaque === undefined ? [] : [`opaque=${quoteAuthParam(opaque)}`]),
      "qop=auth",
      `nc=${nc}`,
    ].join(", ")}`;
  }
}

function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
