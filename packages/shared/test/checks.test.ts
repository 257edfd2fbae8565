import { describe, expect, it } from "vitest";
import { checkOptions, type Rule, tableOf } from "../src/index.ts";

const rules: Record<string, Rule> = {
  port: [0, 65_535],
  attempts: [1, Number.POSITIVE_INFINITY],
  place: ["path", "query"],
  group: "boolean or object",
  name: "string",
  even: (value) => (Number(value) % 2 === 0 ? undefined : "an even number"),
};
const check = (given: unknown) => checkOptions(given, tableOf(rules, { port: 80 }), "x.");

describe("checking options", () => {
  it("fills in defaults, and takes undefined as left out", () => {
    expect(check({ port: undefined, name: "a" })).toEqual({ port: 80, name: "a" });
  });

  it.each([
    { port: 0 },
    { port: 65_535 },
    { attempts: Number.POSITIVE_INFINITY },
    { place: "query" },
    { group: true },
    { group: {} },
    { even: 2 },
  ])("takes %j", (given) => {
    expect(check(given)).toMatchObject(given);
  });

  it.each<[unknown, string]>([
    [{ port: -1 }, "option x.port: expected a whole number from 0 to 65535; got -1"],
    [{ port: 1.5 }, "option x.port: expected a whole number from 0 to 65535; got 1.5"],
    [{ port: "80" }, 'option x.port: expected a whole number from 0 to 65535; got "80"'],
    [{ port: Number.NaN }, "got NaN"],
    [{ port: Number.POSITIVE_INFINITY }, "got Infinity"],
    [{ place: "header" }, 'option x.place: expected one of path, query; got "header"'],
    [{ group: null }, "option x.group: expected boolean or object; got null"],
    [{ name: 5 }, "option x.name: expected string; got 5"],
    [{ name: [] }, "got a list"],
    [{ name: {} }, "got an object"],
    [{ even: 3 }, "option x.even: expected an even number; got 3"],
    [{ pots: 1 }, "option x.pots: unknown; known are port, attempts, place, group, name, even"],
    [JSON.parse('{"__proto__": 1}'), "option x.__proto__"],
    [{ constructor: 1 }, "option x.constructor"],
    [null, "expected an object; got null"],
    [5, "expected an object; got 5"],
  ])("refuses %j, naming option, bound and value", (given, message) => {
    expect(() => check(given)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
