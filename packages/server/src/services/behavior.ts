import { type Packet, type Sendable, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Connection } from "../connection.ts";
import type { Sessions } from "./sessions.ts";

/** A message that has come in: see the event `message`. */
export interface BehaviorMessageEvent<P extends Packet = Packet> {
  /** The packet's `data`, the text itself when it is no packet, or the bytes. */
  readonly message: string | Uint8Array;
  /** The packet; absent for binary, and for a text that is no JSON object and does not fit the `packet` schema. */
  readonly packet?: P;
}

/** The end of a connection: see `disconnected` of the event `connection`. */
export interface BehaviorCloseEvent {
  /** The code of the side that closed first; 1005 when the peer gave none, 1006 when the connection broke. */
  readonly code: number;
  /** The reason that went with it. */
  readonly reason: string;
}

/** What went wrong with a connection: see the event `error`. */
export interface BehaviorErrorEvent {
  /** What it was. */
  readonly error: WebsocketsSimpleError;
}

/** How a behavior is told of what happens. */
export interface BehaviorCalls<P extends Packet> {
  /** It is open. */
  open(): unknown;
  /** A message has come in. */
  message(event: BehaviorMessageEvent<P>): unknown;
  /** It is over. */
  close(event: BehaviorCloseEvent): unknown;
  /** Something went wrong with it. */
  error(event: BehaviorErrorEvent): unknown;
}

/** A behavior as its service sees it: whoever fits all connections fits some of them, but not the other way round. */
export interface Behavior<P extends Packet, D, C extends Connection<P, D>> {
  /** Says whose it is, and returns how it is told of what happens. */
  readonly bind: (connection: C, sessions: Sessions<P, D, C>) => BehaviorCalls<P>;
}

/**
 * What a service does with one connection: subclass it, and override what you need. The service makes one instance for each
 * connection, just before `onOpen`, so that what belongs to a connection may be a field. What a method throws or rejects with is
 * told as `error`, and harms nobody else.
 */
export abstract class WebsocketBehavior<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> {
  #connection: C | undefined;
  #sessions: Sessions<P, D, C> | undefined;

  /** The connection; not there yet in the constructor, where it throws `INVALID_STATE`. */
  protected get connection(): C {
    return this.#connection ?? tooEarly("connection");
  }

  /** All connections of the service; not there yet in the constructor, where it throws `INVALID_STATE`. */
  protected get sessions(): Sessions<P, D, C> {
    return this.#sessions ?? tooEarly("sessions");
  }

  /** The connection is open: `connected`. */
  protected onOpen(): unknown {
    return undefined;
  }

  /** A message has come in: the event `message`. The next one does not wait for a promise that this one returns. */
  protected onMessage(_event: BehaviorMessageEvent<P>): unknown {
    return undefined;
  }

  /** The connection is over: `disconnected`. Each `onOpen` is followed by one. */
  protected onClose(_event: BehaviorCloseEvent): unknown {
    return undefined;
  }

  /** Something went wrong with the connection: the event `error`. It is not told of what it does wrong itself. */
  protected onError(_event: BehaviorErrorEvent): unknown {
    return undefined;
  }

  /** Sends a text or a packet to the connection: the same as `connection.send(input)`. */
  protected send(input: Sendable<P>): Promise<void> {
    return this.connection.send(input);
  }

  /** Sends a text or bytes as they are: the same as `connection.sendRaw(input)`. */
  protected sendRaw(input: string | Uint8Array): Promise<void> {
    return this.connection.sendRaw(input);
  }

  /** Closes the connection: the same as `connection.close(code, reason)`. */
  protected close(code = 1000, reason = ""): Promise<void> {
    return this.connection.close(code, reason);
  }

  /** For the service: says whose it is, and returns how it is told of what happens. */
  bind(connection: C, sessions: Sessions<P, D, C>): BehaviorCalls<P> {
    if (this.#connection) {
      throw new WebsocketsSimpleError("INVALID_STATE", "behavior: an instance is for one connection; make a new one for each");
    }
    this.#connection = connection;
    this.#sessions = sessions;
    return {
      open: () => this.onOpen(),
      message: (event) => this.onMessage(event),
      close: (event) => this.onClose(event),
      error: (event) => this.onError(event),
    };
  }
}

/** What makes the behavior of each connection: a subclass whose constructor needs nothing, or a function that is told the connection. */
export type BehaviorSource<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> =
  | (new () => Behavior<P, D, C>)
  | ((connection: C) => Behavior<P, D, C>);

const NOT_MADE =
  'option behavior: expected it to make a WebsocketBehavior; to be told of connections, listen: service.on("connection", …)';

/** Makes the behavior of one connection. Throws what the application throws, and when what it makes is none. */
export function makeBehavior<P extends Packet, D, C extends Connection<P, D>>(
  source: BehaviorSource<P, D, C>,
  connection: C,
): Behavior<P, D, C> {
  const behavior = isClass(source) ? new source() : source(connection);
  if (typeof behavior === "object" && typeof behavior?.bind === "function") return behavior;
  throw new WebsocketsSimpleError("INVALID_ARGUMENT", NOT_MADE);
}

/** By its shape, not its class: an ES module and a CommonJS copy of this library may meet in one process. */
function isClass<P extends Packet, D, C extends Connection<P, D>>(
  source: BehaviorSource<P, D, C>,
): source is new () => Behavior<P, D, C> {
  return typeof (source.prototype as { bind?: unknown } | undefined)?.bind === "function";
}

function tooEarly(what: string): never {
  throw new WebsocketsSimpleError("INVALID_STATE", `behavior: there is no ${what} in the constructor; use it from onOpen on`);
}
