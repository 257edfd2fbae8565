import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { CloseCode } from "@websockets-simple/shared";
import { answer as answerByHttp, type Refusal } from "../http-answer.ts";
import {
  type Acceptance,
  checkUpgrade,
  type EngineSocket,
  type HeaderLines,
  headerValues,
  type SocketListener,
  type UpgradeHead,
} from "../socket.ts";
import { StopSignal } from "./asker.ts";
import { Candidate } from "./candidate.ts";
import { awaitToken, STATE_FAILED } from "./first-message.ts";
import type { Authentication, HandshakeParts } from "./handshake-parts.ts";
import { type ReadingRules, readRequest } from "./read-request.ts";
import type { SubprotocolChoice } from "./subprotocol.ts";
import { UpgradeRequest } from "./upgrade-request.ts";
import type { TooMany } from "./user-service.ts";

const BUSY: Refusal = { status: 503, reason: "Too many handshakes at once. Try again later.", headers: { "Retry-After": "1" } };
const TOO_EAGER: Refusal = { status: 400, reason: "Too much followed the request before its answer (RFC 6455 section 4.1)." };
const NOT_JUDGED: Refusal = {
  status: 503,
  reason: "The token could not be judged. Try again later.",
  headers: { "Retry-After": "1" },
};
const IGNORE: SocketListener = Object.freeze({
  message() {},
  taken() {},
  blocked() {},
  drained() {},
  failed() {},
  closed() {},
});

