import type { Duplex } from "node:stream";
import { toError } from "@websockets-simple/shared";
import { plainAddress } from "./addresses/ip.ts";
import type { Gate } from "./gate.ts";
import type { Attachments } from "./listen/attachments.ts";
import { listen } from "./listen/http-listener.ts";
import type { ServerAddress } from "./listen/http-server.ts";
import { connectionsByOpenFiles } from "./listen/open-files.ts";
import type { ServerTls } from "./listen/tls.ts";
import type { CheckedOptions } from "./option-rules.ts";
import type { UpgradeHead } from "./socket.ts";

/** The options that decide about open ports. */
export type EndpointRules = Pick<
  CheckedOptions<never, unknown>,
  "endpoints" | "isPlaceGiven" | "requestListener" | "tls" | "noDelay" | "socketBufferBytes" | "limits" | "closeTimeoutMs"
>;

/** What an endpoint needs of its surroundings. */
export interface EndpointParts {
  readonly options: EndpointRules;
  readonly gate: Gate;
  readonly attachments: Attachments;
  /** Takes an upgrade request in. Never throws. @param at the segments of the server's own path, where they are others than usual */
  take(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean, at?: readonly string[]): void;
  /** Whether there is a service at a request target. */
  isService(url: string): boolean;
  /** Takes nobody in any more, and closes all connections; resolves when they are closed. */
  leave(): Promise<void>;
  /** Tells of a request that was refused before it was one. */
  refused(status: number, reason: string, remoteAddress: string): void;
  report(error: ReturnType<typeof toError>): void;
  /** Something of the application's failed. */
  reportFailure(what: string, thrown: unknown): void;
}

/** A server's open ports. */
export interface Endpoint {
  readonly addresses: readonly ServerAddress[];
  /** From now on new connections are shown this certificate; those that are there stay. */
  reloadTls(tls: ServerTls): void;
  /** Closes all; resolves when no socket and no timer is left. */
  stop(): Promise<void>;
}

/** Opens the ports. Rejects with `LISTEN_FAILED`. */
export async function openEndpoint(parts: EndpointParts): Promise<Endpoint> {
  const { endpoints, isPlaceGiven, requestListener, tls, noDelay, socketBufferBytes, limits, closeTimeoutMs } = parts.options;
  const { attachments } = parts;
  const { clock, limits: addresses } = parts.gate;
  const listener = await listen(
    {
      ...limits,
      // Whoever attaches it, and names no place, wants no other one.
      endpoints: isPlaceGiven || attachments.size === 0 ? endpoints : [],
      requestListener,
      tls,
      noDelay,
      socketBufferBytes,
      maxConnections: limits.maxConnections ?? connectionsByOpenFiles(),
      clock,
      addresses,
    },
    {
      upgrade: (request, stream, head, isUnix, at) => parts.take(request, stream, head, isUnix, at),
      isService: (url) => parts.isService(url),
      refused: (status, reason, stream) =>
        parts.refused(status, reason, plainAddress((stream as { remoteAddress?: string }).remoteAddress)),
      requestFailed: (thrown) => parts.reportFailure("option requestListener", thrown),
      failed: (error) => parts.report(toError("LISTEN_FAILED", "the listening socket failed", error)),
    },
  );

  attachments.begin(listener.attach);

  return {
    get addresses() {
      return [...listener.addresses, ...attachments.addresses];
    },
    reloadTls: listener.reloadTls,
    async stop() {
      attachments.end();
      listener.stopAccepting();
      await Promise.all([parts.leave(), listener.finishRequests(closeTimeoutMs)]);
      await listener.end();
    },
  };
}
