import type { Duplex } from "node:stream";
import { toError, type WebsocketsSimpleError } from "@websockets-simple/shared";
import { createState } from "../create-state.ts";
import type { Gate } from "../gate.ts";
import { Handshakes } from "../handshake/handshake.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import { type VerifyHook, verifyRequest } from "../handshake/verify-request.ts";
import { type HeartbeatPeer, startHeartbeat } from "../heartbeat.ts";
import type { Refusal } from "../http-answer.ts";
import { httpAuthentication } from "../http-authentication/http-authentication.ts";
import type { CheckedOptions } from "../option-rules.ts";
import type { EngineSocket, SocketListener, UpgradeHead } from "../socket.ts";
import { type SweptPeer, startSweeps, sweepPeriodMs } from "../sweeps.ts";

/** The options of what is served at one path. */
export type ServingOptions = Pick<
  CheckedOptions<never, unknown>,
  | ("service" | "availableSubprotocols" | "isOrigin" | "maxPayload" | "maxFragments" | "compress" | "closeTimeoutMs")
  | ("httpAuthentication" | "pingIntervalMs" | "beat" | "messageTimeoutMs")
>;

/** What serving needs of its surroundings. */
export interface ServingParts {
  readonly options: ServingOptions;
  readonly verifyHook: VerifyHook | undefined;
  readonly stateHook: ((request: UpgradeRequest, userId: never) => unknown) | undefined;
  readonly peers: () => Iterable<HeartbeatPeer & SweptPeer>;
  /** Makes a connection of an open socket. */
  admit(socket: EngineSocket, request: UpgradeRequest, data: unknown, userId: unknown): SocketListener;
  /** Tells of a refusal. */
  refused(status: number, reason: string, address: string): void;
  report(error: WebsocketsSimpleError): void;
  /** Tells that something of the application's failed. */
  reportFailure(what: string, thrown: unknown): void;
}

/** What runs for one service only while the ports are open: its handshakes and its heartbeat. */
export class Serving {
  readonly #handshakes: Handshakes;
  readonly #stopBeats: () => void;

  constructor(gate: Gate, parts: ServingParts) {
    const { clock, engine, noDelay, hookTimeoutMs, maxPending, pending, isHost, limits, loopDelay, guesses, authentication } =
      gate;
    const { options, peers } = parts;
    const { maxPayload, maxFragments, compress, closeTimeoutMs } = options;
    const timeoutMs = hookTimeoutMs;
    const failedAs = (what: string) => (thrown: unknown) => parts.reportFailure(what, thrown);
    const isByMessage = authentication?.places.includes("message");
    this.#handshakes = new Handshakes({
      clock,
      acceptor: engine.createAcceptor({
        maxPayload: isByMessage ? (authentication?.maxPayloadBeforeAuth ?? maxPayload) : maxPayload,
        closeTimeoutMs,
        maxFragments,
        compression: compress,
      }),
      service: options.service,
      subprotocols: options.availableSubprotocols,
      pending,
      maxPending,
      loopDelay,
      maxPayload,
      noDelay,
      authentication,
      isHost,
      isOrigin: options.isOrigin,
      httpAuthenticate:
        options.httpAuthentication &&
        httpAuthentication(options.httpAuthentication, {
          clock,
          timeoutMs,
          guesses,
          failed: failedAs("option httpAuthentication.credentials"),
        }),
      verifyRequest: verifyRequest(parts.verifyHook, timeoutMs, clock, failedAs("option verifyRequest")),
      originOf: gate.originOf,
      limits,
      createState: createState(parts.stateHook, timeoutMs, clock, failedAs("option createState")),
      admit: parts.admit,
      refused: parts.refused,
      failed: (thrown) => parts.report(toError("LISTENER_FAILED", "a handshake failed", thrown)),
    });
    const stopHeartbeat = startHeartbeat(peers, options.pingIntervalMs, clock);
    const stopSweeps = startSweeps(peers, sweepPeriodMs(options), clock);
    this.#stopBeats = () => {
      stopHeartbeat();
      stopSweeps();
    };
  }

  /** How many requests of it are being judged. */
  get pending(): number {
    return this.#handshakes.pending;
  }

  /** Takes an upgrade request in. Never throws. @param at the path's segments, where they are others than usual */
  take(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean, at?: readonly string[]): void {
    this.#handshakes.take(request, stream, head, isUnix, at);
  }

  /** Takes nobody in any more. Those that are being judged are destroyed, or get an answer where there is one for them. */
  end(answer?: Refusal): void {
    this.#stopBeats();
    this.#handshakes.abort(answer);
  }
}
