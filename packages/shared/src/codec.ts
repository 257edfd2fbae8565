import { toError, WebsocketsSimpleError } from "./errors.ts";
import { createPacket, type Packet, type Sendable } from "./packet.ts";
import { describeIssues, type StandardSchema } from "./schema.ts";

/** How a packet's field names are spelt on the wire: `data` (camel) or .NET's `Data` (pascal). */
export type PacketCasing = "camel" | "pascal";

/**
 * Another form than JSON for packets on the wire, of which both sides must be told: `msgpack()` of `…/client/msgpack` and
 * `…/server/msgpack`, or one of your own.
 */
export interface Codec {
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

/** How packets are read and written. */
export interface CodecOptions<P extends Packet> {
  /** The form of packets on the wire. Default: JSON. */
  codec?: Codec | undefined;
  /** Spelling of the top-level field names. Default: `"camel"`; `Data` and `Timestamp` are read either way. */
  packetCasing: PacketCasing;
  /** What a packet must look like. Its output is what listeners get. */
  packet?: StandardSchema<P> | undefined;
}

/** A message as it was understood: a packet, or why it is none. */
export type Decoded<P extends Packet> = { packet?: P; error?: WebsocketsSimpleError };

/** ISO 8601 with up to seven fraction digits, as .NET writes them; without a zone it is UTC. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Reads a message. Never throws.
 *
 * Without a schema every text becomes a packet: an object with non-blank `data` as it is, all else as a packet
 * around the text. With a schema, an object that it refuses is an error, and a text that is no object and does not
 * fit as a packet around itself is neither. Bytes become a packet only by a codec, and never one around themselves.
 *
 * @param now the time in milliseconds since 1970, for packets that bear none
 */
export function decodePacket<P extends Packet>(message: string | Uint8Array, options: CodecOptions<P>, now: number): Decoded<P> {
  const { packet: schema, packetCasing, codec } = options;
  let value: Record<string, unknown> | undefined;
  try {
    value = readObject((codec ? codec.decode(message) : isText(message) && JSON.parse(message)) as object, packetCasing, now);
  } catch {
    // None of the codec's, no JSON, or no timestamp.
  }
  const packet = schema ? value : isFilled(value?.data) && value;
  const read = (packet || (isText(message) && createPacket(message, now))) as P | false;
  if (!read) return {};
  if (!schema) return { packet: read };
  try {
    const result = schema["~standard"].validate(read);
    if ("then" in result) {
      result.then(undefined, () => {});
      throw new Error("it must not be asynchronous");
    }
    if (!result.issues) return { packet: result.value };
    throw new Error(describeIssues(result.issues));
  } catch (error) {
    return value ? { error: toError("INVALID_PACKET", "refused by the packet schema", error) } : {};
  }
}

/**
 * Writes a packet as JSON text, or as its codec does, and returns that with the packet as it was sent.
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT` when it is no packet or cannot be written
 */
export function encodePacket<P extends Packet>(
  input: Sendable<P>,
  { packetCasing, packet: schema, codec }: CodecOptions<P>,
  now: number,
): { wire: string | Uint8Array; packet: P } {
  try {
    const isPacket = typeof input === "object" && input !== null;
    const packet = (
      isPacket ? { ...input, timestamp: input.timestamp ?? new Date(now) } : createPacket(input as string, now)
    ) as P;
    // A receiver without a schema would not know a packet with other data as one, so it is not sent.
    if (!(schema && isPacket) && !isFilled(packet.data)) {
      throw new Error("data must be a text that is not blank; send others by sendRaw");
    }
    if (!(packet.timestamp instanceof Date && TIMESTAMP.test(`${packet.timestamp.toJSON()}`))) {
      throw new Error("timestamp must be a Date of the years 0 to 9999");
    }
    const spelt = packetCasing === "pascal" ? recase(packet, "toUpperCase", /^./) : packet;
    return { wire: codec ? checkRaw(codec.encode(spelt)) : JSON.stringify(spelt), packet };
  } catch (error) {
    throw toError("INVALID_ARGUMENT", "no text, no packet { data, timestamp? }", error);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Whether it is what a packet bears where no schema allows something else. */
function isFilled(data: unknown): boolean {
  return isText(data) && data.trim() !== "";
}

/**
 * An object with `data` as it came and `timestamp` as a Date, or undefined when it is no object.
 *
 * @throws when its timestamp is none
 */
function readObject(json: object, casing: PacketCasing, now: number): Record<string, unknown> | undefined {
  if (Object(json) !== json || Array.isArray(json)) return undefined;
  const value = recase(json, "toLowerCase", casing === "pascal" ? /^./ : /^(Data|Timestamp)$/);
  const given = value.timestamp ?? new Date(now);
  const timestamp = given instanceof Date ? given : new Date(isoOf(given));
  timestamp.toISOString();
  return { ...value, timestamp };
}

/** What every engine reads: three fraction digits, and a zone. */
function isoOf(timestamp: unknown): string {
  const [, seconds, fraction = "", zone = "Z"] = (isText(timestamp) && TIMESTAMP.exec(timestamp)) as RegExpExecArray;
  return `${seconds}.${`${fraction}000`.slice(0, 3)}${zone}`;
}

/** Only the top level: keys further down may be data (a dictionary's), not field names. */
function recase(value: object, change: "toUpperCase" | "toLowerCase", which: RegExp): Record<string, unknown> {
  // fromEntries defines properties, so that a key "__proto__" stays ordinary data.
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key.replace(which, (name) => name[change]()), field]));
}

/**
 * Checks what is to be sent as it is, and returns it.
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT` for anything but bytes and text that survives UTF-8: lone surrogates
 * would arrive as U+FFFD. Engines without `String.prototype.isWellFormed` are given the benefit of the doubt.
 */
export function checkRaw<T>(message: T): T {
  const text = message as string & { isWellFormed?(): boolean };
  const fits = isText(message) ? (text.isWellFormed?.() ?? true) : message instanceof Uint8Array;
  if (fits) return message;
  throw new WebsocketsSimpleError("INVALID_ARGUMENT", "expected a Uint8Array or a text without lone surrogates");
}
