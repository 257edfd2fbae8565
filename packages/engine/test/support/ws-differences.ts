import type { Terms } from "../../../../testkit/fuzz/compressed-sequences.ts";
import { hasTail, inflatePlainly } from "../../../../testkit/fuzz/plain-inflate.ts";
import type { Judged } from "./compressed-readers.ts";
import { openMessage } from "./open-message.ts";
import type { Reading } from "./readers.ts";

/** What both engines made of the same bytes. */
export interface Readings {
  readonly bytes: Buffer;
  readonly terms: Terms;
  readonly own: Reading;
  readonly ws: Reading;
  /** The compressed messages that our own engine inflated. */
  readonly judged: readonly Judged[];
}

/**
 * Why `ws` may make something else of the same bytes. All else is a fault of one or the other.
 * Each holds from one message on: those before it must be the same.
 */
const REASONS: Readonly<Record<string, (readings: Readings) => boolean>> = {
  // RFC 7692 section 7.2.1: "An endpoint MAY use both DEFLATE blocks with the "BFINAL" bit set to 0 and DEFLATE blocks with
  // the "BFINAL" bit set to 1", and "The next DEFLATE block follows the padded data if any." ws drops what follows within the
  // fragment. And it forgets the context; but without client_no_context_takeover a server "MUST decompress each new message
  // using the LZ77 sliding window used to process the last compressed message" (section 7.2.2). Ours is right; that it takes
  // only so many of them is a bound of its own.
  "final blocks": (readings) => differsFrom(readings, ({ truth }) => truth.finals > 0),

  // Section 7.2.2: "Decompress the resulting data using DEFLATE." Data that end within a block are no DEFLATE data (RFC 1951
  // section 2: a block has a code for its end), and no message of section 7.2.1 does. ws tells what there is as if it were
  // whole, and with a context inflates the next message from within that block. Ours is right: 1007.
  "a cut message": (readings) => differsFrom(readings, ({ truth }) => truth.end === "cut"),

  // Section 7.2.1: "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end". Who forgets it is understood by both; but
  // with a context ws inflates the next message as if it went on with a block that the octets it adds have begun.
  "the four octets left in place": (readings) =>
    readings.terms.keepsContext && differsFrom(readings, ({ payload }) => hasTail(payload)),

  // Section 7.1.2.2: by client_max_window_bits "a server limits the LZ77 sliding window size that the client uses to compress
  // messages". What to do with one who uses more is not said: zlib takes it where the bytes still are at hand, which depends on
  // its buffers. Both are right.
  "a reference beyond the window": (readings) => differsFrom(readings, ({ truth }) => truth.end === "far"),

  // Who sends more than the bound, and then what is no DEFLATE, may be told either: whichever zlib comes upon first, which
  // depends on the size of its output buffers.
  "both too large and wrong": ({ own, ws, judged }) => {
    const last = judged.at(-1);
    if (last?.truth.end !== "large" || !bothRefuse(own, ws) || !same([own.messages, own.pongs], [ws.messages, ws.pongs]))
      return false;
    return inflatePlainly(last.payload, { ...last.terms, maxBytes: 10_000_000 }).end !== "whole";
  },

  // ws bounds what is compressed by the bound for the message. No RFC has a bound; ours is that of what is inflated, with a
  // little besides for what does not compress. Both are right.
  "compressed bytes above the bound": (readings) => {
    const { ws, terms } = readings;
    return ws.code === 1009 && differsFrom(readings, ({ payload }) => payload.length > terms.maxPayload);
  },

  // ws inflates fragments as they come, ours inflates the message when it is complete: so ws finds what is wrong with it before
  // it answers a ping behind that fragment, before the peer closes, before something is wrong with the frames behind it, or
  // though it is never completed. RFC 7692 section 7.2.2 speaks of "the payload of the message"; none says when. Both are right.
  "a fault in an earlier fragment": ({ own, ws, judged, terms, bytes }) => {
    if (!ws.isFault || ![1007, 1009].includes(ws.code as number) || !same(own.messages, ws.messages)) return false;
    if (!same(own.pongs.slice(0, ws.pongs.length), ws.pongs)) return false;
    const told = Buffer.concat(judged.map(({ index, truth }) => (index < ws.messages.length ? truth.output : Buffer.alloc(0))));
    const context = terms.keepsContext ? told.subarray(-(2 ** terms.windowBits)) : Buffer.alloc(0);
    for (const { payload, declared } of openMessage(bytes, ws.messages.length)) {
      if (declared > terms.maxPayload) return true;
      const { end, finals } = inflatePlainly(payload, { ...terms, context, maxBytes: terms.maxPayload }, false);
      if (finals > 0 || !["whole", "cut"].includes(end)) return true;
    }
    return false;
  },

  // RFC 6455 section 5.2: lengths in the shortest form, the highest bit never set; section 8.1: text is judged as it comes.
  // ws leaves out the first two, and judges text at its end.
  "a rule of frames": ({ own, ws, judged }) =>
    own.isFault === true &&
    [1002, 1007].includes(own.code as number) &&
    judged.every(({ result }) => Buffer.isBuffer(result)) &&
    same(ws.messages.slice(0, own.messages.length), own.messages),
};

/** Why ws made something else of it; undefined when it did not; false when nothing explains it. */
export function differenceOf(readings: Readings): string | undefined | false {
  const { own, ws } = readings;
  if (same(own, ws)) return undefined;
  return Object.keys(REASONS).find((name) => REASONS[name]?.(readings)) ?? false;
}

/** Whether all is the same up to a message that is so, and does not end before. */
function differsFrom({ own, ws, judged }: Readings, isSo: (judged: Judged) => boolean): boolean {
  const first = judged.find(isSo);
  return first !== undefined && same(own.messages.slice(0, first.index), ws.messages.slice(0, first.index));
}

function bothRefuse(own: Reading, ws: Reading): boolean {
  return [own, ws].every(({ isFault, code }) => isFault && (code === 1007 || code === 1009));
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
