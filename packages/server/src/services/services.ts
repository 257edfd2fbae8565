import type { Duplex } from "node:stream";
import { type Packet, WebsocketsSimpleError, wrong } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import type { AnyConnection, Connection, ConnectionPeer } from "../connection.ts";
import type { Gate } from "../gate.ts";
import type { Refusal } from "../http-answer.ts";
import type { Roster } from "../hub.ts";
import type { Log } from "../logger.ts";
import type { Engine, UpgradeHead } from "../socket.ts";
import { addCounters, type Counters, createCounters, type ServerStats, toStats } from "../stats.ts";
import type { BehaviorSource } from "./behavior.ts";
import { type AnyService, type ServiceParts, WebsocketService } from "./service.ts";
import { coreOf } from "./service-base.ts";
import type { CoreOptions } from "./service-core.ts";
import { checkServiceOptions, type ServiceOptions } from "./service-options.ts";
import { readServicePath, type ServicePath, ServicePaths } from "./service-paths.ts";

/** What serves connections, whatever they are. */
export interface Served {
  /** How many requests are being judged. */
  readonly pending: number;
  readonly counters: Counters;
  readonly accepting: { end(): void; shut(): void };
  readonly hub: { readonly peers: { readonly size: number }; closeAll(code: number, reason: string): Promise<void> };
  open(gate: Gate): void;
  take(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean, at?: readonly string[]): void;
  shut(answer?: Refusal): void;
}

/** What services have of their server. */
export interface ServerOfServices {
  /** Its options as they were given. */
  readonly ofServer: object;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly log: Log;
  readonly isLogged: boolean;
  readonly roster: Roster<AnyConnection> | undefined;
  /** Makes connections of the kind that the server has, for any packets and any state. */
  readonly createConnection: (peer: ConnectionPeer<never>, data: never, userId: unknown) => AnyConnection;
}

/** RFC 6455 section 7.4.1. */
const GOING_AWAY = 1001;
const REMOVED: Refusal = { status: 404, reason: "The WebSocket service at this path was removed." };

/** All that a server serves: itself, and its services, which come and go. */
export class Services {
  readonly #own: Served;
  readonly #server: ServerOfServices;
  /** Those that were removed as well, until their connections are closed. */
  readonly #all: Set<Served>;
  readonly #paths = new ServicePaths<Served>();
  readonly #byPath = new Map<string, AnyService>();
  /** The counters of services that are gone. */
  readonly #past = createCounters();
  /** Undefined while the ports are not open. */
  #gate: Gate | undefined;

  /** @param own takes what is no service's */
  constructor(own: Served, server: ServerOfServices) {
    this.#own = own;
    this.#server = server;
    this.#all = new Set([own]);
  }

  /** By path, without those that were removed. */
  get byPath(): ReadonlyMap<string, AnyService> {
    return this.#byPath;
  }

  /**
   * Makes a service: it is there at once when the ports are open, else when they will be.
   *
   * @throws WebsocketsSimpleError as of `WebsocketServer.service`
   */
  make<P extends Packet, D, C extends Connection<P, D>>(
    path: string,
    given: ServiceOptions<P, D, C, never> | BehaviorSource<P, D, C>,
  ): WebsocketService<P, D, C> {
    const at = readServicePath(path);
    if (typeof (given as { bind?: unknown } | null)?.bind === "function" && typeof given !== "function") {
      throw wrong("behavior", given, "the class or a function that makes it, not an instance: each connection has its own");
    }
    const own: ServiceOptions<P, D, C, never> = typeof given === "function" ? { behavior: given } : given;
    const { ofServer, ...parts } = this.#server;
    const options = checkServiceOptions<P, D>(own, ofServer, at);
    if (this.#byPath.has(at.path)) {
      throw new WebsocketsSimpleError("INVALID_STATE", `service: there is one at ${at.path} already; remove that first`);
    }
    const service: WebsocketService<P, D, C> = WebsocketService.of<P, D, C>({
      ...(parts as unknown as ServiceParts<P, D, C>),
      path: at.path,
      behavior: own.behavior,
      options,
      own: own as CoreOptions<P, D, C>,
      remove: (code, reason) => this.#remove(at, coreOf(service), code, reason),
    });
    const served: Served = coreOf(service);
    this.#byPath.set(at.path, service as unknown as AnyService);
    this.#paths.add(at, served);
    this.#all.add(served);
    if (this.#gate) served.open(this.#gate);
    return service;
  }

  /** Takes it away, and closes its connections; resolves when they are closed. */
  async #remove(at: ServicePath, served: Served, code: number, reason: string): Promise<void> {
    this.#byPath.delete(at.path);
    this.#paths.remove(at);
    served.accepting.shut();
    served.shut(REMOVED);
    await served.hub.closeAll(code, reason);
    this.#all.delete(served);
    addCounters(this.#past, served.counters);
  }

  /** The ports are about to open. */
  open(gate: Gate): void {
    this.#gate = gate;
    this.#own.open(gate);
    for (const served of this.#paths.all()) served.open(gate);
  }

  /**
   * Takes an upgrade request in: for the service at its path, or else for the server itself. Never throws.
   *
   * @param at the segments of the server's own path, where they are others than usual
   */
  take(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean, at?: readonly string[]): void {
    const served = this.#find(request.url ?? "");
    if (served) served.take(request, stream, head, isUnix);
    else this.#own.take(request, stream, head, isUnix, at);
  }

  /** Whether there is a service at a request target. */
  has(url: string): boolean {
    return this.#find(url) !== undefined;
  }

  #find(url: string): Served | undefined {
    return this.#paths.find(url, this.#gate?.authentication?.places.includes("path") === true);
  }

  /** The ports are closed, or could not be opened: nobody is taken in any more. */
  shut(): void {
    this.#gate?.loopDelay.end();
    this.#gate = undefined;
    for (const served of this.#all) served.shut();
  }

  /** The server stops: nobody is taken in any more, and all connections are closed. Resolves when they are. */
  async stop(): Promise<void> {
    for (const served of this.#all) served.accepting.end();
    this.shut();
    await Promise.all([...this.#all].map((served) => served.hub.closeAll(GOING_AWAY, "the server stops")));
  }

  /** The server is done for good: nobody is told of anything any more. */
  dispose(): void {
    for (const service of this.#byPath.values()) service.removeAllListeners();
    for (const served of this.#all) served.accepting.shut();
  }

  /** All counters together. */
  stats(engine: string): ServerStats {
    const sum = createCounters();
    addCounters(sum, this.#past);
    let connections = 0;
    let pending = 0;
    for (const served of this.#all) {
      addCounters(sum, served.counters);
      connections += served.hub.peers.size;
      pending += served.pending;
    }
    return toStats(engine, connections, pending, sum);
  }
}
