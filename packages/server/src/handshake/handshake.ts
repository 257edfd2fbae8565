import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { CloseCode, type TokenPlace } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import type { CreateState } from "../create-state.ts";
import { answer, type Refusal } from "../http-answer.ts";
import {
  type Acceptor,
  checkUpgrade,
  type EngineSocket,
  headerList,
  headerValues,
  type SocketListener,
  type UpgradeHead,
} from "../socket.ts";
import { type Asker, StopSignal } from "./asker.ts";
import { Candidate } from "./candidate.ts";
import { awaitToken, STATE_FAILED } from "./first-message.ts";
import { scanSubprotocols } from "./scanners.ts";
import { chooseSubprotocol, type SubprotocolChoice } from "./subprotocol.ts";
import { below, parseTarget } from "./target.ts";
import { findToken } from "./token.ts";
import { UpgradeRequest } from "./upgrade-request.ts";
import type { Verdict } from "./user-service.ts";

/** How users are told by their tokens. */
export interface Authentication {
  /** Where tokens are looked for; `["message"]`: in the first message. */
  readonly places: readonly TokenPlace[];
  readonly unauthorizedString: string | undefined;
  readonly onUnauthorized: "auto" | "http" | "close";
  readonly timeoutMs: number;
  identify(token: string, asker: Asker): Promise<Verdict<unknown>>;
}

/** What a handshake needs of its surroundings. */
export interface HandshakeParts {
  readonly clock: Clock;
  readonly acceptor: Acceptor;
  readonly service: readonly string[];
  readonly subprotocols: readonly string[];
  readonly maxPending: number;
  readonly maxPayload: number;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  readonly authentication: Authentication | undefined;
  /** Makes the application's state; rejects when that failed, which was reported. Undefined: there is none to make. */
  readonly createState: CreateState | undefined;
  /** Makes a connection of an open socket. */
  admit(socket: EngineSocket, request: UpgradeRequest, data: unknown, userId: unknown): SocketListener;
  /** Counts a refusal: an HTTP status, or a close code. */
  refused(status: number, reason: string, stream: Duplex): void;
  /** Tells of what should not have happened. */
  failed(thrown: unknown): void;
}

const BUSY: Refusal = { status: 503, reason: "Too many handshakes at once. Try again later.", headers: { "Retry-After": "1" } };
const TOO_EAGER: Refusal = { status: 400, reason: "Too much followed the request before its answer (RFC 6455 section 4.1)." };
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
  readonly #pending = new Set<Candidate>();
  readonly #stop = new StopSignal();

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
  }

  /** How many are being judged, have not told their token yet, or still have `createState` running. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Takes an upgrade request in. Never throws. */
  take(request: UpgradeHead, stream: Duplex, head: Buffer): void {
    // A connection whose TLS handshake ends only now.
    if (this.#stop.isStopped) return void stream.destroy();
    const candidate = new Candidate(request, stream, head, this.#pending, this.#stop);
    const malformed = checkUpgrade(request);
    if (malformed) return void this.#refuse(candidate, malformed);
    if (this.#pending.size >= this.#parts.maxPending) return void this.#refuse(candidate, BUSY);
    candidate.enter();
    this.#judge(candidate).catch((thrown) => {
      candidate.leave();
      stream.destroy();
      this.#parts.failed(thrown);
    });
    candidate.wait(() => this.#refuse(candidate, TOO_EAGER));
  }

  /** The server stops: destroys all that are pending, and waits no longer for what the application answers. */
  abort(): void {
    for (const candidate of this.#pending) candidate.leave();
    this.#stop.stop();
  }

  async #judge(candidate: Candidate): Promise<void> {
    const { authentication, createState, service, subprotocols } = this.#parts;
    const { request, stream } = candidate;
    const bad = (reason: string): void => this.#refuse(candidate, { status: 400, reason });

    const target = parseTarget(request.url ?? "");
    if (!target) return bad("The request target is malformed.");
    const segments = below(service, target.segments);
    if (!segments) return this.#refuse(candidate, { status: 404, reason: "There is no WebSocket service at this path." });
    const offered = scanSubprotocols(headerList(request.rawHeaders, "sec-websocket-protocol") ?? "");
    if (!offered) return bad("Sec-WebSocket-Protocol must be a list of different names.");
    const choice = chooseSubprotocol(offered, subprotocols);

    const places = authentication?.places ?? [];
    const isByMessage = places.includes("message");
    const authorization = places.includes("header") ? headerValues(request.rawHeaders, "authorization") : [];
    if (authorization.length > 1) return bad("Only one Authorization header is allowed.");
    const found = findToken(places, { authorization: authorization[0], subprotocols: offered, query: target.query, segments });
    if (found.problem !== undefined) return bad(found.problem);

    let userId: unknown;
    if (authentication && !isByMessage) {
      if (found.token === undefined) return this.#unauthorized(candidate, choice, "no token");
      const verdict = await authentication.identify(found.token, candidate);
      if (verdict === "gone" || candidate.isGone) return;
      if (verdict === "refused") return this.#unauthorized(candidate, choice, "the token was refused");
      if (verdict === "failed") {
        const reason = "The token could not be judged. Try again later.";
        return this.#refuse(candidate, { status: 503, reason, headers: { "Retry-After": "1" } });
      }
      userId = verdict.userId;
    }
    if (choice.problem !== undefined) return bad(choice.problem);

    const channel = found.segments.join("/");
    const path = ["", ...service, ...found.segments].join("/") || "/";
    const upgrade = new UpgradeRequest(request, stream, { path, channel, query: found.query, subprotocol: choice.chosen });
    if (isByMessage) return this.#accept(candidate, choice.answer, (socket) => this.#awaitToken(socket, candidate, upgrade));
    let data: unknown;
    if (createState) {
      try {
        data = await candidate.keepPlace(createState(upgrade, userId, this.#stop));
      } catch {
        // Who has gone was not refused.
        if (!candidate.isGone) this.#refuse(candidate, { status: 500, reason: STATE_FAILED });
        return;
      }
      if (candidate.isGone) return;
    }
    this.#accept(candidate, choice.answer, (socket) => {
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
        refused(code, why, candidate.stream);
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
    this.#accept(candidate, choice.refusal, (socket) => {
      candidate.release();
      this.#parts.refused(CloseCode.unauthorized, why, candidate.stream);
      if (unauthorizedString !== undefined) socket.send(unauthorizedString);
      turnAway(socket, CloseCode.unauthorized, `unauthorized: ${why}`);
      return IGNORE;
    });
  }

  #accept(candidate: Candidate, subprotocol: string | undefined, opened: (socket: EngineSocket) => SocketListener): void {
    const { request, stream } = candidate;
    this.#parts.acceptor.accept(request, stream, candidate.takeBehind(), { subprotocol }, (socket) => {
      candidate.handOver();
      // The listener has set it, but ws sets it once more.
      if (!this.#parts.noDelay) (stream as Partial<Socket>).setNoDelay?.(false);
      return opened(socket);
    });
  }

  #refuse(candidate: Candidate, refusal: Refusal): void {
    candidate.release();
    this.#parts.refused(refusal.status, refusal.reason, candidate.stream);
    answer(candidate.stream, refusal, this.#parts.clock);
  }
}

/** Closes on a stranger, who may still send until it hears of that, but nothing that would be kept. */
function turnAway(socket: EngineSocket, code: number, why: string): void {
  socket.setMaxPayload(1);
  socket.close(code, why);
}
