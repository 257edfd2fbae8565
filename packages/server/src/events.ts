import type { Packet, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Connection } from "./connection.ts";

/** A message that came in, or was handed over for sending. */
export type ServerMessageEvent<P extends Packet = Packet, C = Connection> =
  | {
      readonly type: "received";
      /** The packet's `data`, the text itself when it is no packet, or the bytes. */
      readonly message: string | Uint8Array;
      /**
       * The packet; absent for binary, and for a text that is no JSON object and does not fit the `packet` schema. It may be
       * made when it is first looked at: take it from the event itself, since a copy by `{ ...event }` may lack it.
       */
      readonly packet?: P;
      /** Who sent it. */
      readonly connection: C;
      readonly recipients?: undefined;
    }
  | {
      readonly type: "sent";
      readonly message: string | Uint8Array;
      /** The packet as it was sent, or as the receiver of a raw text reads it; absent for binary. */
      readonly packet?: P;
      /** To whom; absent when it went to several. */
      readonly connection?: C;
      /** To how many connections it went. */
      readonly recipients: number;
    };

/** Where a connection stands. Each `connecting` is followed by one `disconnected`, whatever comes between. */
export type ServerConnectionEvent<C = Connection> =
  | {
      /** `connecting`: accepted, not in `connections` yet; `connected`: in it, success string sent. */
      readonly type: "connecting" | "connected";
      readonly connection: C;
      readonly code?: undefined;
      readonly reason?: undefined;
    }
  | {
      readonly type: "disconnected";
      readonly connection: C;
      /** The code of the side that closed first; 1005 when the peer gave none, 1006 when the connection broke. */
      readonly code: number;
      /** The reason that went with it; for 1006 what the network said, where it said something. */
      readonly reason: string;
    };

/** What went wrong. Nothing here stops the server. */
export interface ServerErrorEvent<C = Connection> {
  readonly error: WebsocketsSimpleError;
  /** The connection that it is about, where there is one. */
  readonly connection?: C;
}

/** An RFC 6455 ping or pong that came in. Pings are answered by themselves; pongs are told whether or not they answer one. */
export interface ServerPingEvent<C = Connection> {
  /** Who sent it. */
  readonly connection: C;
  /** What it bears, at most 125 bytes; your own copy. */
  readonly payload: Uint8Array;
}

/** The server itself. */
export interface ServerStateEvent {
  readonly type: "started" | "stopped";
}

/** The events of what serves connections: of a server, and of each of its services. */
export interface ServiceEvents<P extends Packet = Packet, C = Connection> {
  message: ServerMessageEvent<P, C>;
  connection: ServerConnectionEvent<C>;
  error: ServerErrorEvent<C>;
  ping: ServerPingEvent<C>;
  pong: ServerPingEvent<C>;
}

/** The events of a server. */
export interface ServerEvents<P extends Packet = Packet, C = Connection> extends ServiceEvents<P, C> {
  server: ServerStateEvent;
}
