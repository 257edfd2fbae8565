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

describe("what a close means", () => {
  it.each([
    [1000, undefined],
    [1001, undefined],
    [1002, "CONNECTION_LOST"],
    [1005, undefined],
    [1006, "CONNECTION_LOST"],
    [1008, "CONNECTION_LOST"],
    [1009, "CONNECTION_LOST"],
    [1011, "CONNECTION_LOST"],
    [1012, undefined],
    [1013, undefined],
    [3000, undefined],
    [4000, undefined],
    [4399, undefined],
    [4400, "REFUSED"],
    [4401, "UNAUTHORIZED"],
    [4403, "REFUSED"],
    [4404, "REFUSED"],
    [4408, "CONNECTION_LOST"],
    [4409, "REFUSED"],
    [4429, "CONNECTION_LOST"],
    [4499, "REFUSED"],
    [4500, undefined],
    [4503, undefined],
    [4999, undefined],
  ])("code %i: %s", (code, error) => {
    expect(judgeCloseCode(code)).toBe(error);
  });

  it.each([
    [301, "REFUSED"],
    [400, "REFUSED"],
    [401, "UNAUTHORIZED"],
    [403, "REFUSED"],
    [404, "REFUSED"],
    [408, "CONNECT_FAILED"],
    [426, "REFUSED"],
    [429, "CONNECT_FAILED"],
    [500, "CONNECT_FAILED"],
    [502, "CONNECT_FAILED"],
    [503, "CONNECT_FAILED"],
  ])("HTTP %i: %s", (status, error) => {
    expect(judgeStatus(status)).toBe(error);
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
