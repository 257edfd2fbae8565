import { type Packet, type Sendable, WebsocketsSimpleError } from "@websockets-simple/shared";
import { checkAuthOptions } from "./auth-option-rules.ts";
import { type AnyConnection, AuthConnection } from "./connection.ts";
import { boundPerUser } from "./handshake/user-places.ts";
import { type UserService, UserServiceGate } from "./handshake/user-service.ts";
import { Identities, type Identity } from "./identities.ts";
import { type ServerInternals, withInternals } from "./internals.ts";
import type { AuthServerOptions, BroadcastOptions, ServerOptions } from "./options.ts";
import { WebsocketServer } from "./server.ts";

/**
 * A WebSocket server that lets in whom a user service knows by token. `T` is the type of user ids, `P` that of packets,
 * `D` that of `connection.data`.
 */
export class WebsocketServerAuth<T, P extends Packet = Packet, D = undefined> extends WebsocketServer<
  P,
  D,
  AuthConnection<T, P, D>
> {
  readonly #identities: Identities<T, AuthConnection<T, P, D>>;
  /** Who is connected to services. */
  readonly #elsewhere: Identities<T, AnyConnection>;

  /**
   * Checks the options; nothing is opened before `start()`.
   *
   * `T` is what `getId` answers. TypeScript reads the options first: beside a `createState`, make the service beforehand
   * or write `getId: (token: string) => …`, else `T` is unknown.
   *
   * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound; `INVALID_ARGUMENT` without a user service
   */
  constructor(options: AuthServerOptions<NoInfer<T>, P, D>, userService: UserService<T>) {
    const { auth, rest } = checkAuthOptions(options);
    if (typeof userService?.getId !== "function") {
      throw new WebsocketsSimpleError(
        "INVALID_ARGUMENT",
        "user service: expected an object with getId(token) as second argument",
      );
    }
    const identities = new Identities<T, AuthConnection<T, P, D>>();
    const elsewhere = new Identities<T, AnyConnection>();
    const userOf = (connection: AnyConnection): T => (connection as AuthConnection<T, Packet, unknown>).userId;
    const internals: ServerInternals<P, D, AuthConnection<T, P, D>> = {
      roster: {
        add: (connection) => identities.add(connection.userId, connection),
        remove: (connection) => identities.remove(connection.userId, connection),
      },
      rosterOfServices: {
        add: (connection) => elsewhere.add(userOf(connection), connection),
        remove: (connection) => elsewhere.remove(userOf(connection), connection),
      },
      createConnection: (peer, data, userId) => new AuthConnection<T, P, D>(peer, data, userId as T),
      authenticate: (clock, report, guesses) => {
        const gate = new UserServiceGate(userService, auth.userServiceLimits, clock, report, guesses);
        return {
          places: auth.places,
          unauthorizedString: auth.connectionUnauthorizedString,
          onUnauthorized: auth.onUnauthorized,
          timeoutMs: auth.authTimeoutMs,
          maxPayloadBeforeAuth: auth.maxPayloadBeforeAuth,
          identify: boundPerUser((token, asker) => gate.identify(token, asker), auth.maxConnectionsPerUser),
        };
      },
    };
    super(withInternals(rest as ServerOptions<P, D, AuthConnection<T, P, D>>, internals));
    this.#identities = identities;
    this.#elsewhere = elsewhere;
  }

  /**
   * Who is connected, by user id. A user comes with the first connection and goes with the last one. Connections of services are not
   * among them, nor are they sent to by `sendToUser`: each has its `userId`.
   */
  get identities(): ReadonlyMap<T, Identity<T, AuthConnection<T, P, D>>> {
    return this.#identities.users;
  }

  /**
   * Sends a text or a packet to all connections of a user, waiting for none. Resolves with the number of those whose
   * send queue took it: 0 when the user has none. Rejects with `INVALID_ARGUMENT`.
   */
  sendToUser(input: Sendable<P>, userId: T): Promise<number> {
    return this.sendToMany(this.#identities.connectionsOf(userId), input, false, {});
  }

  /** Sends a text or bytes as they are to all connections of a user; settles as `sendToUser` does. */
  sendToUserRaw(input: string | Uint8Array, userId: T): Promise<number> {
    return this.sendToMany(this.#identities.connectionsOf(userId), input, true, {});
  }

  /** Sends a text or a packet to all users: every connection here has one, so this is `broadcast`. */
  broadcastToAllAuthorizedUsers(input: Sendable<P>, options: BroadcastOptions<AuthConnection<T, P, D>> = {}): Promise<number> {
    return this.broadcast(input, options);
  }

  /** Sends a text or bytes as they are to all users: `broadcastRaw`. */
  broadcastToAllAuthorizedUsersRaw(
    input: string | Uint8Array,
    options: BroadcastOptions<AuthConnection<T, P, D>> = {},
  ): Promise<number> {
    return this.broadcastRaw(input, options);
  }

  /**
   * Closes all connections of a user, those of services included. Resolves with their number when they are closed: at the latest after
   * `closeTimeoutMs`. Code and reason as for `connection.close`.
   */
  async disconnectUser(userId: T, code = 1000, reason = ""): Promise<number> {
    const connections = [...this.#identities.connectionsOf(userId), ...this.#elsewhere.connectionsOf(userId)];
    await Promise.all(connections.map((connection) => connection.close(code, reason)));
    return connections.length;
  }
}
