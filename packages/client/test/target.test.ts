import { describe, expect, it } from "vitest";
import { platform as browser } from "../src/platform.browser.ts";
import { platform as node } from "../src/platform.node.ts";
import { makeTarget as makeTargetAt, type PlaceToken, resolveAddress } from "../src/target.ts";

const places = ["path", "query", "header", "subprotocol", "message"] as const;
const makeTarget = (address: URL, subprotocols: string[], token: string, place: (typeof places)[number]) =>
  makeTargetAt(address, subprotocols, token, node.tokenIn[place] as PlaceToken);
const invalid = expect.objectContaining({ code: "INVALID_OPTION" });

describe("where to connect", () => {
  it.each([
    [{ url: "ws://example.com" }, "ws://example.com/"],
    [{ url: "https://example.com:8443/a?b=c" }, "wss://example.com:8443/a?b=c"],
    [{ url: "http://example.com" }, "ws://example.com/"],
    [{ url: "wss://example.com/a", query: { "x y": "1&2" } }, "wss://example.com/a?x+y=1%262"],
    [{ host: "example.com" }, "ws://example.com/"],
    [{ host: "example.com", secure: true, port: 8443, path: "chat/1", query: { a: "b" } }, "wss://example.com:8443/chat/1?a=b"],
    [{ host: "::1", port: 80 }, "ws://[::1]/"],
    [{ host: "[::1]", port: 81 }, "ws://[::1]:81/"],
    [{ host: "localhost", path: "/chat" }, "ws://localhost/chat"],
  ])("%j is %s", (options, url) => {
    expect(resolveAddress(options, undefined).href).toBe(url);
  });

  it.each([
    ["/chat", "https://example.com/app/index.html", "wss://example.com/chat"],
    ["chat", "http://localhost:3000/app/", "ws://localhost:3000/app/chat"],
    ["ws://other/", "https://example.com/", "ws://other/"],
  ])("%s in the page %s is %s", (url, page, href) => {
    expect(resolveAddress({ url }, page).href).toBe(href);
  });

  it("uses TLS as the page does, unless told otherwise", () => {
    expect(resolveAddress({ host: "a" }, "https://x/").protocol).toBe("wss:");
    expect(resolveAddress({ host: "a", secure: false }, "https://x/").protocol).toBe("ws:");
  });

  it.each([
    {},
    { url: "" },
    { url: "example" },
    { url: "ftp://a" },
    { url: "ws://a/#b" },
    { url: "ws://a", host: "a" },
    { url: "ws://a", port: 1 },
    { url: "ws://a", path: "/b" },
    { host: "a b" },
    { host: "" },
  ])("refuses %j", (options) => {
    expect(() => resolveAddress(options, undefined)).toThrow(invalid);
  });

  it("refuses credentials in the URL without repeating them", () => {
    expect(() => resolveAddress({ url: "ws://user:hunter2@a" }, undefined)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("hunter2") }),
    );
  });
});

describe("the token", () => {
  const address = new URL("ws://example.com/chat?a=b");
  const token = "to/k=en?";

  it.each([
    ["path", { url: "ws://example.com/chat/to%2Fk%3Den%3F?a=b" }],
    ["query", { url: "ws://example.com/chat?a=b&access_token=to%2Fk%3Den%3F" }],
    ["header", { headers: { authorization: "Bearer to/k=en?" } }],
    [
      "subprotocol",
      { protocols: ["v2", "websockets-simple.token", "websockets-simple.refused", "websockets-simple.token.dG8vaz1lbj8"] },
    ],
    ["message", { message: token }],
  ] as const)("travels in the %s, and nowhere else", (place, expected) => {
    const nowhere = {
      url: address.href,
      label: "ws://example.com/chat",
      protocols: ["v2"],
      subprotocols: ["v2"],
      headers: undefined,
      message: undefined,
    };
    expect(makeTarget(address, ["v2"], token, place)).toEqual({ ...nowhere, ...expected, quote: expect.any(Function) });
  });

  it("travels in no header in a browser, which can set none", () => {
    expect(Object.keys(browser.tokenIn)).toEqual(["subprotocol", "path", "query", "message"]);
    expect(Object.keys(node.tokenIn)).toEqual(["header", "subprotocol", "path", "query", "message"]);
  });

  it("that no header carries says so, without showing it", () => {
    for (const secret of ["李", " a", "a ", "a\r\nx: y"]) {
      expect(() => makeTarget(address, [], secret, "header")).toThrow(
        expect.objectContaining({
          code: "INVALID_ARGUMENT",
          message: expect.stringMatching(/^((?!李|x: y).)*"subprotocol"$/),
        }),
      );
      expect(() => makeTarget(address, [], secret, "subprotocol")).not.toThrow();
    }
  });

  it("that is no well-formed text is refused before it travels", () => {
    for (const place of places) {
      expect(() => makeTarget(address, [], "a\ud800b", place)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });

  it("is left out when empty", () => {
    for (const place of places) {
      const target = makeTarget(address, [], "", place);
      expect(target).toMatchObject({ url: address.href, protocols: [] });
      expect([target.headers, target.message]).toEqual([undefined, undefined]);
    }
  });

  it("never stands in the label that messages use", () => {
    for (const place of places) {
      expect(makeTarget(new URL("ws://a/b?secret=1"), [], token, place).label).toBe("ws://a/b");
    }
  });

  it("is taken out of what a server says, in every spelling, and so are line breaks", () => {
    const { quote } = makeTarget(address, [], token, "header");
    expect(quote("no\r\n\u001b[31m user: to/k=en? to%2Fk%3Den%3F dG8vaz1lbj8")).toBe("no [31m user: [token] [token] [token]");
    expect(makeTarget(address, [], "", "header").quote("plain words")).toBe("plain words");
  });

  it("is taken out in the spelling of forms and in padded base64 too", () => {
    const secret = "s~?ecret!(a b)*x";
    const { quote } = makeTarget(address, [], secret, "query");
    const { search } = new URL(makeTarget(new URL("ws://a/"), [], secret, "query").url);
    expect(quote(search)).toBe("?access_token=[token]");
    expect(quote(btoa(secret))).toMatch(/^\[token\]=*$/);
  });

  it("may be a part of what stands in its place", () => {
    expect(makeTarget(address, [], "token", "query").quote("no token\n")).toBe("no [token] ");
  });

  it("is too short to be a secret, or to be taken out of words, below four characters", () => {
    expect(makeTarget(address, [], "ed", "query").quote("refused: too old")).toBe("refused: too old");
  });

  it("is taken out where what is said breaks off within it", () => {
    const jwt = `eyJhbGciOiJIUzI1NiJ9.${"x".repeat(300)}`;
    const { quote } = makeTarget(address, [], jwt, "query");
    expect(quote(`bad token ${jwt}`.slice(0, 123))).toBe("bad token [token]");
  });

  it.each([".", ".."])("%j is refused by the path, where it would lead elsewhere, without showing it", (dots) => {
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.not.stringContaining("..") });
    expect(() => makeTarget(address, [], dots, "path")).toThrow(refused);
    expect(makeTarget(address, [], "...", "path").url).toContain("/chat/...?");
  });

  it("goes behind a path that ends in a slash without doubling it", () => {
    expect(makeTarget(new URL("ws://a/"), [], "t", "path").url).toBe("ws://a/t");
  });
});
