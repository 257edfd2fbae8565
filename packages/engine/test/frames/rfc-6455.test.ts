import { describe, expect, test } from "vitest";
import type { RfcCase } from "../../../../testkit/rfc/case.ts";
import { CLOSING } from "../../../../testkit/rfc/closing.ts";
import { FRAMING } from "../../../../testkit/rfc/framing.ts";
import { UTF8 } from "../../../../testkit/rfc/utf8.ts";
import { MessageReader } from "../../src/frames/message-reader.ts";

/** What the reader tells of bytes that come in such chunks. */
function told(bytes: Buffer, cuts: Iterable<number>): object {
  const messages: string[] = [];
  const pongs: string[] = [];
  const end: { code?: number; closing?: { code: number; reason: string } } = {};
  const reader = new MessageReader(
    true,
    false,
    { maxPayload: 1_048_576, maxFragments: 64 },
    {
      // Compared as texts: to compare large arrays takes long.
      message: (message) => messages.push(shown(message)),
      compressed: () => {},
      ping: (payload) => pongs.push(payload.toString("latin1")),
      pong: () => {},
      closing: (closing) => Object.assign(end, { code: closing.code, closing }),
      broken: ({ code }) => Object.assign(end, { code }),
    },
  );
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    // Each chunk in memory of its own, as Node reads them.
    reader.read(Buffer.from(bytes.subarray(start, cut)));
    start = cut;
  }
  return { messages, pongs, ...end };
}

const shown = (message: string | Uint8Array): string =>
  typeof message === "string" ? message : `bytes ${Buffer.from(message).toString("latin1")}`;

const expected = ({ messages, pongs, code, closing }: RfcCase): object => ({
  messages: messages.map(shown),
  pongs,
  ...(code !== undefined && { code }),
  ...(closing && { closing }),
});

describe.each([
  ["framing", FRAMING],
  ["closing", CLOSING],
  ["UTF-8", UTF8],
])("RFC 6455: %s", (_, cases) => {
  test.each(cases.map((each) => [each.name, each] as const))("%s", (_, each) => {
    const { bytes } = each;
    expect(told(bytes, [])).toEqual(expected(each));
    if (bytes.length < 5_000) expect(told(bytes, bytes.keys())).toEqual(expected(each));
    const cuts = bytes.length < 5_000 ? Math.min(bytes.length, 300) : 20;
    for (let cut = 1; cut < cuts; cut++) expect(told(bytes, [cut])).toEqual(expected(each));
  });
});
