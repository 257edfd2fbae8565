import type { Packet, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { AnyConnection, Connection, ConnectionPeer } from "./connection.ts";
import type { GateKeeper } from "./gate.ts";
import type { GuessWatch } from "./handshake/user-service.ts";
import type { Roster } from "./hub.ts";
import type { Engine } from "./socket.ts";

/** What tests and the authenticated server put in place of the usual. */
export interface ServerInternals<P extends Packet, D, C extends Connection<P, D>> {
  readonly clock?: Clock;
  readonly engine?: Engine;
  readonly roster?: Roster<C>;
  /** Told of the connections of services. */
  readonly rosterOfServices?: Roster<AnyConnection>;
  readonly createConnection?: (peer: ConnectionPeer<P>, data: D, userId: unknown) => C;
  /**
   * @param report tells of an error by log and event
   * @param guesses watches over those who guess; undefined: anybody may
   */
  readonly authenticate?: (
    clock: Clock,
    report: (error: WebsocketsSimpleError) => void,
    guesses: GuessWatch | undefined,
  ) => GateKeeper;
}

const INTERNALS = Symbol("internals");

/** Adds internals to an options object; those it has already stay. They travel there so that no public signature names them. */
export function withInternals<O extends object, P extends Packet, D, C extends Connection<P, D>>(
  options: O,
  internals: ServerInternals<P, D, C>,
): O {
  return { ...options, [INTERNALS]: { ...internals, ...internalsOf<P, D, C>(options) } };
}

/** The internals of an options object; empty when it has none. */
export function internalsOf<P extends Packet, D, C extends Connection<P, D>>(options: object): ServerInternals<P, D, C> {
  return (options as { [INTERNALS]?: ServerInternals<P, D, C> })[INTERNALS] ?? {};
}
