import { describeThrown, type Packet, WebsocketsSimpleError } from "@websockets-simple/shared";
import { systemClock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { type Endpoint, openEndpoint } from "./endpoint.ts";
import type { ServerEvents } from "./events.ts";
import { createGate } from "./gate.ts";
import type { GuessWatch } from "./handshake/user-service.ts";
import { internalsOf, type ServerInternals } from "./internals.ts";
import { Attachments, type AttachOptions } from "./listen/attachments.ts";
import type { OwnHttpServer, ServerAddress } from "./listen/http-server.ts";
import { checkTls, renewTls, type ServerTlsOptions } from "./listen/tls.ts";
import { createLog, type Log } from "./logger.ts";
import { type CheckedOptions, checkServerOptions } from "./option-rules.ts";
import type { ServerOptions } from "./options.ts";
import type { BehaviorSource } from "./services/behavior.ts";
import type { AnyService, WebsocketService } from "./services/service.ts";
import { coreOf, ServiceBase } from "./services/service-base.ts";
import type { CoreParts, ServiceCore } from "./services/service-core.ts";
import type { ServiceConnection, ServiceOptions, UserIdOf } from "./services/service-options.ts";
import { Services } from "./services/services.ts";
import { ENGINES, type Engine } from "./socket.ts";
import type { ServerStats } from "./stats.ts";

/**
 * A WebSocket server. Events: `message`, `connection`, `error`, `ping`, `pong`, `server`; see `ServerEvents`. `P` is the type of packets,
 * `D` that of `connection.data`, `C` that of connections.
 */
export class WebsocketServer<
  P extends Packet = Packet,
  D = undefined,
  C extends Connection<P, D> = Connection<P, D>,
> extends ServiceBase<P, D, C, ServerEvents<P, C>> {
  readonly #options: CheckedOptions<P, D>;
  readonly #internals: ServerInternals<P, D, C>;
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #core: ServiceCore<P, D, C>;
  readonly #services: Services;
  readonly #attachments = new Attachments((url) => this.#services.has(url));
  /** As it was given. */
  #tls: ServerTlsOptions | undefined;
  #state: "stopped" | "starting" | "started" | "stopping" | "disposed" = "stopped";
  #isDisposing = false;
  #endpoint: Endpoint | undefined;
  /** The start or the stop that is under way. */
  #change: Promise<unknown> = Promise.resolve();

  /**
   * Checks the options; nothing is opened before `start()`.
   *
   * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
   */
  constructor(options: ServerOptions<P, D, C> = {}) {
    const internals = internalsOf<P, D, C>(options ?? {});
    const checked = checkServerOptions<P, D>(options, internals.authenticate !== undefined);
    const { logger } = checked;
    const engine = internals.engine ?? ENGINES[checked.engine];
    const parts = {
      options: checked,
      own: options,
      clock: internals.clock ?? systemClock,
      engine,
      roster: internals.roster,
      isLogged: logger !== undefined,
      createConnection: internals.createConnection ?? ((peer, data) => new Connection<P, D>(peer, data) as C),
    } satisfies CoreParts<P, D, C>;
    let log: Log = () => {};
    super(["message", "connection", "error", "ping", "pong", "server"], parts, (failed) => {
      log = createLog(logger, failed);
      return log;
    });
    this.#options = checked;
    this.#internals = internals;
    this.#engine = engine;
    this.#log = log;
    this.#core = coreOf(this);
    const { rosterOfServices: roster } = internals;
    this.#services = new Services(this.#core, { ...parts, ofServer: { ...options }, log, roster });
    this.#tls = options.tls as ServerTlsOptions | undefined;
  }

  /** Where it listens, the first endpoint; undefined while it does not. */
  get address(): ServerAddress | undefined {
    return this.#endpoint?.addresses[0];
  }

  /** Where it listens, one for each endpoint; empty while it does not. */
  get addresses(): readonly ServerAddress[] {
    return this.#endpoint?.addresses ?? [];
  }

  /** Counters since the server was made, those of its services included. */
  stats(): ServerStats {
    return this.#services.stats(this.#engine.name);
  }

  /** The services by path, those aside that were removed. */
  get services(): ReadonlyMap<string, AnyService> {
    return this.#services.byPath;
  }

  /**
   * Serves a path with connections, events and options of its own, before `start()` or while the server runs, until
   * `service.remove()`. What is at no service's path goes to the server itself: see option `path`. `connections`, `broadcast` and all
   * else of the server are of its own connections alone; `stats()` and `stop()` are of all.
   *
   * @param path `"/chat"`: this path alone, with or without a slash at the end, percent-decoded, case counting; `"/rooms/*"`: all below
   *   `/rooms`, what follows being `connection.channel`. The longest path wins. Option `path` is not put before it
   * @param given options; or a subclass of `WebsocketBehavior`, or a function that makes one, as of option `behavior`
   * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound; `INVALID_STATE` when there is a service at this path
   *   already, or the server is disposed
   */
  service<P2 extends Packet = Packet, D2 = undefined>(
    path: string,
    given:
      | ServiceOptions<P2, D2, ServiceConnection<C, P2, D2>, UserIdOf<C>>
      | BehaviorSource<P2, D2, ServiceConnection<C, P2, D2>> = {},
  ): WebsocketService<P2, D2, ServiceConnection<C, P2, D2>> {
    if (this.#isDisposing) throw new WebsocketsSimpleError("INVALID_STATE", "service: the server is disposed; make a new one");
    return this.#services.make<P2, D2, ServiceConnection<C, P2, D2>>(path, given);
  }

  /**
   * Takes the upgrade requests of an HTTP server of yours: those for the service path and below. While this server is not started
   * they get HTTP 503, so that clients try again.
   * Others are HTTP 404; where others listen for `upgrade` too they are left to them, and with path `"/"` all but `"/"` itself.
   * Returns what detaches it; connections stay.
   *
   * @throws WebsocketsSimpleError `INVALID_ARGUMENT` unless it is a server of `node:http` or `node:https`; `INVALID_OPTION`;
   *   `INVALID_STATE` where another server is attached to it at the same path
   */
  attach(httpServer: OwnHttpServer, options: AttachOptions = {}): () => void {
    return this.#attachments.add(httpServer, options, this.#options.path ?? "/");
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
    this.#services.dispose();
    this.#attachments.clear();
    this.removeAllListeners();
  }

  /** The same as `dispose()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #open(): Promise<Endpoint> {
    const core = this.#core;
    const services = this.#services;
    const { authenticate } = this.#internals;
    const report = (error: WebsocketsSimpleError): void => core.hub.report(error);
    const keeper = authenticate && ((guesses: GuessWatch | undefined) => authenticate(core.clock, report, guesses));
    const gate = createGate(this.#options, this.#engine, core.clock, keeper);
    services.open(gate);
    try {
      return await openEndpoint({
        options: this.#options,
        gate,
        attachments: this.#attachments,
        take: (request, stream, head, isUnix, at) => services.take(request, stream, head, isUnix, at),
        isService: (url) => services.has(url),
        leave: () => services.stop(),
        refused: (status, reason, address) => core.refused(status, reason, address),
        report,
        reportFailure: (what, thrown) => core.hub.reportFailure(what, thrown),
      });
    } catch (error) {
      services.shut();
      throw error;
    }
  }
}
