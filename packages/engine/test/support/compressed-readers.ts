import { createRequire } from "node:module";
import type { Terms } from "../../../../testkit/fuzz/compressed-sequences.ts";
import { type Inflated, type InflateTerms, inflatePlainly } from "../../../../testkit/fuzz/plain-inflate.ts";
import { Inflater } from "../../src/compression/inflater.ts";
import { MessageReader } from "../../src/frames/message-reader.ts";
import type { Fault } from "../../src/frames/opcodes.ts";
import { feed, LIMITS, noting, type Reading, shown, WS_CODES } from "./readers.ts";

/** What our own engine made of a compressed message, and what it is. */
export interface Judged {
  /** How many messages came before it. */
  readonly index: number;
  readonly payload: Buffer;
  readonly result: Buffer | Fault;
  readonly truth: Inflated;
  readonly terms: InflateTerms;
}

/** By our own reader and inflater, in such chunks. */
export async function readByOwn(bytes: Buffer, cuts: readonly number[], terms: Terms, judged: Judged[] = []): Promise<Reading> {
  const reading: Reading = { messages: [], pongs: [] };
  const inflater = new Inflater(terms);
  let context: Buffer = Buffer.alloc(0);
  let underWay: Promise<void> | undefined;
  const done = (payload: Buffer, maxBytes: number, result: Buffer | Fault, isText: boolean): void => {
    const judgedBy = { ...terms, context, maxBytes };
    const truth = inflatePlainly(payload, judgedBy);
    judged.push({ index: reading.messages.length, payload, result, truth, terms: judgedBy });
    if (terms.keepsContext) context = Buffer.concat([context, truth.output]).subarray(-(2 ** terms.windowBits));
    reader.inflated(result, isText);
  };
  const reader = new MessageReader(
    true,
    true,
    { ...LIMITS, maxPayload: terms.maxPayload },
    {
      message: (data) => reading.messages.push(shown(data)),
      compressed(payload, isText, maxBytes) {
        // The inflater may take the payload for its own.
        const kept = Buffer.from(payload);
        const result = inflater.inflate(payload, maxBytes);
        if (result) return done(kept, maxBytes, result, isText);
        reader.pause();
        underWay = new Promise((resolve) => {
          inflater.inflateLater(payload, maxBytes, (late) => {
            underWay = undefined;
            done(kept, maxBytes, late, isText);
            reader.resume();
            resolve();
          });
        });
      },
      ...noting(reading),
    },
  );
  feed(reader, bytes, cuts);
  while (underWay) await underWay;
  return reading;
}

const { Receiver, PerMessageDeflate } = createRequire(import.meta.url)("ws") as {
  Receiver: new (options: object) => NodeJS.WritableStream & NodeJS.EventEmitter;
  PerMessageDeflate: new (options: object) => { accept(offers: object[]): object; cleanup(): void };
};

/** By ws, all at once. */
export async function readByWs(
  bytes: Buffer,
  { keepsContext, windowBits, maxPayload }: Terms,
  isServer = true,
): Promise<Reading> {
  const reading: Reading = { messages: [], pongs: [] };
  const deflate = new PerMessageDeflate({ isServer, maxPayload });
  const peer = isServer ? "client" : "server";
  deflate.accept([
    { [`${peer}_max_window_bits`]: [windowBits], ...(!keepsContext && { [`${peer}_no_context_takeover`]: [true] }) },
  ]);
  const receiver = new Receiver({
    isServer,
    maxPayload,
    maxFragments: LIMITS.maxFragments,
    allowSynchronousEvents: true,
    extensions: { "permessage-deflate": deflate },
  });
  receiver.on("message", (data: Buffer, isBinary: boolean) => reading.messages.push(shown(isBinary ? data : data.toString())));
  receiver.on("ping", (payload: Buffer) => reading.pongs.push(payload.toString("latin1")));
  receiver.on("conclude", (code: number) => {
    reading.code = code;
  });
  receiver.on("error", () => {});
  const { _write } = receiver as unknown as {
    _write(chunk: Buffer, encoding: string, done: (error?: (Error & { code?: string }) | null) => void): void;
  };
  const fault = await new Promise<(Error & { code?: string }) | null | undefined>((resolve) => {
    _write.call(receiver, Buffer.from(bytes), "buffer", resolve);
  });
  deflate.cleanup();
  if (fault) {
    reading.code = fault.code?.startsWith("Z_") ? 1007 : (WS_CODES[fault.code ?? ""] ?? 1002);
    reading.isFault = true;
  }
  return reading;
}
