import type { Packet, Sendable } from "@websockets-simple/shared";
import type { Connection } from "../connection.ts";
import type { BroadcastOptions } from "../options.ts";
import { notSent } from "../payload.ts";
import type { SweepOptions, SweepResult } from "./session-sweep.ts";

/** What sessions need of whose they are. */
export interface SessionHost<P extends Packet, D, C extends Connection<P, D>> {
  connections(): ReadonlyMap<string, C>;
  broadcast(input: Sendable<P>, options?: BroadcastOptions<C>): Promise<number>;
  broadcastRaw(input: string | Uint8Array, options?: BroadcastOptions<C>): Promise<number>;
  /** Sees to it that a rejection which nobody handles does no harm. */
  unawaited<T>(doing: Promise<T>): Promise<T>;
  sweep(options: SweepOptions | undefined): Promise<SweepResult>;
}

/** The connections of a server or a service by their ids: for who keeps ids, and not connections. */
export class Sessions<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> {
  readonly #host: SessionHost<P, D, C>;

  /**
   * The server makes these.
   *
   * @internal
   */
  static of<P extends Packet, D, C extends Connection<P, D>>(host: SessionHost<P, D, C>): Sessions<P, D, C> {
    return new Sessions<P, D, C>(host);
  }

  private constructor(host: SessionHost<P, D, C>) {
    this.#host = host;
  }

  /** How many there are, open or closing. */
  get count(): number {
    return this.#host.connections().size;
  }

  /** The ids of all. */
  get ids(): string[] {
    return [...this.#host.connections().keys()];
  }

  /** The ids of those to which messages can be sent: see `connection.isAlive`. To find out who is still there: `sweep()`. */
  get activeIds(): string[] {
    return this.#idsOf(true);
  }

  /** The ids of the others: those that are closing. */
  get inactiveIds(): string[] {
    return this.#idsOf(false);
  }

  /** The connection with this id; undefined when there is none, or none any more. */
  get(id: string): C | undefined {
    return this.#host.connections().get(id);
  }

  /** Sends a text or a packet to one: settles as `connection.send`, and rejects with `NOT_SENT` when there is none with this id. */
  sendTo(input: Sendable<P>, id: string): Promise<void> {
    return this.get(id)?.send(input) ?? this.#nobody(id);
  }

  /** Sends a text or bytes as they are to one: settles as `sendTo` does. */
  sendToRaw(input: string | Uint8Array, id: string): Promise<void> {
    return this.get(id)?.sendRaw(input) ?? this.#nobody(id);
  }

  /**
   * Sends an RFC 6455 ping to one. Resolves with the round trip in milliseconds; settles as `connection.ping`, and rejects with
   * `NOT_SENT` when there is none with this id.
   */
  pingTo(id: string, payload?: string | Uint8Array): Promise<number> {
    return this.get(id)?.ping(payload) ?? this.#nobody(id);
  }

  /**
   * Closes one. Resolves when it is over with true, or at once with false when there is none with this id. Code and reason as for
   * `connection.close`.
   */
  closeSession(id: string, code = 1000, reason = ""): Promise<boolean> {
    const closing = this.get(id)?.close(code, reason);
    return this.#host.unawaited(closing ? closing.then(() => true) : Promise.resolve(false));
  }

  /** Sends a text or a packet to all: the same as `broadcast` of the server or the service. */
  broadcast(input: Sendable<P>, options: BroadcastOptions<C> = {}): Promise<number> {
    return this.#host.broadcast(input, options);
  }

  /** Sends a text or bytes as they are to all: the same as `broadcastRaw` of the server or the service. */
  broadcastRaw(input: string | Uint8Array, options: BroadcastOptions<C> = {}): Promise<number> {
    return this.#host.broadcastRaw(input, options);
  }

  /**
   * Asks all that are open by an RFC 6455 ping whether they are there, and closes with 4408 those of whom nothing comes in time.
   * Any byte is a sign of life. Left alone is who is in the middle of a message either way, or whom this side does not read; who
   * may still have much to read before the ping has more time, by 30 s at most or `sendQueue.stallTimeoutMs` where that is more; and
   * time in which this process was blocked does not count.
   *
   * Resolves with the ids of both, once all have answered or are closed. Rejects with `INVALID_ARGUMENT`. Option `heartbeat` finds
   * silent peers by itself, and so this is for who has switched that off, or does not want to wait for it.
   */
  sweep(options?: SweepOptions): Promise<SweepResult> {
    return this.#host.sweep(options);
  }

  #idsOf(isAlive: boolean): string[] {
    return [...this.#host.connections().values()].filter((connection) => connection.isAlive === isAlive).map(({ id }) => id);
  }

  #nobody(id: string): Promise<never> {
    return this.#host.unawaited(Promise.reject(notSent(`there is no session ${JSON.stringify(String(id).slice(0, 60))}`)));
  }
}
