import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CloseCode, type TokenPlace } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import { answer, type Refusal } from "../http-answer.ts";
import { type Acceptor, checkUpgrade, type EngineSocket, type SocketListener } from "../socket.ts";
import { awaitToken } from "./first-message.ts";
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
  identify(token: string, gone: AbortSignal): Promise<Verdict<unknown>>;
}

/** What a handshake needs of its surroundings. */
export interface HandshakeParts {
  readonly clock: Clock;
  readonly acceptor: Acceptor;
  readonly service: readonly string[];
  readonly subprotocols: readonly string[];
  readonly maxPending: number;
  readonly maxPayload: number;
  readonly authentication: Authentication | undefined;
  /** Makes the application's state; rejects when that failed, which was reported. Undefined: there is none to make. */
  readonly createState: ((request: UpgradeRequest, userId: unknown) => Promise<unknown>) | undefined;
  /** Makes a connection of an open socket. */
  admit(socket: EngineSocket, request: UpgradeRequest, data: unknown, userId: unknown): SocketListener;
  /** Counts a refusal: an HTTP status, or a close code. */
  refused(status: number, reason: string, stream: Duplex): void;
  /** Tells of what should not have happened. */
  failed(thrown: unknown): void;
}

/** A request on its way through the handshake. */
interface Candidate {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  readonly gone: AbortSignal;
  /** Ends the watch for its leaving: the engine has it now. */
  handOver(): void;
}

const BUSY: Refusal = { status: 503, reason: "Too many handshakes at once. Try again later.", headers: { "Retry-After": "1" } };
const STATE_FAILED = "The server could not prepare the connection.";
const IGNORE: SocketListener = Object.freeze({ message() {}, failed() {}, closed() {} });
/** RFC 6455 section 7.4.1, and the IANA registry for 1013. */
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

