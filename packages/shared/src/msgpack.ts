import { decode, encode } from "@msgpack/msgpack";
import { checkOptions, tableOf } from "./checks.ts";
import type { Codec } from "./codec.ts";
import { checkMsgpack } from "./msgpack-check.ts";

export type { Codec } from "./codec.ts";

/** The options of `msgpack()`. */
export interface MsgpackOptions {
  /**
   * How deep objects and lists may lie in each other, 1 to 1,000; the packet itself is the first. Deeper packets are not sent
   * (`INVALID_ARGUMENT`), and deeper messages that come have no packet. Default: 32.
   */
  maxDepth?: number | undefined;
}

const OPTIONS = tableOf({ maxDepth: [1, 1_000] }, { maxDepth: 32 });

/**
 * MessagePack (https://msgpack.org) as the form of packets, for option `codec` of client and server. Packets travel as binary
 * messages, `timestamp` and other dates as its timestamp type; bytes within a packet stay bytes. Texts are read as JSON, as without
 * a codec. Bytes that it cannot read, or that want more memory than they are worth, have no packet.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
 */
export function msgpack(options: MsgpackOptions = {}): Codec {
  const { maxDepth } = checkOptions<{ maxDepth: number }>(options, OPTIONS);
  return {
    name: "msgpack",
    encode(packet) {
      checkWritable(packet, maxDepth);
      // The encoder counts what lies in the innermost object as one step more.
      return encode(packet, { maxDepth: maxDepth + 1, ignoreUndefined: true });
    },
    decode(message) {
      if (typeof message === "string") return JSON.parse(message);
      checkMsgpack(message, maxDepth);
      return decode(message);
    },
  };
}

/** What would arrive as something else, or not at all, is refused. */
function checkWritable(value: unknown, depth: number): void {
  if (typeof value === "string") checkText(value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  if (value instanceof Map || value instanceof Set || value instanceof ArrayBuffer || ArrayBuffer.isView(value))
    throw new Error(`a ${value.constructor.name} has no form in MessagePack; give an object, a list or a Uint8Array`);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new Error("an invalid Date has no form in MessagePack");
    return;
  }
  if (depth === 0) throw new Error("it is deeper than msgpack({ maxDepth }) allows");
  for (const [key, field] of Object.entries(value)) {
    if (key === "__proto__") throw new Error('a key "__proto__" is refused by readers of MessagePack');
    checkText(key);
    checkWritable(field, depth - 1);
  }
}

/** Engines without `String.prototype.isWellFormed` are given the benefit of the doubt. */
function checkText(text: string): void {
  if ((text as string & { isWellFormed?(): boolean }).isWellFormed?.() === false)
    throw new Error("a text with lone surrogates cannot be written in UTF-8");
}
