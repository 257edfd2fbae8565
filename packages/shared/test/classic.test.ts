import { describe, expect, it } from "vitest";
import { heartbeatText, hideToken, spellToken, tokenFromSubprotocol, tokenToSubprotocol } from "../src/index.ts";
import vectors from "../vectors/classic.json" with { type: "json" };

describe("the classic wire's heartbeat", () => {
  it.each(vectors.heartbeat)("reads $text as $means", ({ text, means }) => {
    expect(heartbeatText(text) ?? null).toBe(means);
  });

  it("does not trim a long text to look for a ping", () => {
    expect(heartbeatText(`ping${" ".repeat(100)}`)).toBeUndefined();
  });
});

describe("a token that the other side repeats", () => {
  it.each(["to/k=en?", "żółw +&", "\u{1f422}~~"])("is hidden in every spelling: %j", (token) => {
    const utf8 = Buffer.from(token);
    const said = [token, utf8.toString("base64"), utf8.toString("base64url"), new URLSearchParams({ t: token }), utf8.toString()];
    const hidden = hideToken(said.join(" | "), spellToken(token));
    expect(hidden).not.toMatch(/k=en|k%3D|żół|%C5%BC|8J-Q|🐢/);
    expect(hidden.split("[token]").length).toBeGreaterThanOrEqual(4);
  });

  it("is nothing to look for when there is none", () => {
    expect(hideToken("plain words", spellToken(""))).toBe("plain words");
  });
});

describe("a token as a subprotocol", () => {
  it.each(vectors.tokens)("carries $token both ways", ({ token, subprotocol }) => {
    expect(tokenToSubprotocol(token)).toBe(subprotocol);
    expect(tokenFromSubprotocol(subprotocol)).toBe(token);
  });

  it.each(vectors.badTokens)("finds no token in %s", (name) => {
    expect(tokenFromSubprotocol(name)).toBeUndefined();
  });

  it("may be large, and may begin with a byte order mark", () => {
    for (const token of ["x".repeat(300_000), "\uFEFFt"]) expect(tokenFromSubprotocol(tokenToSubprotocol(token))).toBe(token);
  });

  it("is a subprotocol name by RFC 6455 whatever the token", () => {
    expect(tokenToSubprotocol('a b,c"\u0000\u{1F680}')).toMatch(/^[\w.-]+$/);
  });
});
