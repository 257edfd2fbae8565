import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toRuling } from "../src/handshake/request-verdict.ts";
import { headerLines } from "../src/handshake/response-headers.ts";
import { scanCookies } from "../src/handshake/scanners.ts";
import { type ResponseCookie, setCookie } from "../src/handshake/set-cookie.ts";

const SECRET = "canary-7f3a9c";

describe("setCookie", () => {
  test.each<[ResponseCookie, string]>([
    [{ name: "a", value: "" }, "a="],
    [{ name: "session", value: "x=1/2+3" }, "session=x=1/2+3"],
    [{ name: "a", value: encodeURIComponent("ż; ó") }, "a=%C5%BC%3B%20%C3%B3"],
    [
      {
        name: "a",
        value: "1",
        path: "/chat",
        domain: "example.com",
        maxAge: 60,
        expires: new Date(0),
        httpOnly: true,
        secure: true,
        sameSite: "none",
      },
      "a=1; Path=/chat; Domain=example.com; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=None",
    ],
    [{ name: "a", value: "1", maxAge: 0, httpOnly: false, secure: false, sameSite: "lax" }, "a=1; Max-Age=0; SameSite=Lax"],
    [{ name: "a", value: "1", path: undefined, domain: undefined, maxAge: undefined, expires: undefined }, "a=1"],
    [{ name: "__Secure-a", value: "1", secure: true, domain: ".example.com" }, "__Secure-a=1; Domain=.example.com; Secure"],
    [
      { name: "__Host-a", value: "1", secure: true, path: "/", sameSite: "strict" },
      "__Host-a=1; Path=/; Secure; SameSite=Strict",
    ],
    [{ name: "__proto__", value: "1" }, "__proto__=1"],
  ])("%j", (cookie, expected) => {
    expect(setCookie(cookie)).toBe(expected);
  });

  test.each<[unknown, RegExp]>([
    [undefined, /a cookie: expected an object/],
    [null, /a cookie: expected an object/],
    ["a=1", /a cookie: expected an object/],
    [{ value: SECRET }, /a cookie's name: expected a token/],
    [{ name: "", value: SECRET }, /a cookie's name: expected a token/],
    [{ name: "a b", value: SECRET }, /name: expected a token/],
    [{ name: "a=b", value: SECRET }, /name: expected a token/],
    [{ name: "a\r\nX", value: SECRET }, /name: expected a token/],
    [{ name: "a" }, /cookie a, value: expected visible ASCII/],
    [{ name: "a", value: 1 }, /cookie a, value/],
    ...[";", ",", '"', "\\", " ", "\t", "\r", "\n", "\r\nSet-Cookie: b=2", "\0", "\x7f", "é", "ż", "🐢", "\ud800"].map(
      (odd): [unknown, RegExp] => [{ name: "a", value: SECRET + odd }, /cookie a, value: expected visible ASCII/],
    ),
    [{ name: "a", value: SECRET, path: "chat" }, /cookie a, path: expected a path that begins with \//],
    [{ name: "a", value: SECRET, path: "/;Domain=evil.example" }, /cookie a, path/],
    [{ name: "a", value: SECRET, path: "/\r\nX: 1" }, /cookie a, path/],
    [{ name: "a", value: SECRET, path: "/ż" }, /cookie a, path/],
    [{ name: "a", value: SECRET, domain: "" }, /cookie a, domain/],
    [{ name: "a", value: SECRET, domain: "example.com; Path=/" }, /cookie a, domain/],
    [{ name: "a", value: SECRET, domain: "a".repeat(254) }, /cookie a, domain: expected .*253/],
    [{ name: "a", value: SECRET, maxAge: -1 }, /cookie a, maxAge: expected whole seconds, 0 to 2147483647/],
    [{ name: "a", value: SECRET, maxAge: 1.5 }, /cookie a, maxAge/],
    [{ name: "a", value: SECRET, maxAge: 2 ** 31 }, /cookie a, maxAge/],
    [{ name: "a", value: SECRET, maxAge: "60" }, /cookie a, maxAge/],
    [{ name: "a", value: SECRET, expires: new Date(Number.NaN) }, /cookie a, expires: expected a valid Date/],
    [{ name: "a", value: SECRET, expires: 0 }, /cookie a, expires/],
    [{ name: "a", value: SECRET, expires: new Date(8.64e15) }, /cookie a, expires: .*9999/],
    [{ name: "a", value: SECRET, httpOnly: "yes" }, /cookie a, httpOnly: expected boolean/],
    [{ name: "a", value: SECRET, secure: 1 }, /cookie a, secure: expected boolean/],
    [{ name: "a", value: SECRET, sameSite: "Lax" }, /cookie a, sameSite: expected one of strict, lax, none/],
    [{ name: "a", value: SECRET, sameSite: "constructor" }, /cookie a, sameSite/],
    [{ name: "a", value: SECRET, sameSite: "none" }, /cookie a, secure: expected true, since sameSite is "none"/],
    [{ name: "a", value: SECRET, maxage: 1 }, /cookie a, maxage: expected one of name, value/],
    [{ name: "__Secure-a", value: SECRET }, /cookie __Secure-a, secure/],
    [{ name: "__host-a", value: SECRET, path: "/" }, /cookie __host-a, secure/],
    [{ name: "__Host-a", value: SECRET, secure: true }, /cookie __Host-a, path/],
    [{ name: "__Host-a", value: SECRET, secure: true, path: "/", domain: "example.com" }, /cookie __Host-a, domain/],
    [{ name: "a", value: SECRET.repeat(400) }, /cookie a, all of it: expected at most 4096 bytes; got 5202/],
  ])("%j is refused, and its value is not shown", (cookie, message) => {
    expect(() => setCookie(cookie as ResponseCookie)).toThrow(message);
    expect(() => setCookie(cookie as ResponseCookie)).not.toThrow(SECRET);
  });

  test("what is written stands in one line of ASCII and is read back, whatever the value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string(), (text, path) => {
        let line: string;
        try {
          line = setCookie({ name: "a", value: encodeURIComponent(text), path });
        } catch {
          return;
        }
        expect(line).toMatch(/^[ -~]*$/);
        expect(line.split("; Path=")).toEqual([`a=${encodeURIComponent(text)}`, path]);
        expect(decodeURIComponent(scanCookies(line).get("a") as string)).toBe(text);
      }),
    );
  });
});

