import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkClose, type ErrorCode, judgeCloseCode, judgeStatus, toError, WebsocketsSimpleError } from "../src/index.ts";

const table = readFileSync(new URL("../src/errors.ts", import.meta.url), "utf8").matchAll(
  /^ \* \| `(\w+)` \|.*\| (yes|no) \|$/gm,
);

describe("the one error class", () => {
  it.each([...table].map(([, code, retryable]) => [code as ErrorCode, retryable === "yes"] as const))(
    "calls %s retryable: %s, as its table says",
    (code, retryable) => {
      expect(new WebsocketsSimpleError(code, "x").retryable).toBe(retryable);
    },
  );

  it("keeps what was thrown as the cause and its words in the message", () => {
    const cause = new TypeError("boom");
    expect(toError("TOKEN_FAILED", "the token function failed", cause)).toMatchObject({
      code: "TOKEN_FAILED",
      message: "the token function failed: boom",
      cause,
    });
    expect(toError("TOKEN_FAILED", "x", "a string").message).toBe("x: a string");
  });

  it("lets an error that already is one pass", () => {
    const error = new WebsocketsSimpleError("REFUSED", "no");
    expect(toError("UNKNOWN", "x", error)).toBe(error);
  });
});

describe("what a client does after a close", () => {
  it.each([
    [1000, "final"],
    [1001, "retry"],
    [1002, "retry"],
    [1005, "retry"],
    [1006, "retry"],
    [1008, "retry"],
    [1009, "retry"],
    [1011, "retry"],
    [1012, "retry"],
    [1013, "retry"],
    [3000, "retry"],
    [4000, "retry"],
    [4399, "retry"],
    [4400, "final"],
    [4401, "unauthorized"],
    [4403, "final"],
    [4404, "final"],
    [4408, "retry"],
    [4409, "final"],
    [4429, "retry"],
    [4499, "final"],
    [4500, "retry"],
    [4503, "retry"],
    [4999, "retry"],
  ])("code %i: %s", (code, verdict) => {
    expect(judgeCloseCode(code)).toBe(verdict);
  });

  it.each([
    [301, "final"],
    [400, "final"],
    [401, "unauthorized"],
    [403, "final"],
    [404, "final"],
    [408, "retry"],
    [426, "final"],
    [429, "retry"],
    [500, "retry"],
    [502, "retry"],
    [503, "retry"],
  ])("HTTP %i: %s", (status, verdict) => {
    expect(judgeStatus(status)).toBe(verdict);
  });
});

describe("closing codes and reasons", () => {
  it.each([
    [1000, ""],
    [3000, "x"],
    [4999, "é".repeat(61)],
  ])("allows %i with %j", (code, reason) => {
    expect(() => checkClose(code, reason)).not.toThrow();
  });

  it.each([
    [999, ""],
    [1001, ""],
    [1005, ""],
    [2999, ""],
    [5000, ""],
    [4000.5, ""],
    [Number.NaN, ""],
    [1000, "é".repeat(62)],
  ])("refuses %d with %j", (code, reason) => {
    expect(() => checkClose(code, reason)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
