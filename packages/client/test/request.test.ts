import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import type { ClientOptions } from "../src/index.ts";
import { client, echoServer } from "./support/node.ts";

/** The upgrade request of a client with these options. */
async function asked(options: Partial<ClientOptions>, token?: string): Promise<IncomingMessage> {
  const { wss, port } = await echoServer();
  const request = new Promise<IncomingMessage>((resolve) => wss.on("connection", (_socket, request) => resolve(request)));
  await client(port, options, token).connect();
  return request;
}

describe.each([
  ["ws", {}],
  ["our engine", { followRedirects: 1 }],
])("what a client puts into its request, over %s", (_, by) => {
  it("is headers, origin and cookies as they are given", async () => {
    const { headers } = await asked({
      ...by,
      headers: { "User-Agent": "bot/1.0", "X-Empty": "", "x-tab": "a\tb" },
      origin: "https://example.com:8443",
      cookies: { a: "1", b: "x%20y=" },
    });
    expect(headers).toMatchObject({
      "user-agent": "bot/1.0",
      "x-empty": "",
      "x-tab": "a\tb",
      origin: "https://example.com:8443",
      cookie: "a=1; b=x%20y=",
    });
  });

  it("may be another authorization than the token's, where that travels elsewhere", async () => {
    const { headers } = await asked({ ...by, headers: { Authorization: "Basic eA==" }, tokenIn: "query" }, "token");
    expect(headers.authorization).toBe("Basic eA==");
    const both = asked({ ...by, headers: { Authorization: "Basic eA==" } }, "token");
    const message = expect.stringMatching(/option headers: authorization bears the token already/);
    await expect(both).rejects.toMatchObject({ code: "INVALID_OPTION", message });
  });
});

it.each<[string, object, RegExp]>([
  ["a name with a blank", { headers: { "X Key": "x" } }, /option headers: "X Key" is no header's name/],
  ["a line end", { headers: { "X-Key": "secret\r\nEvil: 1" } }, /option headers: the value of X-Key has characters/],
  ["a letter beyond ASCII", { headers: { "X-Key": "secret ż" } }, /option headers: the value of X-Key has characters/],
  ["a number", { headers: { "X-Key": 5 } }, /option headers: expected an object of texts/],
  ["a list", { headers: [["X-Key", "secret"]] }, /option headers: expected an object of texts/],
  ["a header twice", { headers: { "X-Key": "secret", "x-key": "secret" } }, /option headers: x-key is there twice/],
  ["the handshake's own", { headers: { "Sec-WebSocket-Key": "secret" } }, /Sec-WebSocket-Key is not yours to set: the handshake/],
  ["a body's length", { headers: { "Content-Length": "5" } }, /Content-Length is not yours to set: the request has no body/],
  ["cookies among headers", { headers: { Cookie: "secret" } }, /Cookie is not yours to set: use option cookies/],
  ["an origin among headers", { headers: { Origin: "secret" } }, /Origin is not yours to set: use option origin/],
  ["credentials for a proxy", { headers: { "Proxy-Authorization": "secret" } }, /it would go to the server/],
  ["a cookie with a blank", { cookies: { a: "secret x" } }, /option cookies: the value of a has characters that no cookie has/],
  ["a cookie's wrong name", { cookies: { "a b": "secret" } }, /option cookies: "a b" is no cookie's name/],
  ["a URL for an origin", { origin: "https://example.com/" }, /option origin: expected an origin: scheme, host and port/],
  ["too many redirects", { followRedirects: 21 }, /option followRedirects: expected a whole number from 0 to 20/],
])("%s is found by the constructor, which quotes no secret", (_, options, message) => {
  const made = (): unknown => client(1, options as ClientOptions);
  expect(made).toThrow(expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }));
  expect(made).not.toThrow(/secret/);
});
