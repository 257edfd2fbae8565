import { checkOptions, type Packet, type Rule, tableOf } from "@websockets-simple/shared";
import type { AuthConnection, Connection } from "../connection.ts";
import type { ConnectionManager } from "../connection-manager.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import { type CheckedOptions, checkServerOptions } from "../option-rules.ts";
import type { ServerOptions } from "../options.ts";
import type { BehaviorSource } from "./behavior.ts";
import type { ServicePath } from "./service-paths.ts";

/** The type of user ids where connections have users; unknown where they have none. */
export type UserIdOf<C> = C extends { readonly userId: infer T } ? T : unknown;

/** What the connections of a service are, on a server whose own are `C`: with a user where those have one. */
export type ServiceConnection<C, P extends Packet, D> = C extends { readonly userId: infer T }
  ? AuthConnection<T, P, D>
  : Connection<P, D>;

/** What a service does not take over from its server: what it says and understands. */
type Own = "connectionSuccessString" | "availableSubprotocols" | "packet" | "codec" | "handler";

/** What it takes over, unless it has its own: who may connect, and how much. */
type Inherited =
  | (
      | "origins"
      | "requireOrigin"
      | "httpAuthentication"
      | "verifyRequest"
      | "packetCasing"
      | "pingIntervalMs"
      | "heartbeat"
      | "closeTimeoutMs"
    )
  | (
      | "maxQueuedMessages"
      | "maxQueuedConnections"
      | "maxPayload"
      | "maxFragments"
      | "messageTimeoutMs"
      | "compression"
      | "sendQueue"
      | "rateLimit"
    );

/**
 * The options of a service. What you leave out of who may connect and how much (`origins`, `requireOrigin`, `httpAuthentication`, `verifyRequest`,
 * `packetCasing`, `pingIntervalMs`, `heartbeat`, `closeTimeoutMs`, `maxPayload`, `maxFragments`, `maxQueuedMessages`, `maxQueuedConnections`, `messageTimeoutMs`,
 * `compression`, `sendQueue`, `rateLimit`) is the server's; all else has the default that it has for a server.
 */
export interface ServiceOptions<
  P extends Packet = Packet,
  D = undefined,
  C extends Connection<P, D> = Connection<P, D>,
  U = UserIdOf<C>,
> extends Pick<ServerOptions<P, D, C>, Own | Inherited> {
  /**
   * As for a server; on a server with authentication it is told the user as well. It is the service's alone: the server's is not
   * called for its connections.
   */
  createState?: ((request: UpgradeRequest, userId: U) => D | Promise<D>) | undefined;
  /** As for a server: one instance for one service. */
  connectionManager?: ConnectionManager<Connection<P, D>> | undefined;
  /** What it does, one instance for each connection: a subclass of `WebsocketBehavior`, or a function that makes one. */
  behavior?: BehaviorSource<P, D, C> | undefined;
}

const INHERITED: readonly Inherited[] = [
  ...([
    "origins",
    "requireOrigin",
    "httpAuthentication",
    "verifyRequest",
    "packetCasing",
    "pingIntervalMs",
    "heartbeat",
    "closeTimeoutMs",
  ] as const),
  ...([
    "maxQueuedMessages",
    "maxQueuedConnections",
    "maxPayload",
    "maxFragments",
    "messageTimeoutMs",
    "compression",
    "sendQueue",
    "rateLimit",
  ] as const),
];
const OWN: readonly (Own | "connectionManager" | "createState")[] = [
  ...([
    "connectionSuccessString",
    "availableSubprotocols",
    "packet",
    "codec",
    "handler",
    "connectionManager",
    "createState",
  ] as const),
];

const anything: Rule = () => undefined;
const NAMES = tableOf({
  ...Object.fromEntries([...OWN, ...INHERITED].map((name) => [name, anything])),
  behavior: (value) =>
    typeof value === "function" && !isForeignClass(value)
      ? undefined
      : "a subclass of WebsocketBehavior, or a function that makes one",
});

/** A class that is no behavior: it cannot be called as a function that makes one either. */
function isForeignClass(value: { readonly prototype?: unknown }): boolean {
  return typeof (value.prototype as { bind?: unknown } | undefined)?.bind !== "function" && /^class\b/.test(String(value));
}

/**
 * Checks the options of a service, and fills in what is the server's.
 *
 * @param ofServer the server's options, as they were given
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
 */
export function checkServiceOptions<P extends Packet, D>(
  given: unknown,
  ofServer: object,
  { segments, reach }: ServicePath,
): CheckedOptions<P, D> {
  // Unknown ones, and those that only a server has.
  const { behavior: _, ...own } = checkOptions<Record<string, unknown>>(given, NAMES);
  const inherited = Object.fromEntries(INHERITED.map((name) => [name, (ofServer as Record<string, unknown>)[name]]));
  return { ...checkServerOptions<P, D>({ ...inherited, ...own }), service: { segments, reach } };
}
