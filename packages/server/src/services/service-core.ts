import type { Duplex } from "node:stream";
import type { CodecOptions, Packet, Sendable } from "@websockets-simple/shared";
import type { AcceptQueue } from "../accept-loop.ts";
import { checkBroadcastOptions } from "../broadcast-options.ts";
import { type Clock, coarseDate } from "../clock.ts";
import type { Connection, ConnectionPeer } from "../connection.ts";
import { ConnectionManager } from "../connection-manager.ts";
import type { ServerEvents } from "../events.ts";
import type { Gate } from "../gate.ts";
import { WebsocketHandler } from "../handler.ts";
import { StopSignal } from "../handshake/asker.ts";
import type { UpgradeRequest } from "../handshake/upgrade-request.ts";
import type { Refusal } from "../http-answer.ts";
import { Hub, type Roster } from "../hub.ts";
import type { Log } from "../logger.ts";
import type { CheckedOptions } from "../option-rules.ts";
import type { BroadcastOptions } from "../options.ts";
import { packetPayload, preparedPayload, rawPayload } from "../payload.ts";
import { PacketReader } from "../plain-packet.ts";
import type { Engine, UpgradeHead } from "../socket.ts";
import { type Counters, count, createCounters } from "../stats.ts";
import { WatchRules } from "../watch-rules.ts";
import { Serving } from "./serving.ts";
import { type SweepOptions, type SweepResult, sweepSessions } from "./session-sweep.ts";

/** What the application has given of its own. */
export interface CoreOptions<P extends Packet, D, C extends Connection<P, D>> {
  readonly handler?: WebsocketHandler<P, D> | undefined;
  readonly connectionManager?: ConnectionManager<C> | undefined;
  readonly createState?: ((request: UpgradeRequest, userId: never) => D | Promise<D>) | undefined;
}

/** What a core needs of its surroundings. */
export interface CoreParts<P extends Packet, D, C extends Connection<P, D>> {
  readonly options: CheckedOptions<P, D>;
  readonly own: CoreOptions<P, D, C>;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly roster: Roster<C> | undefined;
  /** Whether the application reads the log. */
  readonly isLogged: boolean;
  createConnection(peer: ConnectionPeer<P>, data: D, userId: unknown): C;
}

/** Whom a core tells. */
export interface CoreVoice<P extends Packet, C> {
  readonly log: Log;
  readonly accepting: AcceptQueue<C>;
  emit<E extends keyof ServerEvents<P, C>>(event: E, payload: ServerEvents<P, C>[E]): void;
  isHeard(event: keyof ServerEvents<P, C>): boolean;
}

/** What serves connections behind a server and behind each of its services: their hub, and what runs while the ports are open. */
export class ServiceCore<P extends Packet, D, C extends Connection<P, D>> {
  readonly hub: Hub<P, D, C>;
  /** Who waits for a loop over them. */
  readonly accepting: AcceptQueue<C>;
  readonly manager: ConnectionManager<C>;
  readonly counters: Counters = createCounters();
  readonly clock: Clock;
  readonly options: CheckedOptions<P, D>;
  readonly #engine: Engine;
  readonly #stateHook: CoreOptions<P, D, C>["createState"];
  readonly #log: Log;
  readonly #codec: CodecOptions<P>;
  #serving: Serving | undefined;
  #stop = new StopSignal();

  constructor(parts: CoreParts<P, D, C>, { log, accepting, emit, isHeard }: CoreVoice<P, C>) {
    const { options, own, clock, engine, roster, isLogged, createConnection } = parts;
    const { packet, packetCasing, codec, sendQueue: queue, rate, connectionSuccessString: successString } = options;
    this.options = options;
    this.clock = clock;
    this.#engine = engine;
    this.#stateHook = own.createState;
    this.#log = log;
    this.#codec = { packetCasing, packet, codec };
    this.accepting = accepting;
    this.manager = own.connectionManager ?? new ConnectionManager<C>();
    const handler = own.handler ?? new WebsocketHandler<P, D>();
    const reader = new PacketReader(this.#codec, coarseDate(clock));
    handler.bind((message) => reader.read(message));
    this.hub = new Hub<P, D, C>({
      clock,
      accepting,
      reading: options,
      codec: this.#codec,
      reader,
      counters: this.counters,
      queue,
      rate,
      watch: new WatchRules({ ...options, stallTimeoutMs: queue.stallTimeoutMs }),
      successString,
      handler,
      manager: this.manager,
      roster,
      log,
      isLogged,
      createConnection,
      emit,
      isHeard,
    });
  }

  /** How many requests of it are being judged. */
  get pending(): number {
    return this.#serving?.pending ?? 0;
  }

  /** From now on it takes connections in. */
  open(gate: Gate): void {
    const { hub } = this;
    this.#serving = new Serving(gate, {
      options: this.options,
      verifyHook: this.options.verifyRequest,
      stateHook: this.#stateHook,
      peers: () => hub.peers.values(),
      admit: (socket, request, data, userId) => hub.admit(socket, request, data, userId),
      refused: (status, reason, address) => this.refused(status, reason, address),
      report: (error) => hub.report(error),
      reportFailure: (what, thrown) => hub.reportFailure(what, thrown),
    });
  }

  /** Takes an upgrade request in. Never throws. @param at the path's segments, where they are others than usual */
  take(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean, at?: readonly string[]): void {
    // One that comes between the end of this and that of the listener.
    if (this.#serving) this.#serving.take(request, stream, head, isUnix, at);
    else stream.destroy();
  }

  /** Takes nobody in any more: those that are being judged are destroyed, or get an answer where there is one for them. */
  shut(answer?: Refusal): void {
    this.#serving?.end(answer);
    this.#serving = undefined;
    this.#stop.stop();
    this.#stop = new StopSignal();
  }

  /** Settles as `Sessions.sweep`. */
  sweep(options: SweepOptions = {}): Promise<SweepResult> {
    return this.hub.unawaited(sweepSessions(this.hub.peers.values(), options, this.clock, this.#stop));
  }

  /** Counts a refusal, and writes it down. */
  refused(status: number, reason: string, remoteAddress: string): void {
    count(this.counters.refusals, status);
    this.#log("info", "refused", { status, reason, remoteAddress });
  }

  /** Sends one message, encoded once, to those of several connections that are meant. Settles as `broadcast` does. */
  sendToMany(
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
      const now = this.clock.date();
      const payload = isRaw ? rawPayload(input as string) : packetPayload(input as Sendable<P>, this.#codec, now);
      const prepared = preparedPayload<P>(payload, this.#engine, this.options.sendQueue.maxBytes);
      resolve(this.hub.broadcast(prepared, connections, isMeant));
    });
    return this.hub.unawaited(sending);
  }
}
