import { isUnsent, type Packet } from "@websockets-simple/shared";
import type { Connection } from "../connection.ts";
import type { ServiceEvents } from "../events.ts";
import { type BehaviorCalls, type BehaviorSource, makeBehavior } from "./behavior.ts";
import type { Sessions } from "./sessions.ts";

/** What behaviors need of their service. */
export interface BehaviorHost<P extends Packet, D, C extends Connection<P, D>> {
  readonly sessions: Sessions<P, D, C>;
  /** Tells of what a behavior did wrong. */
  failed(what: string, thrown: unknown, connection: C): void;
  /** Closes a connection for which there is no behavior. */
  sever(connection: C, code: number, reason: string): void;
}

/** RFC 6455 section 7.4.1. */
const INTERNAL_ERROR = 1011;

/** The behaviors of a service: one for each connection, from `connected` to `disconnected`. */
export class Behaviors<P extends Packet, D, C extends Connection<P, D>> {
  readonly #source: BehaviorSource<P, D, C>;
  readonly #host: BehaviorHost<P, D, C>;
  readonly #calls = new Map<C, BehaviorCalls<P>>();
  /** Whether it is being told of what a behavior did wrong: that one would be told of itself for ever. */
  #isOwnFault = false;

  constructor(source: BehaviorSource<P, D, C>, host: BehaviorHost<P, D, C>) {
    this.#source = source;
    this.#host = host;
  }

  /** Tells of a message. */
  message(event: ServiceEvents<P, C>["message"]): void {
    if (event.type !== "received") return;
    this.#run("onMessage", event.connection, (calls) => calls.message(event));
  }

  /** Tells of a connection that comes or goes. */
  connection(event: ServiceEvents<P, C>["connection"]): void {
    const { type, connection } = event;
    if (type === "connected") this.#open(connection);
    else if (type === "disconnected") {
      this.#run("onClose", connection, (calls) => calls.close(event));
      this.#calls.delete(connection);
    }
  }

  /** Tells of an error. */
  error(event: ServiceEvents<P, C>["error"]): void {
    const { connection } = event;
    if (connection && !this.#isOwnFault) this.#run("onError", connection, (calls) => calls.error(event));
  }

  #open(connection: C): void {
    try {
      this.#calls.set(connection, makeBehavior(this.#source, connection).bind(connection, this.#host.sessions));
    } catch (thrown) {
      this.#failed("option behavior", thrown, connection);
      this.#host.sever(connection, INTERNAL_ERROR, "the server could not prepare the connection");
    }
    this.#run("onOpen", connection, (calls) => calls.open());
  }

  #run(what: string, connection: C, call: (calls: BehaviorCalls<P>) => unknown): void {
    const calls = this.#calls.get(connection);
    if (!calls) return;
    try {
      const result = call(calls);
      if (result instanceof Promise) {
        result.catch((thrown) => isUnsent(thrown) || this.#failed(`behavior.${what}`, thrown, connection));
      }
    } catch (thrown) {
      this.#failed(`behavior.${what}`, thrown, connection);
    }
  }

  #failed(what: string, thrown: unknown, connection: C): void {
    const wasOwnFault = this.#isOwnFault;
    this.#isOwnFault = true;
    this.#host.failed(what, thrown, connection);
    this.#isOwnFault = wasOwnFault;
  }
}
