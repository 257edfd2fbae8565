import { describe, expect, test } from "vitest";
import { below, parseTarget } from "../src/handshake/target.ts";

describe("parseTarget", () => {
  test.each([
    ["/", [], ""],
    ["/chat", ["chat"], ""],
    ["/chat/", ["chat"], ""],
    ["/room/42", ["room", "42"], ""],
    ["/room/42?a=1&b=2", ["room", "42"], "a=1&b=2"],
    ["/?a=/b?c", [], "a=/b?c"],
    ["/caf%C3%A9/%2F", ["café", "/"], ""],
    ["//x", ["", "x"], ""],
    ["/__proto__/constructor", ["__proto__", "constructor"], ""],
  ])("%s", (url, segments, query) => {
    expect(parseTarget(url)).toEqual({ segments, query });
  });

  test.each([
    ["http://example.com/chat?x", ["chat"], "x", "example.com"],
    ["http://example.com", [], "", "example.com"],
    ["http://example.com?x=1", [], "x=1", "example.com"],
    ["http://example.com?x=/y", [], "x=/y", "example.com"],
    ["WS://example.com:80/a", ["a"], "", "example.com:80"],
    ["http://ada@evil.example:1/a", ["a"], "", "ada@evil.example:1"],
  ])("%s names its host", (url, segments, query, authority) => {
    expect(parseTarget(url)).toEqual({ segments, query, authority });
  });

  test.each(["", "*", "chat", "example.com:443", "/%", "/%zz", "/%ff", "/a/%E0%A4", "?x", "http:/x"])(
    "%j is malformed",
    (url) => {
      expect(parseTarget(url)).toBeUndefined();
    },
  );
});

describe("below", () => {
  test.each([
    [[], ["room", "42"], ["room", "42"]],
    [["chat"], ["chat"], []],
    [["chat"], ["chat", "room"], ["room"]],
    [["a", "b"], ["a", "b", "c"], ["c"]],
    [["chat"], ["chatter"], undefined],
    [["chat"], [], undefined],
    [["a", "b"], ["a"], undefined],
    [["chat"], ["Chat"], undefined],
  ])("service %j, path %j", (service, segments, rest) => {
    expect(below(service, segments)).toEqual(rest);
  });
});
