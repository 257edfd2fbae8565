import type { Packet, WebsocketsSimpleError } from "@websockets-simple/shared";

/** A message that went either way: test `type`, or your own messages come back to you. */
export interface ClientMessageEvent<P extends Packet = Packet> {
  readonly type: "received" | "sent";
  /** The packet's `data`, the text itself when it is no packet, or the bytes. */
  readonly message: string | Uint8Array;
  /** The packet; absent for binary, and for a text that is no JSON object and does not fit the `packet` schema. */
  readonly packet?: P;
}

/** Where the connection stands. */
export interface ClientConnectionEvent {
  readonly type: "connecting" | "connected" | "reconnecting" | "disconnected";
  /** The close code of what ended (`reconnecting`, `disconnected`); 1006 when there was none. */
  readonly code?: number;
  /** The close reason of what ended, fit for a log: on one line, and without the token. */
  readonly reason?: string;
  /** Milliseconds to the next attempt (`reconnecting`). */
  readonly retryInMs?: number;
  /** Whether this continues a session with nothing lost (`connected`); always false on the classic wire. */
  readonly resumed?: boolean;
  /** What went wrong (`reconnecting`, `disconnected`); absent when the end was orderly. The event `error` told it before. */
  readonly error?: WebsocketsSimpleError | undefined;
}

/** What went wrong. Nothing here ends the client by itself: `connection` says when it ends. */
export interface ClientErrorEvent {
  readonly error: WebsocketsSimpleError;
}

/** An RFC 6455 ping or pong that came (Node). Pings are answered by themselves; pongs are told whether or not they answer one. */
export interface ClientPingEvent {
  /** What it bears, at most 125 bytes; your own copy. */
  readonly payload: Uint8Array;
}

/** The events of a client. */
export interface ClientEvents<P extends Packet = Packet> {
  message: ClientMessageEvent<P>;
  connection: ClientConnectionEvent;
  error: ClientErrorEvent;
  /** In Node; browsers tell of none. */
  ping: ClientPingEvent;
  /** In Node; browsers tell of none. */
  pong: ClientPingEvent;
}
