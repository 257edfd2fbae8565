import { describe, expect, test } from "vitest";
import { checkUpgrade } from "../src/index.ts";

const GOOD: readonly (readonly [string, string])[] = [
  ["Host", "example.com"],
  ["Upgrade", "websocket"],
  ["Connection", "Upgrade"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Version", "13"],
];

/** The good headers with some replaced (undefined: left out), and some added. */
function request(
  changes: Record<string, string | undefined> = {},
  added: readonly (readonly [string, string])[] = [],
  method = "GET",
  minor = 1,
) {
  const headers = GOOD.map(([name, value]) => [name, name in changes ? changes[name] : value] as const).filter(
    ([, value]) => value !== undefined,
  );
  return { method, httpVersionMajor: 1, httpVersionMinor: minor, rawHeaders: [...headers, ...added].flat() as string[] };
}

describe("checkUpgrade", () => {
  test.each([
    ["the RFC's example", request()],
    ["tokens among others, in any case", request({ Upgrade: "h2c, WebSocket", Connection: "keep-alive, UPGRADE" })],
    [
      "lists over several headers",
      request({}, [
        ["upgrade", "h2c"],
        ["connection", "close"],
      ]),
    ],
    [
      "names in lower case",
      { ...request(), rawHeaders: request().rawHeaders.map((text, index) => (index % 2 ? text : text.toLowerCase())) },
    ],
  ])("lets pass %s", (_, given) => {
    expect(checkUpgrade(given)).toBeUndefined();
  });

  test.each([
    ["another method", request({}, [], "POST"), 405, { Allow: "GET" }],
    ["HTTP/1.0", request({}, [], "GET", 0), 505, {}],
    ["no Host", request({ Host: undefined }), 400, {}],
    ["two Hosts", request({}, [["Host", "other"]]), 400, {}],
    ["no Upgrade", request({ Upgrade: undefined }), 426, { Upgrade: "websocket" }],
    ["an Upgrade to something else", request({ Upgrade: "websockets" }), 426, { Upgrade: "websocket" }],
    ["no Connection", request({ Connection: undefined }), 400, {}],
    ["a Connection without upgrade", request({ Connection: "keep-alive" }), 400, {}],
    ["no key", request({ "Sec-WebSocket-Key": undefined }), 400, {}],
    ["two keys", request({}, [["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="]]), 400, {}],
    ["a key of 15 bytes", request({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA" }), 400, {}],
    ["a key of 17 bytes", request({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAAA=" }), 400, {}],
    ["a key that is no base64", request({ "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAA-_==" }), 400, {}],
    ["an empty key", request({ "Sec-WebSocket-Key": "" }), 400, {}],
    ["no version", request({ "Sec-WebSocket-Version": undefined }), 426, { "Sec-WebSocket-Version": "13" }],
    ["version 8", request({ "Sec-WebSocket-Version": "8" }), 426, { "Sec-WebSocket-Version": "13" }],
    ["version 013", request({ "Sec-WebSocket-Version": "013" }), 426, { "Sec-WebSocket-Version": "13" }],
    ["two versions", request({}, [["Sec-WebSocket-Version", "13"]]), 400, {}],
    [
      "two Origins",
      request({}, [
        ["Origin", "https://a.example"],
        ["Origin", "https://b.example"],
      ]),
      400,
      {},
    ],
  ])("refuses %s", (_, given, status, headers) => {
    const refusal = checkUpgrade(given);
    expect(refusal).toMatchObject({ status, headers });
    expect(refusal?.reason).toMatch(/^[A-Z].*\.$/);
  });

  test.each([
    ["a body by length", request({}, [["Content-Length", "5"]])],
    ["a body in chunks", request({}, [["Transfer-Encoding", "chunked"]])],
    ["a key with blanks that HTTP does not know", request({ "Sec-WebSocket-Key": "\u00a0dGhlIHNhbXBsZSBub25jZQ==" })],
  ])("refuses %s with 400", (_, given) => {
    expect(checkUpgrade(given)?.status).toBe(400);
  });

  test("lets an empty body pass, and blanks around a key", () => {
    expect(
      checkUpgrade(request({ "Sec-WebSocket-Key": " dGhlIHNhbXBsZSBub25jZQ==\t" }, [["Content-Length", "0"]])),
    ).toBeUndefined();
  });
});