describe("headerLines", () => {
  test("headers in their order, then cookies, a line each", () => {
    const cookies = [
      { name: "a", value: "1" },
      { name: "b", value: "2" },
    ];
    expect(headerLines({ "X-Room": "42", "x-empty": "", Link: "<a>\t; rel=b" }, cookies)).toEqual([
      ["X-Room", "42"],
      ["x-empty", ""],
      ["Link", "<a>\t; rel=b"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ]);
    expect(headerLines(undefined, undefined)).toEqual([]);
    expect(headerLines({ ["__proto__"]: "1", constructor: "2" }, [])).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
  });

  test.each<[unknown, unknown, RegExp]>([
    [null, undefined, /headers: expected an object/],
    ["X: 1", undefined, /headers: expected an object/],
    [["X", "1"], undefined, /headers: expected an object/],
    [{ "": "1" }, undefined, /header "": expected a token/],
    [{ "X Y": "1" }, undefined, /header "X Y": expected a token/],
    [{ "X:": "1" }, undefined, /expected a token/],
    [{ "X\r\nY": "1" }, undefined, /header "X\\r\\nY": expected a token/],
    [{ "X\0": "1" }, undefined, /expected a token/],
    [{ é: "1" }, undefined, /expected a token/],
    ...["\r", "\n", "\r\nX: 1", "\r\n\r\n<html>", "\0", "\x7f", "\x85", "é", "ż", "\u2028", "\u010d\u010a", "\ud800"].map(
      (odd): [unknown, unknown, RegExp] => [
        { "X-A": SECRET + odd },
        undefined,
        /header X-A: expected visible ASCII and blanks; got U\+[\dA-F]{4} at 13/,
      ],
    ),
    [{ "X-A": 1 }, undefined, /header X-A: expected a text; got number/],
    [{ "X-A": ["1"] }, undefined, /header X-A: expected a text; got object/],
    [{ "X-A": undefined }, undefined, /header X-A: expected a text; got undefined/],
    ...[
      "Upgrade",
      "connection",
      "SEC-WEBSOCKET-ACCEPT",
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Extensions",
      "Sec-WebSocket-Version",
      "sec-websocket-anything",
      "Content-Length",
      "Content-Type",
      "Content-Encoding",
      "Transfer-Encoding",
      "Trailer",
      "TE",
      "Keep-Alive",
      "Proxy-Connection",
    ].map((name): [unknown, unknown, RegExp] => [
      { [name]: "x" },
      undefined,
      /expected not to be here; the server writes it itself/,
    ]),
    [{ "Set-Cookie": `a=${SECRET}` }, undefined, /header Set-Cookie: .*cookies are given by `cookies`/],
    [undefined, {}, /cookies: expected a list/],
    [undefined, "a=1", /cookies: expected a list/],
    [undefined, [{ name: "a", value: `${SECRET};` }], /cookie a, value/],
    [{ "X-A": SECRET.repeat(700) }, undefined, /headers and cookies: expected at most 8192 bytes; got 9107/],
    [undefined, Array(3).fill({ name: "a", value: "x".repeat(4_000) }), /expected at most 8192 bytes/],
  ])("%j with cookies %j is refused, and no value is shown", (headers, cookies, message) => {
    expect(() => headerLines(headers, cookies)).toThrow(message);
    expect(() => headerLines(headers, cookies)).not.toThrow(SECRET);
  });

  test("whatever is given, what is written can be taken for nothing but those lines", () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("a\r\nb", "x: y", "\n"));
    fc.assert(
      fc.property(fc.dictionary(text, text), (headers) => {
        try {
          for (const [name, value] of headerLines(headers, undefined)) {
            expect(name).toMatch(/^[!#$%&'*+\-.^_`|~\da-z]+$/i);
            expect(value).toMatch(/^[\t -~]*$/);
          }
        } catch (error) {
          expect((error as Error).message).toMatch(/^header/);
        }
      }),
    );
  });
});

describe("what verifyRequest may answer", () => {
  test.each([
    [true, { headers: undefined }],
    [{}, { headers: undefined }],
    [{ headers: undefined, cookies: [] }, { headers: undefined }],
    [{ headers: { "X-A": "1" } }, { headers: [["X-A", "1"]] }],
    [{ cookies: [{ name: "a", value: "1" }] }, { headers: [["Set-Cookie", "a=1"]] }],
    [false, { refusal: { status: 403, reason: "The server does not accept this request." } }],
    [
      { status: 429, reason: "Later.", headers: { "Retry-After": "5" } },
      { refusal: { status: 429, reason: "Later.", headers: { "Retry-After": "5" } } },
    ],
    [{ status: 599 }, { refusal: { status: 599, reason: "The server does not accept this request.", headers: {} } }],
    [{ status: 400, reason: "" }, { refusal: { status: 400, reason: "", headers: {} } }],
  ])("%j", (verdict, ruling) => {
    expect(toRuling(verdict)).toEqual(ruling);
  });

  test.each([
    [undefined, /expected true, false, .*; got undefined/],
    [null, /got null/],
    [0, /got number/],
    [1, /got number/],
    ["ok", /got string/],
    [[], /got a list/],
    [() => true, /got function/],
    [{ staus: 403 }, /"staus" is none of headers, cookies/],
    [{ reason: "No." }, /"reason" is none of headers, cookies/],
    [{ ok: true }, /"ok" is none of/],
    [{ status: undefined }, /status: expected a whole number from 400 to 599; got undefined/],
    [{ status: 200 }, /status: .*got 200/],
    [{ status: 101 }, /status/],
    [{ status: 302, headers: { Location: "/" } }, /status/],
    [{ status: 600 }, /status/],
    [{ status: 403.5 }, /status/],
    [{ status: "403" }, /status/],
    [{ status: 403, cookies: [] }, /"cookies" is none of status, reason, headers/],
    [{ status: 403, reason: 1 }, /reason: expected a text of at most 1024 characters/],
    [{ status: 403, reason: "x".repeat(1_025) }, /reason/],
    [{ status: 403, headers: { Connection: "keep-alive" } }, /header Connection/],
    [{ status: 403, headers: { "X-A": "\r\n" } }, /header X-A/],
  ])("not %j", (verdict, message) => {
    expect(() => toRuling(verdict)).toThrow(message);
  });
});
