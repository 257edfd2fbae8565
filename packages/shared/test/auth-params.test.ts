import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoteAuthParam, readAuthChallenges } from "../src/index.ts";

const read = (text: string) =>
  readAuthChallenges(text)?.map(({ scheme, token68, params }) => [scheme, token68 ?? Object.fromEntries(params)]);

describe("challenges", () => {
  it.each<[string, unknown[]]>([
    ['Basic realm="a b"', [["basic", { realm: "a b" }]]],
    ["BASIC Realm=a", [["basic", { realm: "a" }]]],
    ["Basic YWRhOnM=", [["basic", "YWRhOnM="]]],
    ["Basic a", [["basic", "a"]]],
    ["Negotiate", [["negotiate", {}]]],
    [
      'Negotiate, Digest realm = "a, \\"b\\" \\\\" , qop="auth,auth-int" ,nonce=x,, Basic realm=""',
      [
        ["negotiate", {}],
        ["digest", { realm: 'a, "b" \\', qop: "auth,auth-int", nonce: "x" }],
        ["basic", { realm: "" }],
      ],
    ],
    [
      "NTLM abc==, Basic realm=x",
      [
        ["ntlm", "abc=="],
        ["basic", { realm: "x" }],
      ],
    ],
    ["Digest __proto__=1, constructor=2", [["digest", JSON.parse('{"__proto__":"1","constructor":"2"}')]]],
    ["", []],
    [" , ,", []],
  ])("are read: %s", (text, expected) => {
    expect(JSON.stringify(read(text))).toBe(JSON.stringify(expected));
  });

  it.each([
    ["unclosed quotes", 'Digest realm="a'],
    ["quotes closed by an escaped one", 'Digest realm="a\\"'],
    ["a parameter twice", "Digest realm=a, nonce=b, REALM=c"],
    ["a parameter before any scheme", "realm=a"],
    ["a parameter behind a token", "Basic abc, realm=a"],
    ["no value", "Digest realm=, nonce=b"],
    ["something behind a value", 'Digest realm="a"b'],
    ["two words", "Basic Digest realm=a"],
    ["a control character", 'Digest realm="a\x00b"'],
    ["a line end", 'Digest realm="a\r\nb"'],
    ["no token", '"Digest"'],
    ["too many challenges", Array(17).fill("Basic").join(", ")],
    ["too many parameters", `Digest ${Array.from({ length: 33 }, (_, index) => `p${index}=1`).join(", ")}`],
  ])("are none with %s", (_, text) => {
    expect(readAuthChallenges(text)).toBeUndefined();
  });

  it("of any text are read without an error, and any value is read as it was written", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void readAuthChallenges(text)));
    const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(printable, (value) => {
        expect(read(`Digest a=${quoteAuthParam(value)}, b=${quoteAuthParam(value)}`)).toEqual([
          ["digest", { a: value, b: value }],
        ]);
      }),
    );
  });

  it.each([
    ["quotes that do not close", `Digest realm="${'\\"'.repeat(500_000)}`],
    ["blanks", `Digest ${" ".repeat(1_000_000)}"`],
    ["a token that ends in blanks", `Basic ${"a".repeat(500_000)}${" ".repeat(500_000)}b`],
    ["commas", ",".repeat(1_000_000)],
    ["equals signs", `Basic a${"=".repeat(1_000_000)}b`],
  ])("are read in one go, a million characters of %s too", (_, text) => {
    expect(readAuthChallenges(text)?.length ?? 0).toBe(0);
  });
});
