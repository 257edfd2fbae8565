import { toError } from "@websockets-simple/shared";
import { AddressLimits } from "./addresses/address-limits.ts";
import { originOf } from "./addresses/client-origin.ts";
import { Guesses } from "./addresses/guesses.ts";
import { plainAddress } from "./addresses/ip.ts";
import type { Clock } from "./clock.ts";
import { createState } from "./create-state.ts";
import { Handshakes } from "./handshake/handshake.ts";
import type { Authentication } from "./handshake/handshake-parts.ts";
import { LoopDelay } from "./handshake/loop-delay.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";
import { verifyRequest } from "./handshake/verify-request.ts";
import { type HeartbeatPeer, startHeartbeat } from "./heartbeat.ts";
import { httpAuthentication } from "./http-authentication/http-authentication.ts";
import type { Attachments } from "./listen/attachments.ts";
import { listen } from "./listen/http-listener.ts";
import type { ServerAddress } from "./listen/http-server.ts";
import { connectionsByOpenFiles } from "./listen/open-files.ts";
import type { ServerTls } from "./listen/tls.ts";
import type { Log } from "./logger.ts";
import type { CheckedOptions } from "./option-rules.ts";
import type { Engine, EngineSocket, SocketListener } from "./socket.ts";
import { type Counters, count } from "./stats.ts";
import { type SweptPeer, startSweeps, sweepPeriodMs } from "./sweeps.ts";

/** What an endpoint needs of its surroundings. */
export interface EndpointParts {
  readonly options: CheckedOptions<never, unknown>;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly counters: Counters;
  readonly log: Log;
  readonly attachments: Attachments;
  readonly authenticate:
    | ((guesses: Guesses | undefined) => Authentication & { readonly maxPayloadBeforeAuth: number })
    | undefined;
  readonly createState: ((request: UpgradeRequest, userId: never) => unknown) | undefined;
  readonly peers: () => Iterable<HeartbeatPeer & SweptPeer>;
  admit(socket: EngineSocket, request: UpgradeRequest, data: unknown, userId: unknown): SocketListener;
  closeAll(code: number, reason: string): Promise<void>;
  report(error: ReturnType<typeof toError>): void;
  /** Something of the application's failed. */
  reportFailure(what: string, thrown: unknown): void;
}

/** A server's open ports with everything that runs only while it is open. */
export interface Endpoint {
  readonly addresses: readonly ServerAddress[];
  readonly pendingHandshakes: number;
  /** From now on new connections are shown this certificate; those that are there stay. */
  reloadTls(tls: ServerTls): void;
  /** Closes all; resolves when no socket and no timer is left. */
  stop(): Promise<void>;
}

/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;

/** Opens the ports. Rejects with `LISTEN_FAILED`. */
export async function openEndpoint(parts: EndpointParts): Promise<Endpoint> {
  const { options, clock, engine, counters, log, attachments } = parts;
  const { endpoints, tls, noDelay, socketBufferBytes, limits, maxPayload, maxFragments, compress, closeTimeoutMs, trust } =
    options;

  const refused = (status: number, reason: string, remoteAddress: string): void => {
    count(counters.refusals, status);
    log("info", "refused", { status, reason, remoteAddress });
  };
  const timeoutMs = limits.headersTimeoutMs;
  const failedAs = (what: string) => (thrown: unknown) => parts.reportFailure(what, thrown);
  const guesses = options.guesses && new Guesses(options.guesses, clock);
  const authentication = parts.authenticate?.(guesses);
  const addresses = new AddressLimits(limits, trust?.proxies, clock);
  const isByMessage = authentication?.places.includes("message");
  const handshakes = new Handshakes({
    clock,
    acceptor: engine.createAcceptor({
      maxPayload: isByMessage ? (authentication?.maxPayloadBeforeAuth ?? maxPayload) : maxPayload,
      closeTimeoutMs,
      maxFragments,
      compression: compress,
    }),
    service: options.service,
    subprotocols: options.availableSubprotocols,
    maxPending: limits.maxPendingHandshakes,
    loopDelay: new LoopDelay(limits.maxEventLoopDelayMs, clock),
    maxPayload,
    noDelay,
    authentication,
    isHost: options.isHost,
    isOrigin: options.isOrigin,
    httpAuthenticate:
      options.httpAuthentication &&
      httpAuthentication(options.httpAuthentication, {
        clock,
        timeoutMs,
        guesses,
        failed: failedAs("option httpAuthentication.credentials"),
      }),
    verifyRequest: verifyRequest(options.verifyRequest, timeoutMs, clock, failedAs("option verifyRequest")),
    originOf: (request, stream, isUnix) => originOf(request.rawHeaders, stream, isUnix, trust),
    limits: addresses,
    createState: createState(parts.createState, timeoutMs, clock, failedAs("option createState")),
    admit: parts.admit,
    refused,
    failed: (thrown) => parts.report(toError("LISTENER_FAILED", "a handshake failed", thrown)),
  });
  const listener = await listen(
    {
      ...limits,
      // Whoever attaches it, and names no place, wants no other one.
      endpoints: options.isPlaceGiven || attachments.size === 0 ? endpoints : [],
      requestListener: options.requestListener,
      tls,
      noDelay,
      socketBufferBytes,
      maxConnections: limits.maxConnections ?? connectionsByOpenFiles(),
      clock,
      addresses,
    },
    {
      upgrade: (request, stream, head, isUnix, service) => handshakes.take(request, stream, head, isUnix, service),
      refused: (status, reason, stream) =>
        refused(status, reason, plainAddress((stream as { remoteAddress?: string }).remoteAddress)),
      requestFailed: failedAs("option requestListener"),
      failed: (error) => parts.report(toError("LISTEN_FAILED", "the listening socket failed", error)),
    },
  );
  attachments.begin(listener.attach);
  const stopHeartbeat = startHeartbeat(parts.peers, options.pingIntervalMs, clock);
  const stopSweeps = startSweeps(parts.peers, sweepPeriodMs(options), clock);

  return {
    get addresses() {
      return [...listener.addresses, ...attachments.addresses];
    },
    reloadTls: listener.reloadTls,
    get pendingHandshakes() {
      return handshakes.pending;
    },
    async stop() {
      stopHeartbeat();
      stopSweeps();
      attachments.end();
      listener.stopAccepting();
      handshakes.abort();
      await Promise.all([parts.closeAll(GOING_AWAY, "the server stops"), listener.finishRequests(closeTimeoutMs)]);
      await listener.end();
    },
  };
}
