import { checkClose, type Packet, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { AnyConnection, Connection } from "../connection.ts";
import type { ServiceEvents } from "../events.ts";
import type { Log } from "../logger.ts";
import { type ServerStats, toStats } from "../stats.ts";
import type { BehaviorSource } from "./behavior.ts";
import { Behaviors } from "./behaviors.ts";
import { coreOf, ServiceBase } from "./service-base.ts";
import type { CoreParts } from "./service-core.ts";

/** What a service needs of its server. */
export interface ServiceParts<P extends Packet, D, C extends Connection<P, D>> extends CoreParts<P, D, C> {
  readonly path: string;
  readonly behavior: BehaviorSource<P, D, C> | undefined;
  readonly log: Log;
  /** Takes the service out of its server; resolves when its connections are closed. */
  remove(code: number, reason: string): Promise<void>;
}

/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;

/**
 * What a server serves at one path: with connections, events and options of its own. `server.service(path, …)` makes it. Events:
 * `message`, `connection`, `error`, `ping`, `pong`; see `ServiceEvents`.
 */
export class WebsocketService<
  P extends Packet = Packet,
  D = undefined,
  C extends Connection<P, D> = Connection<P, D>,
> extends ServiceBase<P, D, C, ServiceEvents<P, C>> {
  /** Where it is, percent-decoded and without a slash at the end: `/chat`, `/rooms/*`. */
  readonly path: string;
  readonly #engine: string;
  readonly #remove: ServiceParts<P, D, C>["remove"];
  #removing: Promise<void> | undefined;

  /**
   * The server makes these.
   *
   * @internal
   */
  static of<P extends Packet, D, C extends Connection<P, D>>(parts: ServiceParts<P, D, C>): WebsocketService<P, D, C> {
    return new WebsocketService<P, D, C>(parts);
  }

  private constructor(parts: ServiceParts<P, D, C>) {
    const { path, behavior, log, engine, remove } = parts;
    let behaviors: Behaviors<P, D, C> | undefined;
    const ofService: Log = (level, message, fields) => log(level, message, { ...fields, service: path });
    super(["message", "connection", "error", "ping", "pong"], parts, () => ofService, {
      message: (event) => behaviors?.message(event),
      connection: (event) => behaviors?.connection(event),
      error: (event) => behaviors?.error(event),
    });
    this.path = path;
    this.#engine = engine.name;
    this.#remove = remove;
    const { hub } = coreOf(this);
    behaviors =
      behavior &&
      new Behaviors<P, D, C>(behavior, {
        sessions: this.sessions,
        failed: (what, thrown, connection) => hub.reportFailure(what, thrown, connection),
        sever: (connection, code, reason) => void hub.peers.get(connection)?.sever(code, reason),
      });
  }

  /** Whether it was removed: then it takes nobody in any more, and never will again. */
  get isRemoved(): boolean {
    return this.#removing !== undefined;
  }

  /** Its counters since it was made. Those of the server count them in, also when the service is removed. */
  stats(): ServerStats {
    const { hub, pending, counters } = coreOf(this);
    return toStats(this.#engine, hub.peers.size, pending, counters);
  }

  /**
   * Takes the service away, also while the server runs: from now on its path is one without a service, requests that are being
   * judged are HTTP 404, and its connections are closed. Resolves when they are: at the latest after `closeTimeoutMs`. Another one
   * may have the path at once. Rejects with `INVALID_ARGUMENT`; to remove it once more does nothing.
   *
   * @param code 1001, or as for `connection.close`. Default: 1001, after which clients come back, to be told that it is gone
   * @param reason at most 123 bytes of UTF-8. Default: "the service is removed"
   */
  async remove(code = GOING_AWAY, reason = "the service is removed"): Promise<void> {
    checkRemoval(code, reason);
    this.#removing ??= this.#remove(code, reason);
    await this.#removing;
  }
}

/** A service of any server, whatever its packets and its state. */
export type AnyService = WebsocketService<Packet, unknown, AnyConnection>;

function checkRemoval(code: number, reason: string): void {
  if (typeof reason !== "string") {
    throw new WebsocketsSimpleError("INVALID_ARGUMENT", `close reason: expected a string, got ${typeof reason}`);
  }
  checkClose(code === GOING_AWAY ? 1000 : code, reason);
}
