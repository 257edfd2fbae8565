import { REFUSED_SUBPROTOCOL, TOKEN_SUBPROTOCOL, tokenToSubprotocol } from "@websockets-simple/shared";
import { describe, expect, test } from "vitest";
import { chooseSubprotocol } from "../src/handshake/subprotocol.ts";
import { findToken, type TokenSources } from "../src/handshake/token.ts";

const NOTHING: TokenSources = { authorization: undefined, subprotocols: [], query: "", segments: [] };
const ALL = ["header", "subprotocol", "query", "path"] as const;
const token = tokenToSubprotocol("tökén");

describe("findToken", () => {
  test.each([
    ["nowhere", ALL, {}, { token: undefined, query: "", segments: [] }],
    ["the header", ALL, { authorization: "Bearer abc" }, { token: "abc", query: "", segments: [] }],
    ["another scheme than Bearer", ALL, { authorization: "Basic abc" }, { token: undefined, query: "", segments: [] }],
    ["a subprotocol", ALL, { subprotocols: ["chat", TOKEN_SUBPROTOCOL, token] }, { token: "tökén", query: "", segments: [] }],
    [
      "a subprotocol that is no base64url",
      ALL,
      { subprotocols: [`${TOKEN_SUBPROTOCOL}.*`] },
      { token: undefined, query: "", segments: [] },
    ],
    [
      "the query, which loses it",
      ALL,
      { query: "a=1&access_token=x%20y+z&b=2" },
      { token: "x y z", query: "a=1&b=2", segments: [] },
    ],
    [
      "the query, whose name is percent-encoded",
      ALL,
      { query: "a=1&access%5Ftoken=x&b=2" },
      { token: "x", query: "a=1&b=2", segments: [] },
    ],
    ["an empty parameter, which is none", ALL, { query: "access_token=" }, { token: undefined, query: "", segments: [] }],
    ["an empty Bearer, which is none", ALL, { authorization: "Bearer " }, { token: undefined, query: "", segments: [] }],
    [
      "an empty subprotocol, which is none",
      ALL,
      { subprotocols: [TOKEN_SUBPROTOCOL, `${TOKEN_SUBPROTOCOL}.`] },
      { token: undefined, query: "", segments: [] },
    ],
    [
      "the path after empty ones elsewhere",
      ALL,
      { authorization: "Bearer ", subprotocols: [`${TOKEN_SUBPROTOCOL}.`], query: "access_token=", segments: ["room", "tok"] },
      { token: "tok", query: "", segments: ["room"] },
    ],
    [
      "the path, which loses its last segment",
      ALL,
      { segments: ["room", "42", "tok/en"] },
      { token: "tok/en", query: "", segments: ["room", "42"] },
    ],
    ["an empty last segment, which is none", ALL, { segments: [""] }, { token: undefined, query: "", segments: [""] }],
    [
      "the header before the query, and the path is left alone",
      ALL,
      { authorization: "Bearer h", query: "access_token=q", segments: ["room"] },
      { token: "h", query: "", segments: ["room"] },
    ],
    [
      "the order that was asked for",
      ["query", "header"],
      { authorization: "Bearer h", query: "access_token=q" },
      { token: "q", query: "", segments: [] },
    ],
    [
      "the path last, wherever it was named",
      ["path", "header"],
      { authorization: "Bearer h", segments: ["room"] },
      { token: "h", query: "", segments: ["room"] },
    ],
    [
      "no place that was not asked for",
      ["header"],
      { query: "access_token=q", segments: ["room"] },
      { token: undefined, query: "access_token=q", segments: ["room"] },
    ],
  ] as const)("%s", (_, places, sources, expected) => {
    expect(findToken(places, { ...NOTHING, ...sources })).toEqual(expected);
  });

  test.each([
    ["a parameter that is no UTF-8", "access_token=%ff"],
    ["two parameters", "access_token=a&access_token=b"],
    ["two parameters, one of them percent-encoded", "access_token=a&%61ccess_token=b"],
  ])("%s is a problem that does not quote the token", (_, query) => {
    const { problem } = findToken(ALL, { ...NOTHING, query });
    expect(problem).toMatch(/access_token/);
    expect(problem).not.toContain("%ff");
  });
});

describe("chooseSubprotocol", () => {
  test.each([
    ["nothing offered, nothing available", [], [], undefined, undefined],
    ["nothing offered, something available", [], ["chat"], undefined, undefined],
    ["the client's first that is available", ["x", "b", "a"], ["a", "b"], "b", "b"],
    ["the token's name alone", [TOKEN_SUBPROTOCOL, token], ["chat"], undefined, TOKEN_SUBPROTOCOL],
    ["the application's beside the token's", ["chat", TOKEN_SUBPROTOCOL, token], ["chat"], "chat", "chat"],
    ["a token without its name, which is never sent back", [token], [], undefined, undefined],
  ])("%s", (_, offered, available, chosen, answer) => {
    // Whether what it offers is available, who is refused does not learn.
    expect(chooseSubprotocol(offered, available)).toEqual({ chosen, answer, refusal: chosen ? offered[0] : answer });
    // Who asks for a refusal that can be seen gets it, and it is never taken for the application's.
    const asking = chooseSubprotocol([REFUSED_SUBPROTOCOL, ...offered], available);
    expect(asking).toEqual({ chosen, answer, refusal: REFUSED_SUBPROTOCOL });
  });

  test("none in common names what is available", () => {
    expect(chooseSubprotocol(["x", "y"], ["a", "b"])).toEqual({
      problem: expect.stringContaining("Available: a, b."),
      refusal: "x",
    });
    expect(chooseSubprotocol([TOKEN_SUBPROTOCOL, token, "x"], [])).toEqual({
      problem: expect.stringContaining("without any"),
      refusal: "x",
    });
  });
});
