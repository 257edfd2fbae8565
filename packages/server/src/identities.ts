import type { Packet } from "@websockets-simple/shared";
import type { Connection } from "./connection.ts";

/** A user and the connections that are open for it: never none. */
export interface Identity<T, C = Connection> {
  readonly userId: T;
  /** By connection id. */
  readonly connections: ReadonlyMap<string, C>;
}

/** Who is connected. A user comes with the first connection and goes with the last one. */
export class Identities<T, C extends Connection<Packet, unknown>> {
  readonly #users = new Map<T, { userId: T; connections: Map<string, C> }>();

  /** The users by id. */
  get users(): ReadonlyMap<T, Identity<T, C>> {
    return this.#users;
  }

  add(userId: T, connection: C): void {
    const user = this.#users.get(userId);
    if (user) user.connections.set(connection.id, connection);
    else this.#users.set(userId, { userId, connections: new Map([[connection.id, connection]]) });
  }

  remove(userId: T, connection: C): void {
    const user = this.#users.get(userId);
    if (user?.connections.delete(connection.id) && user.connections.size === 0) this.#users.delete(userId);
  }

  /** The user's connections; none when it has none. */
  connectionsOf(userId: T): Iterable<C> {
    return this.#users.get(userId)?.connections.values() ?? [];
  }
}
