import {
  type CodecOptions,
  describeThrown,
  type ErrorCode,
  type Packet,
  toError,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
import type { AcceptQueue } from "./accept-loop.ts";
import type { Clock } from "./clock.ts";
import type { Connection, ConnectionPeer, ReceivedMessage } from "./connection.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import type { ServerEvents, ServerMessageEvent } from "./events.ts";
import type { WebsocketHandler } from "./handler.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";
import type { Log } from "./logger.ts";
import { receivedEvent, sentEvent } from "./message-event.ts";
import type { Payload } from "./payload.ts";
import { Peer } from "./peer.ts";
import type { PeerContext } from "./peer-context.ts";
import type { ReadingOptions } from "./peer-reading.ts";
import type { PacketReader } from "./plain-packet.ts";
import { type RateLimitOptions, TokenBucket } from "./rate-limit.ts";
import type { SendQueueOptions } from "./send-queue.ts";
import type { EngineSocket, SocketListener } from "./socket.ts";
import { StallWatch } from "./stall-watch.ts";
import { type Counters, count } from "./stats.ts";
import type { WatchRules } from "./watch-rules.ts";

const FAULTS_OF_THE_APPLICATION: readonly ErrorCode[] = ["LISTENER_FAILED", "INVALID_ARGUMENT", "USER_SERVICE_FAILED"];

/** Who is told of connections that come and go, besides listeners. */
export interface Roster<C> {
  add(connection: C): void;
  remove(connection: C): void;
}

/** What the hub needs of its surroundings. */
export interface HubParts<P extends Packet, D, C extends Connection<P, D>> {
  readonly clock: Clock;
  readonly codec: CodecOptions<P>;
  /** Reads texts as their receivers do. */
  readonly reader: PacketReader<P>;
  readonly counters: Counters;
  readonly queue: Required<SendQueueOptions>;
  readonly rate: Required<RateLimitOptions> | undefined;
  readonly watch: WatchRules;
  readonly reading: ReadingOptions;
  readonly accepting: AcceptQueue<C>;
  readonly successString: string | undefined;
  readonly handler: WebsocketHandler<P, D>;
  readonly manager: ConnectionManager<C>;
  readonly roster: Roster<C> | undefined;
  readonly log: Log;
  /** Whether the application reads the log. */
  readonly isLogged: boolean;
  createConnection(peer: ConnectionPeer<P>, data: D, userId: unknown): C;
  emit<E extends keyof ServerEvents<P, C>>(event: E, payload: ServerEvents<P, C>[E]): void;
  isHeard(event: keyof ServerEvents<P, C>): boolean;
}

/** Where connections, messages and listeners meet. Whatever of the application's fails here harms nobody else. */
export class Hub<P extends Packet, D, C extends Connection<P, D>> {
  readonly #parts: HubParts<P, D, C>;
  readonly #context: PeerContext<P, Peer<P, C>>;
  readonly #peers = new Map<C, Peer<P, C>>();
  /** How many faulty calls are told by `error`; more are for the log. */
  readonly #faults: TokenBucket;
  /** How many faults are printed that nobody listens for. */
  readonly #prints: TokenBucket;
  /** Whether listeners of `error` are being called. */
  #isTelling = false;

  constructor(parts: HubParts<P, D, C>) {
    this.#parts = parts;
    const { clock, codec, counters, queue, rate, watch, reading } = parts;
    this.#faults = new TokenBucket(10, 100, clock);
    this.#prints = new TokenBucket(10, 100, clock);
    this.#context = {
      clock,
      codec,
      counters,
      queue,
      rate,
      watch,
      reading,
      stalls: new StallWatch(queue.stallTimeoutMs, clock),
      received: (peer, message) => {
        if (!peer.reading?.takes(message)) this.#received(peer, message);
      },
      beaten: ({ connection }, event, payload) => {
        // A copy of what was read, and only for somebody: pings come even where nothing else does.
        if (parts.isHeard(event)) parts.emit(event, { connection, payload: new Uint8Array(payload) });
      },
      sent: (peer, payload) => this.#tellSent(payload, 1, peer.connection),
      failed: (peer, error) => this.report(error, peer.connection),
      unawaited: (peer, doing) => this.unawaited(doing, peer.connection),
      severed: (peer, code, reason) => {
        count(counters.severed, code);
        parts.log("warn", "connection severed", { connection: peer.id, remoteAddress: peer.request.remoteAddress, code, reason });
      },
      closed: (peer, code, reason) => this.#closed(peer.connection, code, reason),
    };
  }

  /** The connections that are not closed yet. */
  get peers(): ReadonlyMap<C, Peer<P, C>> {
    return this.#peers;
  }

  /** Makes a connection of an open socket. */
  admit(socket: EngineSocket, request: UpgradeRequest, data: unknown, userId: unknown): SocketListener {
    const { createConnection, successString, manager, roster, counters, log, emit } = this.#parts;
    const peer = new Peer<P, C>(socket, request, this.#context);
    const connection = createConnection(peer, data as D, userId);
    this.#peers.set(connection, peer);
    peer.connection = connection;
    counters.accepted++;
    emit("connection", { type: "connecting", connection });
    if (!peer.open()) return peer;
    if (successString !== undefined) peer.greet(successString);
    roster?.add(connection);
    this.#guard("connectionManager.add", () => manager.add(connection), connection);
    log("info", "connected", { connection: peer.id, remoteAddress: request.remoteAddress, remotePort: request.remotePort });
    emit("connection", { type: "connected", connection });
    if (peer.isAlive) this.#parts.accepting.offer(connection, peer);
    return peer;
  }

  /** Sends one payload to many, waiting for none of them, and says to how many it went. */
  broadcast(payload: Payload<P>, connections: Iterable<C>, isMeant: (connection: C) => boolean): number {
    let recipients = 0;
    for (const connection of connections) {
      if (!isMeant(connection)) continue;
      const peer = this.#peers.get(connection);
      if (peer && !peer.push(payload)) recipients++;
    }
    this.#tellSent(payload, recipients);
    return recipients;
  }

  /** Closes all; resolves when they are closed. */
  async closeAll(code: number, reason: string): Promise<void> {
    await Promise.all([...this.#peers.values()].map((peer) => peer.leave(code, reason)));
  }

  /** Tells of an error, by log and event. A fault of the application's that nobody listens for must not vanish: it is printed. */
  report(error: WebsocketsSimpleError, connection?: C): void {
    const { isLogged, isHeard } = this.#parts;
    const isUnheard = !isLogged && !isHeard("error") && FAULTS_OF_THE_APPLICATION.includes(error.code);
    if (isUnheard && this.#prints.take()) console.error(error);
    this.#logError(error, connection);
    const isWithinAnother = this.#isTelling;
    this.#isTelling = true;
    this.#parts.emit("error", connection ? { error, connection } : { error });
    this.#isTelling = isWithinAnother;
  }

  /**
   * For calls that mostly nobody waits for: clients come and go, and that must not end the process; but a fault of the
   * application's must not vanish. It is told in a later turn, and where a listener of `error` made it, to the log alone:
   * such a listener would be told of itself for ever.
   */
  unawaited<T>(doing: Promise<T>, connection?: C): Promise<T> {
    const isOfErrorListener = this.#isTelling;
    doing.catch((error: WebsocketsSimpleError) => {
      if (error?.code !== "INVALID_ARGUMENT") return;
      // Nor may one that makes it later, after an `await`, keep the process busy with itself.
      if (isOfErrorListener || !this.#faults.take()) this.#logError(error, connection);
      else setImmediate(() => this.report(error, connection));
    });
    return doing;
  }

  #logError(error: WebsocketsSimpleError, connection: C | undefined): void {
    const about = connection && { connection: connection.id, remoteAddress: connection.remoteAddress };
    this.#parts.log("error", error.message, { code: error.code, ...about });
  }

  /** Tells that something of the application's threw or rejected. */
  reportFailure(what: string, thrown: unknown, connection?: C): void {
    const error = new WebsocketsSimpleError("LISTENER_FAILED", `${what} failed: ${describeThrown(thrown)}`, { cause: thrown });
    this.report(error, connection);
  }

  #tellReceived(peer: Peer<P, C>, event: ServerMessageEvent<P, C>): void {
    this.#parts.emit("message", event);
    peer.reading?.tell(event as ReceivedMessage<P>);
  }

  #received(peer: Peer<P, C>, message: string | Uint8Array): void {
    const { handler, reader, codec } = this.#parts;
    const { connection } = peer;
    const isText = typeof message === "string";
    if (!isText && !codec.codec) return void this.#tellReceived(peer, receivedEvent<P, C>(message, undefined, connection));
    const data = isText && handler.isUsual ? reader.readShort(message) : undefined;
    if (data !== undefined) return void this.#tellReceived(peer, receivedEvent<P, C>(data, reader.time, connection));
    let told: { packet?: P } | undefined;
    let text = message;
    try {
      told = handler.receive(message, connection);
      // What is made of a packet by a schema or a handler is the application's: a getter of it may throw.
      if (typeof told?.packet?.data === "string") text = told.packet.data;
    } catch (thrown) {
      return void this.#refused(thrown, connection);
    }
    if (!told) return;
    if (told.packet instanceof Promise) {
      told.packet.catch(() => {});
      return void this.reportFailure(
        "handler.messageReceived",
        "it returned a promise, which would reorder messages",
        connection,
      );
    }
    this.#tellReceived(peer, receivedEvent<P, C>(text, told.packet, connection));
  }

  #refused(thrown: unknown, connection: C): void {
    const error = toError("LISTENER_FAILED", "handler.messageReceived failed", thrown);
    if (error.code !== "INVALID_PACKET") return void this.reportFailure("handler.messageReceived", thrown, connection);
    this.report(
      new WebsocketsSimpleError("INVALID_PACKET", `${connection.remoteAddress}: ${error.message}`, { cause: error }),
      connection,
    );
  }

  #tellSent({ message, packet }: Payload<P>, recipients: number, connection?: C): void {
    const { reader, isHeard, emit, codec } = this.#parts;
    if (!isHeard("message")) return;
    const isText = typeof message === "string";
    if (packet !== undefined || (!isText && !codec.codec)) {
      return void emit("message", sentEvent<P, C>(message, packet, connection, recipients));
    }
    // What is raw is told as its receiver reads it.
    const data = isText ? reader.readShort(message) : undefined;
    if (data !== undefined) return void emit("message", sentEvent<P, C>(data, reader.time, connection, recipients));
    const read = reader.read(message).packet;
    let text = message;
    try {
      text = read?.data ?? message;
    } catch (thrown) {
      this.reportFailure("option packet", thrown, connection);
    }
    emit("message", sentEvent<P, C>(text, read, connection, recipients));
  }

  #closed(connection: C, code: number, reason: string): void {
    const { manager, roster, log, emit } = this.#parts;
    this.#peers.delete(connection);
    this.#parts.accepting.left(connection);
    roster?.remove(connection);
    this.#guard("connectionManager.remove", () => manager.remove(connection), connection);
    log("info", "disconnected", { connection: connection.id, remoteAddress: connection.remoteAddress, code, reason });
    emit("connection", { type: "disconnected", connection, code, reason });
  }

  #guard(what: string, run: () => unknown, connection: C): void {
    try {
      const result = run();
      if (result instanceof Promise) result.catch((thrown) => this.reportFailure(what, thrown, connection));
    } catch (thrown) {
      this.reportFailure(what, thrown, connection);
    }
  }
}
