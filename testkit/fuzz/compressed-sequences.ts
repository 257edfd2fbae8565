import { Opcode } from "../raw-socket.ts";
import { below, compressedPayload, content, oneOf, type PayloadTerms } from "./compressed-payloads.ts";
import { inflatePlainly } from "./plain-inflate.ts";

/** What was agreed on, and the receiver's bound. */
export interface Terms {
  readonly keepsContext: boolean;
  readonly windowBits: number;
  readonly maxPayload: number;
}

type Chance = () => number;

const FIN = 0x80;
const RSV1 = 0x40;

/** Terms of any kind. */
export function randomTerms(chance: Chance): Terms {
  return {
    keepsContext: chance() < 0.5,
    windowBits: chance() < 0.4 ? 15 : 8 + below(8, chance),
    maxPayload: oneOf([1, 100, 1_000, 5_000, 40_000], chance),
  };
}

/** Bytes that a client might send that has agreed on compression: mostly right, some not, and some that are neither. */
export function compressedSequence(terms: Terms, chance: Chance): Buffer {
  const parts: Buffer[] = [];
  let context = Buffer.alloc(0);
  for (let count = 1 + below(5, chance); count > 0; count--) {
    const kind = chance();
    const made: PayloadTerms = { ...terms, context };
    if (kind < 0.08) parts.push(control(chance));
    else if (kind < 0.18) parts.push(...message(content(made, chance).subarray(0, 300), 0, chance));
    else {
      const payload = compressedPayload(made, chance);
      parts.push(...message(payload, RSV1, chance));
      if (terms.keepsContext) {
        const { output } = inflatePlainly(payload, { ...made, maxBytes: terms.maxPayload });
        context = Buffer.concat([context, output]).subarray(-(2 ** terms.windowBits));
      }
    }
  }
  if (chance() < 0.1) parts.push(frameOf(FIN | Opcode.close, Buffer.of(3, 232), chance));
  const bytes = Buffer.concat(parts);
  if (chance() < 0.04 && bytes.length > 0) {
    const at = below(Math.min(bytes.length, 200), chance);
    bytes[at] = (bytes[at] as number) ^ (1 << below(8, chance));
  }
  return chance() < 0.05 ? bytes.subarray(0, below(bytes.length, chance)) : bytes;
}

/** A message in one frame or in several, with control frames between them; seldom with RSV1 where it must not be. */
function message(payload: Buffer, rsv1: number, chance: Chance): Buffer[] {
  const opcode = chance() < 0.6 ? Opcode.text : Opcode.binary;
  const cuts = chance() < 0.6 ? [] : Array.from({ length: 1 + below(4, chance) }, () => below(payload.length + 1, chance));
  cuts.sort((one, other) => one - other);
  const frames: Buffer[] = [];
  let start = 0;
  for (const [index, cut] of [...cuts, payload.length].entries()) {
    const first = index === 0 ? opcode | rsv1 : Opcode.continuation | (chance() < 0.01 ? RSV1 : 0);
    const isLast = index === cuts.length && chance() > 0.01;
    frames.push(frameOf((isLast ? FIN : 0) | first, payload.subarray(start, cut), chance));
    if (!isLast && chance() < 0.2) frames.push(control(chance));
    start = cut;
  }
  return frames;
}

function control(chance: Chance): Buffer {
  const rsv1 = chance() < 0.03 ? RSV1 : 0;
  return frameOf(FIN | rsv1 | oneOf([Opcode.ping, Opcode.pong], chance), Buffer.from(oneOf(["", "?", "there"], chance)), chance);
}

/** A frame as a client sends it, with a mask that chance tells again. */
function frameOf(first: number, payload: Buffer, chance: Chance): Buffer {
  const form = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const header = Buffer.alloc(6 + form);
  header[0] = first;
  header[1] = 0x80 | (form === 0 ? payload.length : form === 2 ? 126 : 127);
  if (form === 2) header.writeUInt16BE(payload.length, 2);
  if (form === 8) header.writeBigUInt64BE(BigInt(payload.length), 2);
  const mask = below(2 ** 32, chance);
  header.writeUInt32BE(mask, 2 + form);
  const hidden = payload.map((byte, index) => byte ^ (header[2 + form + (index % 4)] as number));
  return Buffer.concat([header, hidden]);
}
