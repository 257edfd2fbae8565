import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isToken, type Scannable, scanBearer, scanCookies, scanQuery, scanSubprotocols } from "../src/handshake/scanners.ts";
import { CountingText } from "./support/counting-text.ts";

describe("scanSubprotocols", () => {
  test.each([
    ["", []],
    ["chat", ["chat"]],
    ["chat, superchat", ["chat", "superchat"]],
    [" \tchat\t ,superchat ", ["chat", "superchat"]],
    ["chat,,superchat,", ["chat", "superchat"]],
    ["a!#$%&'*+-.^_`|~9Z", ["a!#$%&'*+-.^_`|~9Z"]],
    ["__proto__, constructor", ["__proto__", "constructor"]],
    ["chat superchat", undefined],
    ["chat, chat", undefined],
    ["ch@t", undefined],
    ['"chat"', undefined],
    ["chät", undefined],
    ["chat;q=1", undefined],
  ])("%j", (header, expected) => {
    expect(scanSubprotocols(header)).toEqual(expected);
  });

  test("reads back any list of different tokens", () => {
    const name = fc.string({ minLength: 1, maxLength: 12 }).filter(isToken);
    fc.assert(fc.property(fc.uniqueArray(name), (names) => void expect(scanSubprotocols(names.join(" , "))).toEqual(names)));
  });
});

describe("scanCookies", () => {
  test.each([
    ["", {}],
    ["a=1", { a: "1" }],
    ["a=1; b=2;c=3", { a: "1", b: "2", c: "3" }],
    ["a=1; a=2", { a: "1" }],
    [' a = "x y" ; b=""', { a: "x y", b: "" }],
    ["a=b=c", { a: "b=c" }],
    ["novalue; =noname; a=1", { a: "1" }],
    ["a=%20", { a: "%20" }],
    ['a="', { a: '"' }],
    ["a=;b", { a: "" }],
  ])("%j", (header, expected) => {
    expect(Object.fromEntries(scanCookies(header))).toEqual(expected);
  });

  test("names like those of object properties are ordinary", () => {
    expect([...scanCookies("__proto__=1; constructor=2")]).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  });
});

describe("scanQuery", () => {
  test.each([
    ["", [], ""],
    ["t=1", ["1"], ""],
    ["a=1&t=2&b=3", ["2"], "a=1&b=3"],
    ["t=1&t=2", ["1", "2"], ""],
    ["t", [""], ""],
    ["t=", [""], ""],
    ["t=a=b", ["a=b"], ""],
    ["tt=1&xt=2", [], "tt=1&xt=2"],
    ["a&&b&", [], "a&b"],
  ])("%j", (query, values, rest) => {
    expect(scanQuery(query, "t")).toEqual({ values, rest });
  });

  test.each([
    ["access_token=1", ["1"], ""],
    ["access%5Ftoken=1", ["1"], ""],
    ["a=0&access%5ftoken=1&b=2", ["1"], "a=0&b=2"],
    ["%61%63%63%65%73%73%5F%74%6F%6B%65%6E=1", ["1"], ""],
    ["access%5Ftoken", [""], ""],
    ["access%5Ftoken=1&access_token=2", ["1", "2"], ""],
    ["access%255Ftoken=1", [], "access%255Ftoken=1"],
    ["access%5Ftoken%=1", [], "access%5Ftoken%=1"],
    ["access%5token=1", [], "access%5token=1"],
    ["access%zztoken=1", [], "access%zztoken=1"],
    ["access_toke%6=e", [], "access_toke%6=e"],
    ["access_toke%=6e", [], "access_toke%=6e"],
    ["access_toke&%6e=1", [], "access_toke&%6e=1"],
    ["access_token%00=1", [], "access_token%00=1"],
    ["?access_token=1", [], "?access_token=1"],
  ])("a name counts as it reads, percent-encoded or not: %j", (query, values, rest) => {
    expect(scanQuery(query, "access_token")).toEqual({ values, rest });
  });

  test("leaves nothing that URLSearchParams reads by that name", () => {
    const piece = fc.constantFrom("t", "%74", "%54", "%", "7", "4", "=", "&", "+", "?", "%00", "%ef%bb%bf", "é", "x");
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const query = pieces.join("");
        const { values, rest } = scanQuery(query, "t");
        expect(new URLSearchParams(`?${query}`).getAll("t")).toHaveLength(values.length);
        expect(new URLSearchParams(`?${rest}`).has("t")).toBe(false);
      }),
    );
  });
});

describe("scanBearer", () => {
  test.each([
    ["Bearer abc", "abc"],
    ["bearer   abc", "abc"],
    ["BEARER a b", "a b"],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearerabc", undefined],
    ["Basic abc", undefined],
    ["", undefined],
  ])("%j", (header, expected) => {
    expect(scanBearer(header)).toBe(expected);
  });
});

describe("steps of the scanners", () => {
  const scanners: [string, (text: Scannable) => unknown][] = [
    ["scanSubprotocols", scanSubprotocols],
    ["scanCookies", scanCookies],
    ["scanQuery", (text) => scanQuery(text, "access_token")],
    ["scanBearer", scanBearer],
  ];
  const pieces = [
    "a",
    " ",
    "\t",
    ",",
    ", ",
    "a ",
    "a,",
    ";",
    "=",
    "a=",
    "; ",
    "a=b; ",
    '"',
    "&",
    "=&",
    "access_token=&",
    "access%5Ftoken=&",
    "bearer ",
    "é",
    "%",
  ];

  test.each(scanners)("%s is linear in what it reads, however odd", (_, scan) => {
    for (const first of pieces) {
      for (const piece of pieces) {
        const text = new CountingText(first + piece.repeat(16_384 / piece.length));
        scan(text);
        expect(text.steps, JSON.stringify([first, piece])).toBeLessThanOrEqual(4 * text.length + 16);
      }
    }
  });

  test.each(scanners)("%s takes any text without a throw", (_, scan) => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void scan(text)));
  });
});
