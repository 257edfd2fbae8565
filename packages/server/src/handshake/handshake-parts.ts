import type { Duplex } from "node:stream";
import type { TokenPlace } from "@websockets-simple/shared";
import type { ClientOrigin } from "../addresses/client-origin.ts";
import type { Clock } from "../clock.ts";
import type { CreateState } from "../create-state.ts";
import type { Refusal } from "../http-answer.ts";
import type { HttpAuthenticate } from "../http-authentication/http-authentication.ts";
import type { Acceptor, EngineSocket, SocketListener, UpgradeHead } from "../socket.ts";
import type { Asker } from "./asker.ts";
import type { Candidate } from "./candidate.ts";
import type { LoopDelay } from "./loop-delay.ts";
import type { ReadingRules } from "./read-request.ts";
import type { UpgradeRequest } from "./upgrade-request.ts";
import type { Verdict } from "./user-service.ts";
import type { VerifyRequest } from "./verify-request.ts";

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
export interface HandshakeParts extends Omit<ReadingRules, "places"> {
  readonly clock: Clock;
  readonly acceptor: Acceptor;
  /** All requests that are being judged, be it for another service; at most `maxPending`. */
  readonly pending: Set<Candidate>;
  readonly maxPending: number;
  readonly loopDelay: Pick<LoopDelay, "judge">;
  readonly maxPayload: number;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  readonly authentication: Authentication | undefined;
  /** Where a request came from. */
  originOf(request: UpgradeHead, stream: Duplex, isUnix: boolean): ClientOrigin;
  /** Why somebody from there is refused; undefined: nobody is. */
  readonly limits: { judgeUpgrade(stream: Duplex, origin: ClientOrigin): Refusal | undefined };
  /** Judges who is asking by user name and password. Undefined: that is not asked. */
  readonly httpAuthenticate: HttpAuthenticate | undefined;
  /** Asks the application about a request; its failures were reported. Undefined: nobody is asked. */
  readonly verifyRequest: VerifyRequest | undefined;
  /** Makes the application's state; rejects when that failed, which was reported. Undefined: there is none to make. */
  readonly createState: CreateState | undefined;
  /** Makes a connection of an open socket. */
  admit(socket: EngineSocket, request: UpgradeRequest, data: unknown, userId: unknown): SocketListener;
  /** Counts a refusal: an HTTP status, or a close code. */
  refused(status: number, reason: string, address: string): void;
  /** Tells of what should not have happened. */
  failed(thrown: unknown): void;
}
