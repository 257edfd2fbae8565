import { toError } from "@websockets-simple/shared";
import { AddressLimits } from "./addresses/address-limits.ts";
import { originOf } from "./addresses/client-origin.ts";
import { plainAddress } from "./addresses/ip.ts";
import type { Clock } from "./clock.ts";
import type { CreateState } from "./create-state.ts";
import { Handshakes } from "./handshake/handshake.ts";
import type { Authentication } from "./handshake/handshake-parts.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";
import type { VerifyRequest } from "./handshake/verify-request.ts";
import { type HeartbeatPeer, startHeartbeat } from "./heartbeat.ts";
import type { HttpAuthenticate } from "./http-authentication/http-authentication.ts";
import { listen, type ServerAddress } from "./listen/http-listener.ts";
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
  readonly authentication: (Authentication & { readonly maxPayloadBeforeAuth: number }) | undefined;
  readonly httpAuthenticate: HttpAuthenticate | undefined;
  readonly verifyRequest: VerifyRequest | undefined;
  readonly createState: CreateState | undefined;
  readonly peers: () => Iterable<HeartbeatPeer & SweptPeer>;
  admit(socket: EngineSocket, request: UpgradeRequest, data: unknown, userId: unknown): SocketListener;
  closeAll(code: number, reason: string): Promise<void>;
  report(error: ReturnType<typeof toError>): void;
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
  const { options, clock, engine, counters, log, authentication } = parts;
  const { endpoints, tls, noDelay, socketBufferBytes, limits, maxPayload, maxFragments, compress, closeTimeoutMs, trust } =
    options;

  const refused = (status: number, reason: string, remoteAddress: string): void => {
    count(counters.refusals, status);
    log("info", "refused", { status, reason, remoteAddress });
  };
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
    maxPayload,
    noDelay,
    authentication,
    isHost: options.isHost,
    isOrigin: options.isOrigin,
    httpAuthenticate: parts.httpAuthenticate,
    verifyRequest: parts.verifyRequest,
    originOf: (request, stream, isUnix) => originOf(request.rawHeaders, stream, isUnix, trust),
    limits: addresses,
    createState: parts.createState,
    admit: parts.admit,
    refused,
    failed: (thrown) => parts.report(toError("LISTENER_FAILED", "a handshake failed", thrown)),
  });
  const listener = await listen(
    {
      ...limits,
      endpoints,
      tls,
      noDelay,
      socketBufferBytes,
      maxConnections: limits.maxConnections ?? connectionsByOpenFiles(),
      clock,
      addresses,
    },
    {
      upgrade: (request, stream, head, isUnix) => handshakes.take(request, stream, head, isUnix),
      refused: (status, reason, stream) =>
        refused(status, reason, plainAddress((stream as { remoteAddress?: string }).remoteAddress)),
      failed: (error) => parts.report(toError("LISTEN_FAILED", "the listening socket failed", error)),
    },
  );
  const stopHeartbeat = startHeartbeat(parts.peers, options.pingIntervalMs, clock);
  const stopSweeps = startSweeps(parts.peers, sweepPeriodMs(options), clock);

  return {
    addresses: listener.addresses,
    reloadTls: listener.reloadTls,
    get pendingHandshakes() {
      return handshakes.pending;
    },
    async stop() {
      stopHeartbeat();
      stopSweeps();
      listener.stopAccepting();
      handshakes.abort();
      await parts.closeAll(GOING_AWAY, "the server stops");
      await listener.end();
    },
  };
}
