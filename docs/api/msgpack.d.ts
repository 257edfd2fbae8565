/**
 * Another form than JSON for packets on the wire, of which both sides must be told: `msgpack()` of `…/client/msgpack` and
 * `…/server/msgpack`, or one of your own.
 */
interface Codec {
    /** What it is called, where an application shows or compares codecs. */
    readonly name: string;
    /**
     * Writes a packet, its field names spelt as `packetCasing` says. It MUST NOT change the packet. What it throws, the send rejects
     * with, as `INVALID_ARGUMENT`; and so it does for anything but bytes and well-formed text.
     */
    encode(packet: object): string | Uint8Array;
    /**
     * Reads a message, text or bytes: an object with the fields of a packet, where `timestamp` is a Date or an ISO 8601 text. For
     * a message that is none of its own it MUST throw or return anything but an object: such bytes have no packet, and such a text
     * becomes a packet around itself. What comes is whatever a peer likes to send, so it MUST bound what it builds of it.
     */
    decode(message: string | Uint8Array): unknown;
}

/** The options of `msgpack()`. */
interface MsgpackOptions {
    /**
     * How deep objects and lists may lie in each other, 1 to 1,000; the packet itself is the first. Deeper packets are not sent
     * (`INVALID_ARGUMENT`), and deeper messages that come have no packet. Default: 32.
     */
    maxDepth?: number | undefined;
}
/**
 * MessagePack (https://msgpack.org) as the form of packets, for option `codec` of client and server. Packets travel as binary
 * messages, `timestamp` and other dates as its timestamp type; bytes within a packet stay bytes. Texts are read as JSON, as without
 * a codec. Bytes that it cannot read, or that want more memory than they are worth, have no packet.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
 */
declare function msgpack(options?: MsgpackOptions): Codec;

export { msgpack };
export type { Codec, MsgpackOptions };
