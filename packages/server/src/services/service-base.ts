import { describeThrown, type Packet, type Sendable, WebsocketsSimpleError } from "@websockets-simple/shared";
import { AcceptingEmitter, AcceptQueue } from "../accept-loop.ts";
import { type Connection, isConnection } from "../connection.ts";
import type { ServerEvents, ServiceEvents } from "../events.ts";
import type { Log } from "../logger.ts";
import type { BroadcastOptions } from "../options.ts";
import { type CoreParts, type CoreVoice, ServiceCore } from "./service-core.ts";
import { Sessions } from "./sessions.ts";

/** What serves the connections of a server or a service, for rooms that are no part of either. */
export let coreOf: <P extends Packet, D, C extends Connection<P, D>, E extends ServiceEvents<P, C>>(
  of: ServiceBase<P, D, C, E>,
) => ServiceCore<P, D, C>;

/** Listeners of the library's own, which do not fail. */
export type InnerListeners<P extends Packet, C> = {
  readonly [E in "message" | "connection" | "error"]?: (event: ServiceEvents<P, C>[E]) => void;
};

/** What a server and each of its services have in common: connections, events about them, and sending to them. */
export abstract class ServiceBase<
  P extends Packet,
  D,
  C extends Connection<P, D>,
  E extends ServiceEvents<P, C>,
> extends AcceptingEmitter<E, C> {
  readonly #core: ServiceCore<P, D, C>;
  readonly #log: Log;
  /** @internal */
  protected readonly accepting: AcceptQueue<C>;
  /** Once a listener of `error` has failed, a failing logger has nobody left to tell. */
  #loggerIsLast = false;
  #sessions: Sessions<P, D, C> | undefined;

  static {
    coreOf = (of) => of.#core;
  }

  /**
   * @param inner told of events after all listeners
   * @internal
   */
  constructor(
    events: readonly (keyof E)[],
    parts: CoreParts<P, D, C>,
    createLog: (failed: (thrown: unknown) => void) => Log,
    inner?: InnerListeners<P, C>,
  ) {
    super(events);
    this.#log = createLog((thrown) => this.#loggerFailed(thrown));
    this.accepting = new AcceptQueue<C>(parts.options.maxQueuedConnections);
    const voice: CoreVoice<P, C> = {
      log: this.#log,
      accepting: this.accepting,
      emit: (event, payload) => {
        this.emit(event as keyof E, payload as never);
        inner?.[event as keyof InnerListeners<P, C>]?.(payload as never);
      },
      isHeard: (event) => this.#isHeard(event as keyof E),
    };
    this.#core = new ServiceCore(parts, voice);
  }

  /** The connections by id, open or closing: see `state`. */
  get connections(): ReadonlyMap<string, C> {
    return this.#core.manager.connections;
  }

  /** The same connections by id: to send to, ping, close and sweep. */
  get sessions(): Sessions<P, D, C> {
    const core = this.#core;
    this.#sessions ??= Sessions.of<P, D, C>({
      connections: () => this.connections,
      broadcast: (input, options) => this.broadcast(input, options),
      broadcastRaw: (input, options) => this.broadcastRaw(input, options),
      unawaited: (doing) => core.hub.unawaited(doing),
      sweep: (options) => core.sweep(options),
    });
    return this.#sessions;
  }

  /** Sends a text or a packet to one connection: the same as `connection.send(input)`. */
  sendToConnection(input: Sendable<P>, connection: C): Promise<void> {
    return isConnection(connection) ? connection.send(input) : this.#noConnection("sendToConnection(input, connection)");
  }

  /** Sends a text or bytes to one connection as they are: the same as `connection.sendRaw(input)`. */
  sendToConnectionRaw(input: string | Uint8Array, connection: C): Promise<void> {
    return isConnection(connection) ? connection.sendRaw(input) : this.#noConnection("sendToConnectionRaw(input, connection)");
  }

  /**
   * Sends a text or a packet to all open connections, waiting for none. Resolves with the number of those whose send
   * queue took it; one `sent` event tells it. Rejects with `INVALID_ARGUMENT`, also for options that do not exist.
   */
  broadcast(input: Sendable<P>, options: BroadcastOptions<C> = {}): Promise<number> {
    return this.sendToMany(this.connections.values(), input, false, options);
  }

  /** Sends a text or bytes as they are to all open connections; settles as `broadcast` does. */
  broadcastRaw(input: string | Uint8Array, options: BroadcastOptions<C> = {}): Promise<number> {
    return this.sendToMany(this.connections.values(), input, true, options);
  }

  /** Closes one connection: the same as `connection.close(code, reason)`. */
  disconnectConnection(connection: C, code = 1000, reason = ""): Promise<void> {
    return isConnection(connection)
      ? connection.close(code, reason)
      : this.#noConnection("disconnectConnection(connection, code, reason)");
  }

  /** For subclasses: sends one message, encoded once, to those of several connections that are meant. */
  protected sendToMany(
    connections: Iterable<C>,
    input: Sendable<P> | string | Uint8Array,
    isRaw: boolean,
    options: BroadcastOptions<C>,
  ): Promise<number> {
    return this.#core.sendToMany(connections, input, isRaw, options);
  }

  protected override listenerFailed(event: keyof E, thrown: unknown): void {
    if (event === "error") {
      // An error listener that fails would be told of itself for ever, and so would a logger that fails to tell of that.
      this.#loggerIsLast = true;
      this.#log("error", `a listener of "error" failed: ${describeThrown(thrown)}`, { code: "LISTENER_FAILED" });
      return;
    }
    this.#core.hub.reportFailure(`a listener of "${String(event)}"`, thrown);
  }

  #isHeard(event: keyof E): boolean {
    // Those of messages are remembered, and stay so.
    return (event === "message" ? this.listenersOf(event).length : this.listenerCount(event)) > 0;
  }

  #loggerFailed(thrown: unknown): void {
    if (this.#loggerIsLast) return;
    const why = `option logger failed: ${describeThrown(thrown)}`;
    const payload: ServerEvents<P, C>["error"] = { error: new WebsocketsSimpleError("LISTENER_FAILED", why, { cause: thrown }) };
    this.emit("error", payload as E["error"]);
  }

  #noConnection(call: string): Promise<never> {
    const why = `${call}: expected a connection, as events and server.connections.get(id) give it`;
    return this.#core.hub.unawaited(Promise.reject(new WebsocketsSimpleError("INVALID_ARGUMENT", why)));
  }
}
