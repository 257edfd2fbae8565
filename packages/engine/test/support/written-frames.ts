import { inflateRawSync } from "node:zlib";
import { expect } from "vitest";
import { inflatePlainly } from "../../../../testkit/fuzz/plain-inflate.ts";
import { shown } from "./readers.ts";

/** What one side may send by what was agreed on; undefined: nothing is compressed. */
export interface WriteTerms {
  readonly keepsContext: boolean;
  readonly windowBits: number;
  /** Smaller messages must not be compressed, in bytes. */
  readonly threshold: number;
}

/** What was written, message by message. */
export interface Written {
  readonly messages: string[];
  readonly compressed: number;
}

const TAIL = Buffer.of(0, 0, 0xff, 0xff);
const RSV1 = 0x40;
const FIN = 0x80;

/**
 * Reads what a side wrote, and holds each compressed message against RFC 7692: whole blocks, none final, within the window,
 * the context only where it was agreed on. By zlib it is the same.
 */
export function readWritten(bytes: Buffer, terms: WriteTerms | undefined, about: string): Written {
  const messages: string[] = [];
  let compressed = 0;
  let context: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  let begun = 0;
  for (const { first, payload } of framesOf(bytes)) {
    const opcode = first & 0x0f;
    if (opcode > 7 || opcode === 0) expect(first & 0x70, about).toBe(0);
    if (opcode > 7) continue;
    expect(opcode === 0, about).toBe(parts.length > 0);
    if (opcode !== 0) begun = first;
    parts.push(payload);
    if (!(first & FIN)) continue;
    let said: Buffer = Buffer.concat(parts);
    parts = [];
    if (begun & RSV1) {
      if (!terms) throw new Error(`compressed without an agreement: ${about}`);
      compressed++;
      const { end, output, finals } = inflatePlainly(said, { ...terms, context, maxBytes: 10_000_000 });
      expect([end, finals], about).toEqual(["whole", 0]);
      expect(output.length, about).toBeGreaterThanOrEqual(terms.threshold);
      const options = { windowBits: terms.windowBits, finishFlush: 2, ...(context.length > 0 && { dictionary: context }) };
      expect(inflateRawSync(Buffer.concat([said, TAIL]), options).equals(output), about).toBe(true);
      if (terms.keepsContext) context = Buffer.concat([context, output]).subarray(-(2 ** terms.windowBits));
      said = output;
    }
    messages.push(shown((begun & 0x0f) === 1 ? said.toString() : said));
  }
  expect(parts, about).toEqual([]);
  return { messages, compressed };
}

function* framesOf(bytes: Buffer): Generator<{ first: number; payload: Buffer }> {
  for (let at = 0; at < bytes.length; ) {
    const [first, second] = [bytes[at] as number, bytes[at + 1] as number];
    const form = second & 0x7f;
    const length = form === 126 ? bytes.readUInt16BE(at + 2) : form === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : form;
    const mask = at + 2 + (form === 126 ? 2 : form === 127 ? 8 : 0);
    const start = second & 0x80 ? mask + 4 : mask;
    at = start + length;
    if (at > bytes.length) throw new Error("a frame is not whole");
    const hidden = bytes.subarray(start, at);
    const isMasked = (second & 0x80) !== 0;
    const payload = isMasked ? hidden.map((byte, index) => byte ^ (bytes[mask + (index % 4)] as number)) : hidden;
    yield { first, payload: Buffer.from(payload) };
  }
}
