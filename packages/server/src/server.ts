import { type CodecOptions, describeThrown, type Packet, type Sendable, WebsocketsSimpleError } from "@websockets-simple/shared";
import { AcceptingEmitter, AcceptQueue } from "./accept-loop.ts";
import { checkBroadcastOptions } from "./broadcast-options.ts";
import { coarseDate, systemClock } from "./clock.ts";
import { Connection, isConnection } from "./connection.ts";
import { ConnectionManager } from "./connection-manager.ts";
import { type Endpoint, openEndpoint } from "./endpoint.ts";
import type { ServerEvents } from "./events.ts";
import { WebsocketHandler } from "./handler.ts";
import { Hub } from "./hub.ts";
import { internalsOf, type ServerInternals } from "./internals.ts";
import { Attachments, type AttachOptions } from "./listen/attachments.ts";
import type { OwnHttpServer, ServerAddress } from "./listen/http-server.ts";
import { checkTls, renewTls, type ServerTlsOptions } from "./listen/tls.ts";
import { createLog, type Log } from "./logger.ts";
import { type CheckedOptions, checkServerOptions } from "./option-rules.ts";
import type { BroadcastOptions, ServerOptions } from "./options.ts";
import { packetPayload, preparedPayload, rawPayload } from "./payload.ts";
import { PacketReader } from "./plain-packet.ts";
import { ENGINES, type Engine } from "./socket.ts";
import { createCounters, type ServerStats, toStats } from "./stats.ts";
import { WatchRules } from "./watch-rules.ts";

/**
 * A WebSocket server. Events: `message`, `connection`, `error`, `ping`, `pong`, `server`; see `ServerEvents`. `P` is the type of packets,
 * `D` that of `connection.data`, `C` that of connections.
 */
export class WebsocketServer<
  P extends Packet = Packet,
  D = undefined,
  C extends Connection<P, D> = Connection<P, D>,