/** Judges upgrade requests: each ends as a connection, or with a clean answer, or is gone without a trace. */
export class Handshakes {
  readonly #parts: HandshakeParts;
  readonly #pending = new Set<Duplex>();

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
  }

  /** How many are being judged, or have not told their token yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Takes an upgrade request in. Never throws. */
  take(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const gone = new AbortController();
    const leave = (): void => {
      gone.abort();
      // A client that has said goodbye in an orderly way still holds its socket on this side.
      if (this.#pending.delete(stream)) stream.destroy();
    };
    stream.on("error", leave).on("close", leave).on("end", leave);
    const handOver = (): void => void stream.off("error", leave).off("close", leave).off("end", leave);
    const candidate = { request, stream, head, gone: gone.signal, handOver };

    const malformed = checkUpgrade(request);
    if (malformed) return void this.#refuse(candidate, malformed);
    if (this.#pending.size >= this.#parts.maxPending) return void this.#refuse(candidate, BUSY);
    this.#pending.add(stream);
    this.#judge(candidate).catch((thrown) => {
      leave();
      stream.destroy();
      this.#parts.failed(thrown);
    });
  }

  /** Destroys all that are pending. */
  abort(): void {
    for (const stream of this.#pending) stream.destroy();
    this.#pending.clear();
  }

  async #judge(candidate: Candidate): Promise<void> {
    const { authentication, createState, service, subprotocols } = this.#parts;
    const { request, stream } = candidate;
    const bad = (reason: string): void => this.#refuse(candidate, { status: 400, reason });

    const target = parseTarget(request.url ?? "");
    if (!target) return bad("The request target is malformed.");
    const segments = below(service, target.segments);
    if (!segments) return this.#refuse(candidate, { status: 404, reason: "There is no WebSocket service at this path." });
    const offered = scanSubprotocols(request.headers["sec-websocket-protocol"] ?? "");
    if (!offered) return bad("Sec-WebSocket-Protocol must be a list of different names.");
    const choice = chooseSubprotocol(offered, subprotocols);

    const places = authentication?.places ?? [];
    const isByMessage = places.includes("message");
    const authorization = places.includes("header") ? request.headersDistinct.authorization : undefined;
    if (authorization && authorization.length > 1) return bad("Only one Authorization header is allowed.");
    const found = findToken(places, { authorization: authorization?.[0], subprotocols: offered, query: target.query, segments });
    if (found.problem !== undefined) return bad(found.problem);

    let userId: unknown;
    if (authentication && !isByMessage) {
      if (found.token === undefined) return this.#unauthorized(candidate, choice, "no token");
      const verdict = await authentication.identify(found.token, candidate.gone);
      if (verdict === "gone" || candidate.gone.aborted) return;
      if (verdict === "refused") return this.#unauthorized(candidate, choice, "the token was refused");
      if (verdict === "failed") {
        const reason = "The token could not be judged. Try again later.";
        return this.#refuse(candidate, { status: 503, reason, headers: { "Retry-After": "1" } });
      }
      userId = verdict.userId;
    }
    if (choice.problem !== undefined) return bad(choice.problem);

    const channel = found.segments.join("/");
    const path = `/${[...service, ...found.segments].join("/")}`;
    const upgrade = new UpgradeRequest(request, stream, { path, channel, query: found.query, subprotocol: choice.chosen });
    if (isByMessage) return this.#accept(candidate, choice, (socket) => this.#awaitToken(socket, stream, upgrade));
    let data: unknown;
    if (createState) {
      try {
        data = await createState(upgrade, userId);
      } catch {
        return this.#refuse(candidate, { status: 500, reason: STATE_FAILED });
      }
      if (candidate.gone.aborted) return;
    }
    this.#accept(candidate, choice, (socket) => {
      this.#pending.delete(stream);
      return this.#parts.admit(socket, upgrade, data, userId);
    });
  }

  #awaitToken(socket: EngineSocket, stream: Duplex, upgrade: UpgradeRequest): SocketListener {
    const { authentication, createState, clock, maxPayload, admit } = this.#parts;
    const { identify, timeoutMs, unauthorizedString } = authentication as Authentication;
    return awaitToken(socket, {
      clock,
      timeoutMs,
      maxPayload,
      identify,
      over: () => this.#pending.delete(stream),
      admit: async (userId) => {
        try {
          const data = await createState?.(upgrade, userId);
          return socket.isOpen ? admit(socket, upgrade, data, userId) : undefined;
        } catch {
          this.#parts.refused(INTERNAL_ERROR, STATE_FAILED, stream);
          socket.close(INTERNAL_ERROR, STATE_FAILED);
          return undefined;
        }
      },
      refuse: (verdict, why) => {
        const code = verdict === "refused" ? CloseCode.unauthorized : TRY_AGAIN_LATER;
        this.#parts.refused(code, why, stream);
        if (verdict === "refused" && unauthorizedString !== undefined) socket.send(unauthorizedString);
        socket.close(code, why);
      },
    });
  }

  /** HTTP 401; for browsers, which cannot see one, an accepted connection that is closed with 4401. */
  #unauthorized(candidate: Candidate, choice: SubprotocolChoice, why: string): void {
    const { onUnauthorized, unauthorizedString } = this.#parts.authentication as Authentication;
    const isClosing = onUnauthorized === "close" || (onUnauthorized === "auto" && candidate.request.headers.origin !== undefined);
    if (!isClosing) {
      const reason = unauthorizedString ?? `Unauthorized: ${why}.`;
      return void this.#refuse(candidate, { status: 401, reason, headers: { "WWW-Authenticate": "Bearer" } });
    }
    this.#parts.refused(CloseCode.unauthorized, why, candidate.stream);
    this.#accept(candidate, choice, (socket) => {
      this.#pending.delete(candidate.stream);
      if (unauthorizedString !== undefined) socket.send(unauthorizedString);
      socket.close(CloseCode.unauthorized, `unauthorized: ${why}`);
      return IGNORE;
    });
  }

  #accept(candidate: Candidate, choice: SubprotocolChoice, opened: (socket: EngineSocket) => SocketListener): void {
    const { request, stream, head, handOver } = candidate;
    this.#parts.acceptor.accept(request, stream, head, { subprotocol: choice.answer }, (socket) => {
      handOver();
      return opened(socket);
    });
  }

  #refuse({ stream }: Candidate, refusal: Refusal): void {
    this.#pending.delete(stream);
    this.#parts.refused(refusal.status, refusal.reason, stream);
    answer(stream, refusal, this.#parts.clock);
  }
}