/** Judges upgrade requests: each ends as a connection, or with a clean answer, or is gone without a trace. */
export class Handshakes {
  readonly #parts: HandshakeParts;
  readonly #rules: ReadingRules;
  readonly #stop = new StopSignal();

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
    const { service, subprotocols, isHost, isOrigin, authentication } = parts;
    this.#rules = { service, subprotocols, isHost, isOrigin, places: authentication?.places ?? [] };
  }

  /** How many of its own are being judged, have not told their token yet, or still have something of the application's running. */
  get pending(): number {
    return this.#own().length;
  }

  /** Takes an upgrade request in. Never throws. @param at the service path's segments, where they are others than usual */
  take(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean, at?: readonly string[]): void {
    // A connection whose TLS handshake ends only now.
    if (this.#stop.isStopped) return void stream.destroy();
    const origin = this.#parts.originOf(request, stream, isUnix);
    const candidate = new Candidate(request, stream, head, origin, this.#parts.pending, this.#stop);
    const refusal = checkUpgrade(request) ?? this.#parts.loopDelay.judge() ?? this.#parts.limits.judgeUpgrade(stream, origin);
    if (refusal) return void this.#refuse(candidate, refusal);
    if (this.#parts.pending.size >= this.#parts.maxPending) return void this.#refuse(candidate, BUSY);
    candidate.enter();
    this.#judge(candidate, at ? { ...this.#rules, service: { segments: at, reach: "all" } } : this.#rules).catch((thrown) => {
      candidate.leave();
      stream.destroy();
      this.#parts.failed(thrown);
    });
    candidate.wait(() => this.#refuse(candidate, TOO_EAGER));
  }

  /**
   * Takes nobody in any more, and waits no longer for what the application answers.
   *
   * @param answer what those that are pending get, and have not been accepted for the sake of their token. Default: nothing, they
   *   are destroyed
   */
  abort(answer?: Refusal): void {
    for (const candidate of this.#own()) {
      if (!answer) candidate.leave();
      else if (candidate.dismiss()) this.#refuse(candidate, answer);
    }
    this.#stop.stop();
  }

  #own(): readonly Candidate[] {
    return [...this.#parts.pending].filter(({ stop }) => stop === this.#stop);
  }

  async #judge(candidate: Candidate, rules: ReadingRules): Promise<void> {
    const { authentication, httpAuthenticate, verifyRequest, createState } = this.#parts;
    const reading = readRequest(candidate.request, rules);
    if (reading.refusal) return this.#refuse(candidate, reading.refusal);
    const { target, choice, token } = reading;
    const isByMessage = authentication?.places.includes("message") === true;
    if (authentication && !isByMessage && token === undefined) return this.#unauthorized(candidate, choice, "no token");

    let upgrade: UpgradeRequest;
    if (httpAuthenticate) {
      const toRequest = (userName?: string): UpgradeRequest => {
        const rawHeaders = withoutHeader(candidate.request.rawHeaders, "authorization");
        return new UpgradeRequest({ rawHeaders }, candidate.stream, candidate.origin, { ...target, userName });
      };
      const verdict = await candidate.keepPlace(httpAuthenticate(candidate.request, toRequest(), candidate));
      if (candidate.isGone) return;
      if (verdict.refusal) return this.#refuse(candidate, verdict.refusal);
      upgrade = toRequest(verdict.userName);
    } else upgrade = new UpgradeRequest(candidate.request, candidate.stream, candidate.origin, target);
    let headers: HeaderLines | undefined;
    if (verifyRequest) {
      const asked = verifyRequest(upgrade, candidate);
      const ruling = asked instanceof Promise ? await candidate.keepPlace(asked) : asked;
      // Who has gone was not refused.
      if (candidate.isGone) return;
      if (ruling.refusal) return this.#refuse(candidate, ruling.refusal);
      headers = ruling.headers;
    }
    let userId: unknown;
    if (authentication && !isByMessage) {
      const verdict = await authentication.identify(token as string, candidate);
      if (verdict === "gone" || candidate.isGone) return;
      if (verdict === "refused") return this.#unauthorized(candidate, choice, "the token was refused");
      if (verdict === "failed") return this.#refuse(candidate, NOT_JUDGED);
      if ("tooMany" in verdict) return this.#refuse(candidate, tooMany(verdict));
      userId = verdict.userId;
    }
    if (choice.problem !== undefined) return this.#refuse(candidate, { status: 400, reason: choice.problem });

    const answer: Acceptance = { subprotocol: choice.answer, headers };
    if (isByMessage) return this.#accept(candidate, answer, (socket) => this.#awaitToken(socket, candidate, upgrade));
    let data: unknown;
    if (createState) {
      try {
        data = await candidate.keepPlace(createState(upgrade, userId, this.#stop));
      } catch {
        if (!candidate.isGone) this.#refuse(candidate, { status: 500, reason: STATE_FAILED });
        return;
      }
      if (candidate.isGone) return;
    }
    this.#accept(candidate, answer, (socket) => {
      candidate.release();
      return this.#parts.admit(socket, upgrade, data, userId);
    });
  }

  #awaitToken(socket: EngineSocket, candidate: Candidate, upgrade: UpgradeRequest): SocketListener {
    const { authentication, createState, clock, maxPayload, admit, refused, failed } = this.#parts;
    const { identify, timeoutMs, unauthorizedString } = authentication as Authentication;
    return awaitToken(socket, {
      clock,
      timeoutMs,
      maxPayload,
      gone: candidate.gone,
      identify: (token) => identify(token, candidate),
      createState: async (userId) => createState && candidate.keepPlace(createState(upgrade, userId, this.#stop)),
      admit: (data, userId) => admit(socket, upgrade, data, userId),
      refuse: (code, why) => {
        refused(code, why, candidate.origin.address);
        if (code === CloseCode.unauthorized && unauthorizedString !== undefined) socket.send(unauthorizedString);
        turnAway(socket, code, why);
      },
      leave: () => candidate.leave(),
      over: () => candidate.release(),
      failed,
    });
  }

  /** HTTP 401; for browsers, which cannot see one, an accepted connection that is closed with 4401. */
  #unauthorized(candidate: Candidate, choice: SubprotocolChoice, why: string): void {
    const { onUnauthorized, unauthorizedString } = this.#parts.authentication as Authentication;
    const isClosing =
      onUnauthorized === "close" ||
      (onUnauthorized === "auto" && headerValues(candidate.request.rawHeaders, "origin").length > 0);
    if (!isClosing) {
      const reason = unauthorizedString ?? `Unauthorized: ${why}.`;
      return void this.#refuse(candidate, { status: 401, reason, headers: { "WWW-Authenticate": "Bearer" } });
    }
    // Whatever the application has added is for those whom it lets in.
    this.#accept(candidate, { subprotocol: choice.refusal }, (socket) => {
      candidate.release();
      this.#parts.refused(CloseCode.unauthorized, why, candidate.origin.address);
      if (unauthorizedString !== undefined) socket.send(unauthorizedString);
      turnAway(socket, CloseCode.unauthorized, `unauthorized: ${why}`);
      return IGNORE;
    });
  }

  #accept(candidate: Candidate, answer: Acceptance, opened: (socket: EngineSocket) => SocketListener): void {
    const { request, stream } = candidate;
    this.#parts.acceptor.accept(request, stream, candidate.takeBehind(), answer, (socket) => {
      candidate.handOver();
      // The listener has set it, but ws sets it once more.
      if (!this.#parts.noDelay) (stream as Partial<Socket>).setNoDelay?.(false);
      return opened(socket);
    });
  }

  #refuse(candidate: Candidate, refusal: Refusal): void {
    candidate.release();
    this.#parts.refused(refusal.status, refusal.reason, candidate.origin.address);
    answerByHttp(candidate.stream, refusal, this.#parts.clock);
  }
}

/** Names and values in turn, without those of one name. */
function withoutHeader(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => rawHeaders[index - (index % 2)]?.toLowerCase() !== name);
}

function tooMany({ tooMany: what, waitMs }: TooMany): Refusal {
  return { status: 429, reason: `${what} Try again later.`, headers: { "Retry-After": String(Math.ceil(waitMs / 1_000)) } };
}

/** Closes on a stranger, who may still send until it hears of that, but nothing that would be kept. */
function turnAway(socket: EngineSocket, code: number, why: string): void {
  socket.setMaxPayload(1);
  socket.close(code, why);
}
