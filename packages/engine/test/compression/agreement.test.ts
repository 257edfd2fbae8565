import { describe, expect, test } from "vitest";
import { agree } from "../../src/compression/agreement.ts";
import { parseExtensions } from "../../src/compression/extensions.ts";
import type { CompressionOptions } from "../../src/index.ts";

const options = (given: Partial<CompressionOptions> = {}): CompressionOptions => ({
  threshold: 0,
  level: 6,
  contextTakeover: true,
  windowBits: 15,
  ...given,
});

describe("the extensions header (RFC 6455 section 9.1)", () => {
  test.each([
    ["foo", [{ name: "foo", parameters: [] }]],
    [
      "foo, bar; baz=2",
      [
        { name: "foo", parameters: [] },
        { name: "bar", parameters: [["baz", "2"]] },
      ],
    ],
    [
      'a; x ; y="1" , b;z = \t"\\q"',
      [
        {
          name: "a",
          parameters: [
            ["x", undefined],
            ["y", "1"],
          ],
        },
        { name: "b", parameters: [["z", "q"]] },
      ],
    ],
    [
      ", a,, b ,",
      [
        { name: "a", parameters: [] },
        { name: "b", parameters: [] },
      ],
    ],
  ])("reads %s", (header, expected) => {
    expect(parseExtensions(header)).toEqual(expected);
  });

  test.each([
    "",
    " ",
    ",",
    "a;",
    "a;;b",
    "a b",
    "a; b=",
    'a; b="',
    'a; b=""',
    'a; b="c d"',
    "a; =b",
    "a=b",
    'a; b="c"d',
    "a\n",
    "é",
  ])("refuses %j", (header) => {
    expect(parseExtensions(header)).toBeUndefined();
  });

  test("takes time in proportion to its length", () => {
    const header = `${'a; b="'.repeat(2_000)}`;
    const start = performance.now();
    expect(parseExtensions(header)).toBeUndefined();
    expect(parseExtensions(`${"a;b=c,".repeat(2_700)}`)).toHaveLength(2_700);
    // Not a measure of speed: a quadratic walk would take minutes.
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("what is agreed upon (RFC 7692 section 7.1)", () => {
  const NO_SERVER = "server_no_context_takeover";
  const NO_CLIENT = "client_no_context_takeover";
  const SERVER = "server_max_window_bits";
  const CLIENT = "client_max_window_bits";
  const kept = { keepsContext: true, windowBits: 15 };
  const lost = { keepsContext: false, windowBits: 15 };

  test.each([
    ["permessage-deflate", {}, "", kept, kept],
    [`permessage-deflate; ${NO_SERVER}`, {}, `; ${NO_SERVER}`, lost, kept],
    [`permessage-deflate; ${NO_CLIENT}`, {}, `; ${NO_CLIENT}`, kept, lost],
    ["permessage-deflate", { contextTakeover: false }, `; ${NO_SERVER}; ${NO_CLIENT}`, lost, lost],
    [`permessage-deflate; ${SERVER}=10`, {}, `; ${SERVER}=10`, { keepsContext: true, windowBits: 10 }, kept],
    [`permessage-deflate; ${SERVER}="8"`, {}, `; ${SERVER}=8`, { keepsContext: true, windowBits: 8 }, kept],
    [`permessage-deflate; ${SERVER}=15`, {}, `; ${SERVER}=15`, kept, kept],
    [`permessage-deflate; ${SERVER}=14`, { windowBits: 9 }, `; ${SERVER}=9`, { keepsContext: true, windowBits: 9 }, kept],
    ["permessage-deflate", { windowBits: 9 }, `; ${SERVER}=9`, { keepsContext: true, windowBits: 9 }, kept],
    [`permessage-deflate; ${CLIENT}`, {}, "", kept, kept],
    [
      `permessage-deflate; ${CLIENT}`,
      { windowBits: 10 },
      `; ${SERVER}=10; ${CLIENT}=10`,
      { keepsContext: true, windowBits: 10 },
      { keepsContext: true, windowBits: 10 },
    ],
    [`permessage-deflate; ${CLIENT}=12`, {}, `; ${CLIENT}=12`, kept, { keepsContext: true, windowBits: 12 }],
    ["x-other, permessage-deflate", {}, "", kept, kept],
    [`permessage-deflate; ${SERVER}=7, permessage-deflate; ${NO_SERVER}`, {}, `; ${NO_SERVER}`, lost, kept],
    [`permessage-deflate; ${NO_SERVER}, permessage-deflate`, {}, `; ${NO_SERVER}`, lost, kept],
  ])("%s", (header, given, parameters, deflate, inflate) => {
    expect(agree(header, options(given))).toEqual({ header: `permessage-deflate${parameters}`, deflate, inflate });
  });

  test.each([
    "x-webkit-deflate-frame",
    "permessage-deflate; x",
    "permessage-deflate; mode=fast",
    `permessage-deflate; ${NO_SERVER}=1`,
    `permessage-deflate; ${NO_CLIENT}=true`,
    `permessage-deflate; ${NO_SERVER}; ${NO_SERVER}`,
    `permessage-deflate; ${SERVER}`,
    ...["7", "16", "08", "8.0", "+8", "0x9", "1", "100", "a"].map((bits) => `permessage-deflate; ${SERVER}=${bits}`),
    ...["7", "16", "09"].map((bits) => `permessage-deflate; ${CLIENT}=${bits}`),
    `permessage-deflate; ${CLIENT}; ${CLIENT}=9`,
    `permessage-deflate; ${SERVER}=9; ${SERVER}=9`,
    "permessage-deflate;",
    "PERMESSAGE-DEFLATE",
  ])("declines %s", (header) => {
    expect(agree(header, options())).toBeUndefined();
  });
});
