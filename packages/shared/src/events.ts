import { EventEmitter } from "eventemitter3";
import { WebsocketsSimpleError } from "./errors.ts";

/** A listener: takes the event's one argument; what it returns is ignored, but a rejected promise is reported. */
export type Listener<Payload> = (payload: Payload) => unknown;

/** eventemitter3 typed for events of one argument each. */
interface TypedEmitter<Events> {
  /** Adds a listener. */
  on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
  /** Adds a listener. */
  addListener<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
  /** Adds a listener that is called once. */
  once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
  /** Removes a listener, or all listeners of the event; with `once` only if it is a one-time listener. */
  off<E extends keyof Events>(event: E, listener?: Listener<Events[E]>, context?: undefined, once?: boolean): this;
  /** Removes a listener, or all listeners of the event. */
  removeListener<E extends keyof Events>(event: E, listener?: Listener<Events[E]>): this;
  /** Removes every listener, or every listener of one event. */
  removeAllListeners(event?: keyof Events): this;
  /** The listeners of an event. */
  listeners<E extends keyof Events>(event: E): Listener<Events[E]>[];
  /** How many listeners an event has. */
  listenerCount(event: keyof Events): number;
  /** The events that have listeners. */
  eventNames(): (keyof Events)[];
  /** Calls the listeners of an event; true when there were any. */
  emit<E extends keyof Events>(event: E, payload: Events[E]): boolean;
}
const TypedEmitter = EventEmitter as unknown as new <Events>() => TypedEmitter<Events>;

/**
 * eventemitter3 on which a failing listener harms nobody: what it throws, or rejects with, goes to `listenerFailed`, and
 * the other listeners are called all the same. Where it rejects since a message could not be sent, nothing is wrong with
 * it: `() => connection.send("hello")` hands on the promise of a send, for which nobody has to wait.
 */
export abstract class IsolatingEmitter<Events> extends TypedEmitter<Events> {
  readonly #events: readonly (keyof Events)[];
  /** Whether any listener ever was one for once: to take it away costs more than to call it. */
  #hasOnce = false;

  /** @param events their names; listeners of others are refused, since they would never be called */
  constructor(events: readonly (keyof Events)[]) {
    super();
    this.#events = events;
  }

  /** Adds a listener. Throws `INVALID_ARGUMENT` when there is no such event. */
  override on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    return super.on(this.#known(event), listener);
  }

  /** Adds a listener. Throws `INVALID_ARGUMENT` when there is no such event. */
  override addListener<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    return this.on(event, listener);
  }

  /** Adds a listener that is called once. Throws `INVALID_ARGUMENT` when there is no such event. */
  override once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    this.#hasOnce = true;
    return super.once(this.#known(event), listener);
  }

  #known<E extends keyof Events>(event: E): E {
    if (this.#events.includes(event)) return event;
    throw new WebsocketsSimpleError("INVALID_ARGUMENT", `no event "${String(event)}"; known are ${this.#events.join(", ")}`);
  }

  /** Told of what a listener of `event` threw or rejected with. It MUST NOT emit `event` again without end. */
  protected abstract listenerFailed(event: keyof Events, thrown: unknown): void;

  /** Whom an event calls: no list that changes meanwhile. */
  protected listenersOf<E extends keyof Events>(event: E): readonly Listener<Events[E]>[] {
    return this.listeners(event);
  }

  /** Calls the listeners of an event; true when there were any. */
  override emit<E extends keyof Events>(event: E, payload: Events[E]): boolean {
    const listeners = this.listenersOf(event);
    for (const listener of listeners) {
      if (this.#hasOnce) this.off(event, listener, undefined, true);
      try {
        const result = listener.call(this, payload);
        if (result instanceof Promise) result.catch((thrown) => isUnsent(thrown) || this.listenerFailed(event, thrown));
      } catch (thrown) {
        this.listenerFailed(event, thrown);
      }
    }
    return listeners.length > 0;
  }
}

/** Whether somebody only hands on that a message could not be sent: clients come and go. */
export function isUnsent(error: Partial<WebsocketsSimpleError> | undefined): boolean {
  return error?.code === "NOT_SENT" || error?.code === "UNKNOWN";
}
