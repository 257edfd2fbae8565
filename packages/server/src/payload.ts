import {
  type CodecOptions,
  checkRaw,
  encodePacket,
  type Packet,
  type Sendable,
  toError,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
import type { LazyPacket } from "./message-event.ts";
import { writePlain } from "./plain-packet.ts";
import type { Engine, OutgoingMessage } from "./socket.ts";

/** One message on its way to one connection, or to many. */
export interface Payload<P extends Packet> {
  /** As `sent` events tell it. */
  readonly message: string | Uint8Array;
  readonly packet?: LazyPacket<P>;
  /** What the engine is given. */
  readonly wire: OutgoingMessage;
  /** Whether each connection's `sent` is told; that of a broadcast is one for all. */
  readonly isTold: boolean;
  /** Told what has become of it, where somebody asks for this one alone. */
  settle?(error?: Error): void;
}

/** Makes a payload of a text or a packet. Throws `INVALID_ARGUMENT` when it is neither. */
export function packetPayload<P extends Packet>(input: Sendable<P>, codec: CodecOptions<P>, now: number): Payload<P> {
  const isPlain = typeof input === "string" && codec.packetCasing === "camel" && !codec.codec;
  const plain = isPlain ? writePlain(input, now) : undefined;
  if (plain !== undefined) {
    return { message: input as string, packet: now, wire: plain, isTold: true };
  }
  const { wire, packet } = encodePacket(input, codec, now);
  return { message: typeof packet.data === "string" ? packet.data : wire, packet, wire, isTold: true };
}

/** Makes a payload of a raw text or raw bytes. Throws `INVALID_ARGUMENT` when it is neither, or cannot travel as UTF-8. */
export function rawPayload(input: string | Uint8Array): Payload<never> {
  checkRaw(input);
  return { message: input, wire: input, isTold: true };
}

/** The same for many: encoded once, and told once. Throws `INVALID_ARGUMENT` when it is above `maxBytes`. */
export function preparedPayload<P extends Packet>(payload: Payload<P>, engine: Engine, maxBytes: number): Payload<P> {
  const wire = prepare(payload.wire as string | Uint8Array, engine);
  if (wire.bytes > maxBytes) throw tooLarge(wire.bytes, maxBytes);
  return { ...payload, wire, isTold: false };
}

/** Throws `INVALID_ARGUMENT` where there is nothing to copy: the buffer was transferred, or is no buffer at all. */
function prepare(message: string | Uint8Array, engine: Engine): { readonly bytes: number } {
  try {
    return engine.prepare(message);
  } catch (error) {
    throw toError("INVALID_ARGUMENT", "the bytes cannot be read", error);
  }
}

/** The error of a message that no queue of that bound can take. */
export function tooLarge(bytes: number, maxBytes: number): WebsocketsSimpleError {
  return new WebsocketsSimpleError("INVALID_ARGUMENT", `the message has ${bytes} bytes, above sendQueue.maxBytes ${maxBytes}`);
}

/** The error of a message that was never handed to the network. */
export function notSent(why: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("NOT_SENT", `not sent: ${why}`);
}
