import { pingPayload, RoundTrips, WebsocketsSimpleError } from "@websockets-simple/shared";

/** What of a socket is used; only `ws` has `on` and `ping`. */
export interface PingingSocket {
  readonly readyState: number;
  on?(event: "ping" | "pong", listener: (payload: Uint8Array) => void): unknown;
  ping?(payload?: Uint8Array): void;
}

/** Who is told of pings and pongs. */
export interface PingEvents {
  listenerCount(event: "ping" | "pong"): number;
  emit(event: "ping" | "pong", told: { readonly payload: Uint8Array }): unknown;
}

const OPEN = 1;

/** The RFC 6455 pings and pongs of one socket, which answers pings by itself. */
export class SocketPings {
  readonly #socket: PingingSocket;
  readonly #roundTrips = new RoundTrips();
  #isOver = false;

  /** @param pong told of every pong, with the round trip in milliseconds where it answers a ping */
  constructor(socket: PingingSocket, events: PingEvents, pong: (latencyMs?: number) => void) {
    this.#socket = socket;
    const tell = (event: "ping" | "pong", payload: Uint8Array): void => {
      // A copy of what was read, and only for somebody.
      if (events.listenerCount(event) > 0) events.emit(event, { payload: new Uint8Array(payload) });
    };
    socket.on?.("ping", (payload) => {
      if (!this.#isOver) tell("ping", payload);
    });
    socket.on?.("pong", (payload) => {
      if (this.#isOver) return;
      const isAnswer = this.#roundTrips.answered(payload, performance.now()) !== undefined;
      pong(isAnswer ? this.#roundTrips.latencyMs : undefined);
      tell("pong", payload);
    });
  }

  /** Sends one of the heartbeat's, if it is open; absent where the socket's class has none. */
  get beat(): (() => void) | undefined {
    if (!this.#socket.ping) return undefined;
    return () => {
      if (this.#socket.readyState !== OPEN) return;
      this.#roundTrips.beginBeat(performance.now());
      this.#socket.ping?.();
    };
  }

  /** Sends one of the application's; settles as `WebsocketClient.ping` does. */
  async send(given: string | Uint8Array | undefined): Promise<number> {
    const asked = pingPayload(given);
    if (!this.#socket.ping) throw new WebsocketsSimpleError("INVALID_STATE", "ping: the class of option webSocket has none");
    if (this.#isOver || this.#socket.readyState !== OPEN) throw notOpen();
    const { payload, whenAnswered } = this.#roundTrips.begin(asked, performance.now());
    this.#socket.ping(payload);
    return whenAnswered;
  }

  /** The socket is let go of: nothing is told any more. */
  end(): void {
    this.#isOver = true;
    this.#roundTrips.end("the client let go of it");
  }
}

/** The error of a ping while there is no connection. */
export function notOpen(): WebsocketsSimpleError {
  return new WebsocketsSimpleError("NOT_SENT", "not sent: a ping needs an open connection");
}
