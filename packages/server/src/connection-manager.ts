import type { Packet } from "@websockets-simple/shared";
import type { Connection } from "./connection.ts";

/**
 * Keeps the open connections. Subclass it to look at who comes and goes, and call `super`; give one instance to one
 * server, which alone calls `add` and `remove`. Broadcasts go to `connections`.
 */
export class ConnectionManager<C extends Connection<Packet, unknown> = Connection> {
  readonly #connections = new Map<string, C>();

  /** The connections by id, open or closing: see `state`. */
  get connections(): ReadonlyMap<string, C> {
    return this.#connections;
  }

  /** Takes a connection in, just before `connected`. */
  add(connection: C): void {
    this.#connections.set(connection.id, connection);
  }

  /** Lets a connection go, just before `disconnected`. */
  remove(connection: C): void {
    this.#connections.delete(connection.id);
  }

  /** The connection with this id. */
  get(id: string): C | undefined {
    return this.#connections.get(id);
  }
}
