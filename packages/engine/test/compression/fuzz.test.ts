import { constants, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { frame, Opcode } from "../../../../testkit/raw-socket.ts";
import { Inflater } from "../../src/compression/inflater.ts";
import { MessageReader } from "../../src/frames/message-reader.ts";

const LIMITS = { maxPayload: 5_000, maxFragments: 32 };

/** What is made of bytes that come in such pieces. */
function readIn(bytes: Buffer, cuts: readonly number[], keepsContext: boolean) {
  const messages: string[] = [];
  const seen: { code?: number } = {};
  const inflater = new Inflater({ keepsContext, windowBits: 15 });
  const reader = new MessageReader(true, true, LIMITS, {
    message: (data) => messages.push(`${typeof data} ${Buffer.from(data as string).toString("latin1")}`),
    compressed(payload, isText, maxBytes) {
      const result = inflater.inflate(payload, maxBytes);
      // So little is never left to another thread.
      if (!result) throw new Error("later");
      reader.inflated(result, isText);
    },
    ping() {},
    pong() {},
    closing: ({ code }) => Object.assign(seen, { code }),
    broken: ({ code }) => Object.assign(seen, { code }),
  });
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.read(Buffer.from(bytes.subarray(start, cut)));
    start = cut;
  }
  return { messages, ...seen };
}

const payloads = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.string({ maxLength: 20 }), fc.nat(400)).map(([text, times]) => Buffer.from(text.repeat(times))),
);
const compressed = fc
  .record({
    payload: payloads,
    level: fc.integer({ min: 0, max: 9 }),
    end: fc.constantFrom(constants.Z_SYNC_FLUSH, constants.Z_FINISH),
  })
  .map(({ payload, level, end }) => {
    const bytes = deflateRawSync(payload, { level, finishFlush: end });
    return end === constants.Z_SYNC_FLUSH ? bytes.subarray(0, -4) : Buffer.concat([bytes, Buffer.of(0)]);
  });
const frames = fc.record({
  opcode: fc.constantFrom(Opcode.text, Opcode.binary, Opcode.binary, Opcode.continuation, Opcode.ping),
  rsv: fc.constantFrom(4, 4, 4, 0),
  fin: fc.constantFrom(true, true, true, false),
  payload: fc.oneof(
    { weight: 4, arbitrary: compressed },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  ),
  /** A byte that is changed on the way, perhaps. */
  flip: fc.option(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { freq: 6, nil: undefined }),
});

test("any compressed bytes, cut anywhere, give the same messages and the same end, and nothing above the bound", () => {
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 8 }), fc.array(fc.nat()), fc.boolean(), (sent, places, keepsContext) => {
      const bytes = Buffer.concat(
        sent.map(({ opcode, rsv, fin, payload, flip }) => {
          const body = Buffer.from(payload);
          if (flip && body.length > 0) body[flip[0] % body.length] = (body[flip[0] % body.length] as number) ^ flip[1];
          return frame(opcode, opcode === Opcode.ping ? body.subarray(0, 125) : body, {
            rsv: opcode === Opcode.ping ? 0 : rsv,
            fin,
          });
        }),
      );
      const cuts = places.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other);
      const whole = readIn(bytes, [], keepsContext);
      expect(readIn(bytes, cuts, keepsContext)).toEqual(whole);
      for (const message of whole.messages) expect(message.length).toBeLessThanOrEqual(LIMITS.maxPayload + 7);
      expect([undefined, 1002, 1007, 1008, 1009]).toContain("code" in whole ? whole.code : undefined);
    }),
    { numRuns: 3_000 },
  );
});
