import { IsolatingEmitter, type Listener } from "@websockets-simple/shared";

/**
 * Remembers whom the last event called, until listeners come or go: of a server's events most are alike, and to list the
 * listeners anew costs as much as to call one.
 */
export abstract class RememberingEmitter<Events> extends IsolatingEmitter<Events> {
  #event: keyof Events | undefined;
  #listeners: readonly Listener<never>[] = [];

  /** Adds a listener. Throws `INVALID_ARGUMENT` when there is no such event. */
  override on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    this.#event = undefined;
    return super.on(event, listener);
  }

  /** Adds a listener that is called once. Throws `INVALID_ARGUMENT` when there is no such event. */
  override once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this {
    this.#event = undefined;
    return super.once(event, listener);
  }

  /** Removes a listener, or all listeners of the event; with `once` only if it is a one-time listener. */
  override off<E extends keyof Events>(event: E, listener?: Listener<Events[E]>, context?: undefined, once?: boolean): this {
    this.#event = undefined;
    return super.off(event, listener, context, once);
  }

  /** Removes a listener, or all listeners of the event. */
  override removeListener<E extends keyof Events>(event: E, listener?: Listener<Events[E]>): this {
    return this.off(event, listener);
  }

  /** Removes every listener, or every listener of one event. */
  override removeAllListeners(event?: keyof Events): this {
    this.#event = undefined;
    return super.removeAllListeners(event);
  }

  protected override listenersOf<E extends keyof Events>(event: E): readonly Listener<Events[E]>[] {
    if (event !== this.#event) {
      this.#listeners = super.listenersOf(event);
      this.#event = event;
    }
    return this.#listeners as readonly Listener<Events[E]>[];
  }
}