> extends AcceptingEmitter<ServerEvents<P, C>, C> {
  readonly #options: CheckedOptions<P, D>;
  readonly #internals: ServerInternals<P, D, C>;
  readonly #createState: ServerOptions<P, D, C>["createState"];
  readonly #codec: CodecOptions<P>;
  readonly #manager: ConnectionManager<C>;
  readonly #log: Log;
  readonly #hub: Hub<P, D, C>;
  readonly #counters = createCounters();
  readonly #attachments = new Attachments();
  /** As it was given. */
  #tls: ServerTlsOptions | undefined;
  #state: "stopped" | "starting" | "started" | "stopping" | "disposed" = "stopped";
  #isDisposing = false;
  #endpoint: Endpoint | undefined;
  /** @internal */
  protected readonly accepting: AcceptQueue<C>;
  /** The start or the stop that is under way. */
  #change: Promise<unknown> = Promise.resolve();

  /**
   * Checks the options; nothing is opened before `start()`.
   *
   * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
   */
  constructor(options: ServerOptions<P, D, C> = {}) {
    super(["message", "connection", "error", "ping", "pong", "server"]);
    const internals = internalsOf<P, D, C>(options ?? {});
    this.#options = checkServerOptions<P, D>(options, internals.authenticate !== undefined);
    this.#internals = internals;
    this.#createState = options.createState;
    this.#tls = options.tls as ServerTlsOptions | undefined;
    const { packet, packetCasing, codec, logger, sendQueue: queue, rate, connectionSuccessString: successString } = this.#options;
    const clock = internals.clock ?? systemClock;
    this.#codec = { packetCasing, packet, codec };
    this.#log = createLog(logger, (thrown) => this.#loggerFailed(thrown));
    this.#manager = options.connectionManager ?? new ConnectionManager<C>();
    const handler = options.handler ?? new WebsocketHandler<P, D>();
    const reader = new PacketReader(this.#codec, coarseDate(clock));
    handler.bind((message) => reader.read(message));
    this.accepting = new AcceptQueue<C>(this.#options.maxQueuedConnections);
    this.#hub = new Hub<P, D, C>({
      clock,
      accepting: this.accepting,
      reading: this.#options,
      codec: this.#codec,
      reader,
      counters: this.#counters,
      queue,
      rate,
      watch: new WatchRules({ ...this.#options, stallTimeoutMs: queue.stallTimeoutMs }),
      successString,
      handler,
      manager: this.#manager,
      roster: internals.roster,
      log: this.#log,
      isLogged: logger !== undefined,
      createConnection: internals.createConnection ?? ((peer, data) => new Connection<P, D>(peer, data) as C),
      emit: (event, payload) => void this.emit(event, payload),
      // Those of messages are remembered, and stay so.
      isHeard: (event) => (event === "message" ? this.listenersOf(event).length : this.listenerCount(event)) > 0,
    });
  }

  /** The connections by id, open or closing: see `state`. */
  get connections(): ReadonlyMap<string, C> {
    return this.#manager.connections;
  }

  /** Where it listens, the first endpoint; undefined while it does not. */
  get address(): ServerAddress | undefined {
    return this.#endpoint?.addresses[0];
  }

  /** Where it listens, one for each endpoint; empty while it does not. */
  get addresses(): readonly ServerAddress[] {
    return this.#endpoint?.addresses ?? [];
  }

  get #engine(): Engine {
    return this.#internals.engine ?? ENGINES[this.#options.engine];
  }

  /** Counters since the server was made. */
  stats(): ServerStats {
    return toStats(this.#engine.name, this.#hub.peers.size, this.#endpoint?.pendingHandshakes ?? 0, this.#counters);
  }

  /**
   * Takes the upgrade requests of an HTTP server of yours, whenever this server is started: those for the service path and below.
   * Others are HTTP 404; where others listen for `upgrade` too they are left to them, and with path `"/"` all but `"/"` itself.
   * Returns what detaches it; connections stay.
   *
   * @throws WebsocketsSimpleError `INVALID_ARGUMENT` unless it is a server of `node:http` or `node:https`; `INVALID_OPTION`
   */
  attach(httpServer: OwnHttpServer, options: AttachOptions = {}): () => void {
    return this.#attachments.add(httpServer, options, this.#options.path);
  }

  /**
   * Listens. Resolves with the bound address (of the first endpoint) once clients can connect. Attached, it opens no port of its
   * own unless you gave one, and tells the HTTP server's: 0 where that does not listen yet. May be called again, after a failure too.
   *
   * Rejects with `LISTEN_FAILED` (address, cause and what to do), or `INVALID_STATE` unless the server is stopped.
   */
  async start(): Promise<ServerAddress> {
    const state = this.#isDisposing ? "disposed" : this.#state;
    if (state !== "stopped") {
      const advice = state === "disposed" ? "make a new one" : "stop it first";
      throw new WebsocketsSimpleError("INVALID_STATE", `start: the server is ${state}; ${advice}`);
    }
    this.#state = "starting";
    const { tls } = this.#options;
    const opening = this.#open();
    this.#change = opening.catch(() => {});
    try {
      this.#endpoint = await opening;
    } catch (error) {
      this.#state = "stopped";
      this.#log("error", describeThrown(error));
      throw error;
    }
    const renewed = this.#options.tls;
    if (renewed && renewed !== tls) this.#endpoint.reloadTls(renewed);
    this.#state = "started";
    for (const address of this.#endpoint.addresses) this.#log("info", "started", { ...address });
    this.emit("server", { type: "started" });
    return this.#endpoint.addresses[0] as ServerAddress;
  }

  /**
   * Stops: takes nobody in any more, closes every connection with 1001, waits for them up to `closeTimeoutMs`, destroys
   * what is left. Resolves when no socket and no timer is left; when already stopped, at once.
   */
  async stop(): Promise<void> {
    // Whoever called start() goes on first, so that its server is a started one.
    await this.#change;
    await Promise.resolve();
    if (this.#state === "stopping") return void (await this.#change);
    const endpoint = this.#endpoint;
    if (this.#state !== "started" || !endpoint) return;
    this.#state = "stopping";
    this.accepting.end();
    this.#change = endpoint.stop();
    await this.#change;
    this.#endpoint = undefined;
    this.#state = "stopped";
    this.#log("info", "stopped");
    this.emit("server", { type: "stopped" });
  }

  /**
   * Shows a renewed certificate to whoever connects from now on; who is there stays. Give what has changed, `pfx` and
   * `passphrase`, or `key` and `cert`; all else stays as it was.
   *
   * @throws WebsocketsSimpleError `INVALID_OPTION` when it cannot be used, and then nothing has changed; `INVALID_STATE` on a
   *   server without option `tls`
   */
  reloadTls(renewed: ServerTlsOptions): void {
    if (!this.#tls) throw new WebsocketsSimpleError("INVALID_STATE", "reloadTls: the server has no option tls; make a new one");
    const given = renewTls(this.#tls, renewed);
    const checked = checkTls(given);
    this.#tls = given;
    this.#options.tls = checked;
    this.#endpoint?.reloadTls(checked);
    this.#log("info", "certificate reloaded");
  }

  /** Stops for good, and removes all listeners. */
  async dispose(): Promise<void> {
    this.#isDisposing = true;
    await this.stop();
    this.#state = "disposed";
    this.accepting.shut();
    this.removeAllListeners();
  }

  /** The same as `dispose()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
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
    return this.sendToMany(this.#manager.connections.values(), input, false, options);
  }

  /** Sends a text or bytes as they are to all open connections; settles as `broadcast` does. */
  broadcastRaw(input: string | Uint8Array, options: BroadcastOptions<C> = {}): Promise<number> {
    return this.sendToMany(this.#manager.connections.values(), input, true, options);
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
    const sending = new Promise<number>((resolve) => {
      checkBroadcastOptions(options);
      const { except, channel } = options;
      const isMeant = (connection: C): boolean =>
        connection !== except && (channel === undefined || connection.channel === channel);
      const now = (this.#internals.clock ?? systemClock).date();
      const payload = isRaw ? rawPayload(input as string) : packetPayload(input as Sendable<P>, this.#codec, now);
      const prepared = preparedPayload<P>(payload, this.#engine, this.#options.sendQueue.maxBytes);
      resolve(this.#hub.broadcast(prepared, connections, isMeant));
    });
    return this.#hub.unawaited(sending);
  }

  #noConnection(call: string): Promise<never> {
    const why = `${call}: expected a connection, as events and server.connections.get(id) give it`;
    return this.#hub.unawaited(Promise.reject(new WebsocketsSimpleError("INVALID_ARGUMENT", why)));
  }

  protected override listenerFailed(event: keyof ServerEvents<P, C>, thrown: unknown): void {
    if (event === "error") {
      // An error listener that fails would be told of itself for ever, and so would a logger that fails to tell of that.
      this.#loggerIsLast = true;
      this.#log("error", `a listener of "error" failed: ${describeThrown(thrown)}`, { code: "LISTENER_FAILED" });
      return;
    }
    this.#hub.reportFailure(`a listener of "${event}"`, thrown);
  }
  /** Once a listener of `error` has failed, a failing logger has nobody left to tell. */
  #loggerIsLast = false;

  #loggerFailed(thrown: unknown): void {
    if (this.#loggerIsLast) return;
    const error = new WebsocketsSimpleError("LISTENER_FAILED", `option logger failed: ${describeThrown(thrown)}`, {
      cause: thrown,
    });
    this.emit("error", { error });
  }

  #open(): Promise<Endpoint> {
    const { clock = systemClock, authenticate } = this.#internals;
    return openEndpoint({
      options: this.#options as unknown as CheckedOptions<never, unknown>,
      clock,
      engine: this.#engine,
      counters: this.#counters,
      log: this.#log,
      attachments: this.#attachments,
      authenticate: authenticate && ((guesses) => authenticate(clock, (error) => this.#hub.report(error), guesses)),
      createState: this.#createState,
      peers: () => this.#hub.peers.values(),
      admit: (socket, request, data, userId) => this.#hub.admit(socket, request, data, userId),
      closeAll: (code, reason) => this.#hub.closeAll(code, reason),
      report: (error) => this.#hub.report(error),
      reportFailure: (what, thrown) => this.#hub.reportFailure(what, thrown),
    });
  }
}
