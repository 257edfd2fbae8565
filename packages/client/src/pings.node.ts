import { pingPayload, RoundTrips, WebsocketsSimpleError } from "@websockets-simple/shared";

/** Who is told of pings and pongs. */
export interface PingEvents {
  listenerCount(event: "ping" | "pong"): number;
  emit(event: "ping" | "pong", told: { readonly payload: Uint8Array }): unknown;
}

/** The RFC 6455 pings and pongs of one socket, which answers pings by itself. */
export class SocketPings {
  readonly #ping: ((payload?: Uint8Array) => void) | undefined;
  readonly #isOpen: () => boolean;
  readonly #events: PingEvents;
  readonly #pong: (latencyMs?: number) => void;
  readonly #roundTrips = new RoundTrips();
  #isOver = false;

  /**
   * @param ping sends one; undefined where the socket's class has none
   * @param pong told of every pong, with the round trip in milliseconds where it answers a ping
   */
  constructor(
    ping: ((payload?: Uint8Array) => void) | undefined,
    isOpen: () => boolean,
    events: PingEvents,
    pong: (latencyMs?: number) => void,
  ) {
    this.#ping = ping;
    this.#isOpen = isOpen;
    this.#events = events;
    this.#pong = pong;
  }

  /** A ping came; its payload is to be used during the call. */
  pinged(payload: Uint8Array): void {
    if (!this.#isOver) this.#tell("ping", payload);
  }

  /** A pong came; its payload likewise. */
  ponged(payload: Uint8Array): void {
    if (this.#isOver) return;
    const isAnswer = this.#roundTrips.answered(payload, performance.now()) !== undefined;
    this.#pong(isAnswer ? this.#roundTrips.latencyMs : undefined);
    this.#tell("pong", payload);
  }

  /** Sends one of the heartbeat's, if it is open; absent where the socket's class has none. */
  get beat(): (() => void) | undefined {
    const ping = this.#ping;
    if (!ping) return undefined;
    return () => {
      if (!this.#isOpen()) return;
      this.#roundTrips.beginBeat(performance.now());
      ping();
    };
  }

  /** Sends one of the application's; settles as `WebsocketClient.ping` does. */
  async send(given: string | Uint8Array | undefined): Promise<number> {
    const asked = pingPayload(given);
    if (!this.#ping) throw new WebsocketsSimpleError("INVALID_STATE", "ping: the class of option webSocket has none");
    if (this.#isOver || !this.#isOpen()) throw notOpen();
    const { payload, whenAnswered } = this.#roundTrips.begin(asked, performance.now());
    this.#ping(payload);
    return whenAnswered;
  }

  /** The socket is let go of: nothing is told any more. */
  end(): void {
    this.#isOver = true;
    this.#roundTrips.end("the client let go of it");
  }

  #tell(event: "ping" | "pong", payload: Uint8Array): void {
    // A copy of what was read, and only for somebody.
    if (this.#events.listenerCount(event) > 0) this.#events.emit(event, { payload: new Uint8Array(payload) });
  }
}

/** The error of a ping while there is no connection. */
export function notOpen(): WebsocketsSimpleError {
  return new WebsocketsSimpleError("NOT_SENT", "not sent: a ping needs an open connection");
}
