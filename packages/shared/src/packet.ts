/** What travels: a text and when it was made. Extend it with fields of your own. */
export interface Packet {
  /** The payload. On the classic wire it may not be blank, unless a `packet` schema allows it. */
  data: string;
  /** When the packet was made, in UTC; on the wire an ISO 8601 string. */
  timestamp: Date;
}

/** A packet as `send` takes it: the timestamp may be left out and is then the time of sending. */
export type PacketInput<P extends Packet = Packet> = P extends unknown
  ? Omit<P, "timestamp"> & { timestamp?: Date | undefined }
  : never;

/** What can be sent as a packet: one, or a text where a packet needs nothing else. */
export type Sendable<P extends Packet = Packet> = PacketInput<P> | (Packet extends P ? string : never);

/**
 * Makes a packet around a text, stamped with the current time.
 *
 * @param data the payload
 * @param now the time in milliseconds since 1970; default: `Date.now()`
 */
export function createPacket(data: string, now: number = Date.now()): Packet {
  return { data, timestamp: new Date(now) };
}
