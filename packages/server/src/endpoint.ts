import type { Duplex } from "node:stream";
import { toError } from "@websockets-simple/shared";
import { plainAddress } from "./addresses/ip.ts";
import type { Gate } from "./gate.ts";
import { listen, type ServerAddress } from "./listen/http-listener.ts";
import { connectionsByOpenFiles } from "./listen/open-files.ts";
import type { ServerTls } from "./listen/tls.ts";
import type { CheckedOptions } from "./option-rules.ts";
import type { UpgradeHead } from "./socket.ts";

/** The options that decide about open ports. */
export type EndpointRules = Pick<
  CheckedOptions<never, unknown>,
  "endpoints" | "tls" | "noDelay" | "socketBufferBytes" | "limits"
>;

/** What an endpoint needs of its surroundings. */
export interface EndpointParts {
  readonly options: EndpointRules;
  readonly gate: Gate;
  /** Takes an upgrade request in. Never throws. */
  take(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean): void;
  /** Takes nobody in any more, and closes all connections; resolves when they are closed. */
  leave(): Promise<void>;
  /** Tells of a request that was refused before it was one. */
  refused(status: number, reason: string, remoteAddress: string): void;
  report(error: ReturnType<typeof toError>): void;
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
  const { endpoints, tls, noDelay, socketBufferBytes, limits } = parts.options;
  const { clock, limits: addresses } = parts.gate;
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
      upgrade: (request, stream, head, isUnix) => parts.take(request, stream, head, isUnix),
      refused: (status, reason, stream) =>
        parts.refused(status, reason, plainAddress((stream as { remoteAddress?: string }).remoteAddress)),
      failed: (error) => parts.report(toError("LISTEN_FAILED", "the listening socket failed", error)),
    },
  );

  return {
    addresses: listener.addresses,
    reloadTls: listener.reloadTls,
    async stop() {
      listener.stopAccepting();
      await parts.leave();
      await listener.end();
    },
  };
}
