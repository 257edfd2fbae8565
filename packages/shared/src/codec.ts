import { toError, WebsocketsSimpleError } from "./errors.ts";
import { createPacket, type Packet, type Sendable } from "./packet.ts";
import { describeIssues, type StandardSchema } from "./schema.ts";

/** How a packet's field names are spelt on the wire: `data` (camel) or .NET's `Data` (pascal). */
export type PacketCasing = "camel" | "pascal";

/** How packets are read and written. */
export interface CodecOptions<P extends Packet> {
  /** Spelling of the top-level field names. Default: `"camel"`; `Data` and `Timestamp` are read either way. */
  packetCasing: PacketCasing;
  /** What a packet must look like. Its output is what listeners get. */
  packet?: StandardSchema<P> | undefined;
}

/** A text as it was understood: a packet, or why it is none. */
export type Decoded<P extends Packet> = { packet?: P; error?: WebsocketsSimpleError };

/** ISO 8601 with up to seven fraction digits, as .NET writes them; without a zone it is UTC. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Reads a text message. Never throws.
 *
 * Without a schema every text becomes a packet: a JSON object with non-blank `data` as it is, all else as a packet
 * around the text. With a schema, an object that it refuses is an error, and a text that is no object and does not
 * fit as a packet around itself is neither.
 *
 * @param now the time in milliseconds since 1970, for packets that bear none
 */
export function decodePacket<P extends Packet>(text: string, options: CodecOptions<P>, now: number): Decoded<P> {
  const { packet: schema, packetCasing } = options;
  let value: Record<string, unknown> | undefined;
  try {
    value = readObject(JSON.parse(text), packetCasing, now);
  } catch {
    // No JSON, or no timestamp.
  }
  const packet = schema ? value : isFilled(value?.data) && value;
  const read = (packet || createPacket(text, now)) as P;
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
 * Writes a packet as JSON text and returns it with the packet as it was sent.
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT` when it is no packet or cannot be written as JSON
 */
export function encodePacket<P extends Packet>(
  input: Sendable<P>,
  { packetCasing, packet: schema }: CodecOptions<P>,
  now: number,
): { text: string; packet: P } {
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
    return { text: JSON.stringify(packetCasing === "pascal" ? recase(packet, "toUpperCase", /^./) : packet), packet };
  } catch (error) {
    throw toError("INVALID_ARGUMENT", "no text, no packet { data, timestamp? }", error);
  }
}

/** Whether it is what a packet bears where no schema allows something else. */
function isFilled(data: unknown): boolean {
  return typeof data === "string" && data.trim() !== "";
}

/**
 * An object of JSON with `data` as it came and `timestamp` as a Date, or undefined when it is no object.
 *
 * @throws when its timestamp is none
 */
function readObject(json: object, casing: PacketCasing, now: number): Record<string, unknown> | undefined {
  if (Object(json) !== json || Array.isArray(json)) return undefined;
  const value = recase(json, "toLowerCase", casing === "pascal" ? /^./ : /^(Data|Timestamp)$/);
  const timestamp = new Date(value.timestamp == null ? now : isoOf(value.timestamp));
  timestamp.toISOString();
  return { ...value, timestamp };
}

/** What every engine reads: three fraction digits, and a zone. */
function isoOf(timestamp: unknown): string {
  const [, seconds, fraction = "", zone = "Z"] = (typeof timestamp === "string" && TIMESTAMP.exec(timestamp)) as RegExpExecArray;
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
  const fits = typeof message === "string" ? (text.isWellFormed?.() ?? true) : message instanceof Uint8Array;
  if (fits) return message;
  throw new WebsocketsSimpleError(
    "INVALID_ARGUMENT",
    "expected a Uint8Array, as of new Uint8Array(buffer), or a text without lone surrogates",
  );
}
