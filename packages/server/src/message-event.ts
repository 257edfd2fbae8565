import { createPacket, type Packet } from "@websockets-simple/shared";
import type { ServerMessageEvent } from "./events.ts";

/** A packet; or the time, in milliseconds since 1970, of one around the event's message that nobody has looked at yet. */
export type LazyPacket<P extends Packet> = P | number | undefined;

/**
 * The event of a plain text. Its packet is made when it is first looked at: it costs as much as all the rest of telling, and
 * many listeners never look.
 */
class TextEvent<P extends Packet, C> {
  readonly type: "received" | "sent";
  readonly message: string;
  readonly connection: C | undefined;
  readonly recipients: number | undefined;
  #packet: P | number;

  constructor(
    type: "received" | "sent",
    message: string,
    time: number,
    connection: C | undefined,
    recipients: number | undefined,
  ) {
    this.type = type;
    this.message = message;
    this.connection = connection;
    this.recipients = recipients;
    this.#packet = time;
  }

  get packet(): P {
    if (typeof this.#packet === "number") this.#packet = createPacket(this.message, this.#packet) as P;
    return this.#packet;
  }

  /** What `console.log` shows: the packet as well. */
  [Symbol.for("nodejs.util.inspect.custom")](): object {
    const { type, message, packet, connection, recipients } = this;
    return { type, message, packet, ...(connection && { connection }), ...(recipients && { recipients }) };
  }
}

/** Tells of a message that came in. */
export function receivedEvent<P extends Packet, C>(
  message: string | Uint8Array,
  packet: LazyPacket<P>,
  connection: C,
): ServerMessageEvent<P, C> {
  if (typeof packet === "number") {
    return new TextEvent<P, C>("received", message as string, packet, connection, undefined) as ServerMessageEvent<P, C>;
  }
  return packet ? { type: "received", message, packet, connection } : { type: "received", message, connection };
}

type Sent<P extends Packet, C> = Extract<ServerMessageEvent<P, C>, { type: "sent" }>;

/** Tells of a message that was sent: to one connection, or to several. */
export function sentEvent<P extends Packet, C>(
  message: string | Uint8Array,
  packet: LazyPacket<P>,
  connection: C | undefined,
  recipients: number,
): ServerMessageEvent<P, C> {
  if (typeof packet === "number") {
    return new TextEvent<P, C>("sent", message as string, packet, connection, recipients) as ServerMessageEvent<P, C>;
  }
  const event: { -readonly [Name in keyof Sent<P, C>]: Sent<P, C>[Name] } = { type: "sent", message, recipients };
  // One by one: to spread them would cost as much as to send.
  if (packet) event.packet = packet;
  if (connection) event.connection = connection;
  return event;
}
