import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { HttpAuthenticationOptions, ServerOptions } from "../src/index.ts";
import { WebsocketServer } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { ask, basicHeader, digestHeader, nonceIn, nonceOf, type Said } from "./support/digest-client.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { serve, serveAuth, until } from "./support/harness.ts";

const USERS: Readonly<Record<string, string>> = { ada: "secret", żółw: "hasło", 'o\'hara "x" \\': "p:w" };
const credentials = (username: string) => (Object.hasOwn(USERS, username) ? USERS[username] : null);

const guarded = (http: Partial<HttpAuthenticationOptions> = {}, options: ServerOptions = {}) =>
  serve({ ...options, httpAuthentication: { credentials, ...http } });

const ENGINES = ["own", "ws"] as const;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

describe("HTTP authentication", () => {
  test("asks with one challenge for each scheme and algorithm, the strongest first, each on a line", async () => {
    const { port, server } = await guarded({
      scheme: ["basic", "digest"],
      algorithms: ["SHA-256", "MD5"],
      realm: "Die Buecherei",
    });
    const { status, challenges, peer } = await ask(port);
    expect(status).toBe(401);
    expect(challenges.map((line) => line.replace(/nonce="[\w-]{40}"/, "N"))).toEqual([
      'Digest realm="Die Buecherei", qop="auth", algorithm=SHA-256, N, charset=UTF-8',
      'Digest realm="Die Buecherei", qop="auth", algorithm=MD5, N, charset=UTF-8',
      'Basic realm="Die Buecherei", charset="UTF-8"',
    ]);
    await peer.whenOver();
    expect(server.stats().refusals).toMatchObject({ 401: 1 });
    const plain = await guarded();
    expect((await ask(plain.port)).challenges).toEqual([expect.stringMatching(/^Digest .*algorithm=SHA-256/)]);
  });

  test.each<[string, Said]>([
    ["ada", {}],
    ["ada", { uri: "/room/7?a=b%20c", cnonce: "x".repeat(500), nc: "000000ff" }],
    ["ada", { algorithm: "MD5" }],
    ["żółw", { username: "żółw", password: "hasło" }],
  ])("lets in who knows the password by Digest, and says who it is: %s %j", async (userName, said) => {
    const seen: unknown[] = [];
    const { port, connections } = await guarded(
      { algorithms: ["SHA-256", "MD5"] },
      {
        verifyRequest: (request) => {
          seen.push(request.userName, request.headers.authorization);
          return true;
        },
      },
    );
    const header = Buffer.from(digestHeader(await nonceOf(port), said)).toString("latin1");
    expect((await ask(port, header, said.uri)).status).toBe(101);
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect(connection.userName).toBe(userName);
    // It may tell a password, and a connection lives long.
    expect([...seen, connection.headers.authorization]).toEqual([userName, undefined, undefined]);
  });

  test("reads a name beyond ASCII also as RFC 8187 writes it, and quotes that are escaped", async () => {
    const { port } = await guarded();
    const extended = digestHeader(await nonceOf(port), { username: "żółw", password: "hasło" }, (header) =>
      header.replace('username="żółw"', `username*=UTF-8''${encodeURIComponent("żółw")}`),
    );
    expect((await ask(port, extended)).status).toBe(101);
    const name = 'o\'hara "x" \\';
    const escaped = digestHeader(await nonceOf(port), { username: name, password: "p:w" }, (header) =>
      header.replace(name, name.replace(/["\\]/g, "\\$&")),
    );
    expect((await ask(port, escaped)).status).toBe(101);
  });

  test.each<[string, Said, ((header: string) => string) | undefined, number]>([
    ["a wrong password", { password: "secrets" }, undefined, 401],
    ["an unknown user", { username: "eve" }, undefined, 401],
    ["a user named as a property of all objects", { username: "__proto__" }, undefined, 401],
    ["another realm", { realm: "Other" }, undefined, 401],
    ["a forged nonce", { nonce: "A".repeat(40) }, undefined, 401],
    ["MD5, which was not offered", { algorithm: "MD5" }, undefined, 401],
    ["no algorithm, which is MD5", {}, (header) => header.replace("algorithm=SHA-256, ", ""), 401],
    ["an unknown algorithm", {}, (header) => header.replace("SHA-256", "SHA-257"), 401],
    ["another method", { method: "POST" }, undefined, 401],
    ["another uri than that of the request", { uri: "/other" }, undefined, 400],
    ["no qop, as in RFC 2069", {}, (header) => header.replace("qop=auth, ", ""), 400],
    ["auth-int", {}, (header) => header.replace("qop=auth", "qop=auth-int"), 400],
    ["a count of nothing", { nc: "00000000" }, undefined, 400],
    ["a count that is none", { nc: "1" }, undefined, 400],
    ["no count", {}, (header) => header.replace(/nc=\d+, /, ""), 400],
    ["no cnonce", { cnonce: "" }, undefined, 400],
    ["no user", { username: "" }, undefined, 400],
    ["a user with a colon", { username: "ada:x" }, undefined, 400],
    ["a user with a tab", { username: "ada\t" }, undefined, 400],
    [
      "a user with a line end",
      { username: "ada\nx" },
      (header) => header.replace('username="ada\nx"', "username*=UTF-8''ada%0Ax"),
      400,
    ],
    ["a user twice", {}, (header) => `${header}, username="ada"`, 400],
    ["a user in both ways", {}, (header) => `${header}, username*=UTF-8''ada`, 400],
    ["a user that is no UTF-8", {}, (header) => header.replace('"ada"', '"\xff"'), 400],
    ["a hashed user", {}, (header) => `${header}, userhash=true`, 400],
    ["a response that is none", {}, (header) => header.replace(/response="../, 'response="zz'), 400],
    ["an empty response", {}, (header) => header.replace(/response="\w+"/, 'response=""'), 400],
    ["unclosed quotes", {}, (header) => header.slice(0, -1), 400],
    ["nothing but the scheme", {}, () => "Digest", 400],
    ["another scheme", {}, () => "Bearer abc", 401],
    ["Basic, which was not offered", {}, () => basicHeader("ada:secret"), 401],
    ["two at once", {}, (header) => `${header}, Basic abc=`, 400],
  ])("refuses %s", async (_, said, change, status) => {
    const { port, connections, errors } = await guarded();
    const answer = await ask(port, digestHeader(await nonceOf(port), said, change));
    expect(answer.status).toBe(status);
    expect(answer.challenges.length).toBe(status === 401 ? 1 : 0);
    expect(answer.challenges.join()).not.toContain("stale");
    expect([connections.all, errors.all]).toEqual([[], []]);
  });

  test("refuses two Authorization headers", async () => {
    const { port } = await guarded();
    const header = digestHeader(await nonceOf(port));
    expect((await ask(port, header, "/", { authorization: header })).status).toBe(400);
  });

  test("takes each count of a nonce once: what is said again is refused, with a new nonce for who knows the password", async () => {
    const { port } = await guarded();
    const nonce = await nonceOf(port);
    const say = (nc: string, password = "secret") => ask(port, digestHeader(nonce, { nc, password }));
    expect((await say("00000001")).status).toBe(101);
    const again = await say("00000001");
    expect(again).toMatchObject({ status: 401, challenges: [expect.stringMatching(/stale=true/)] });
    expect((await say("00000003")).status).toBe(101);
    expect((await say("00000002")).status).toBe(101);
    expect((await say("00000002")).status).toBe(401);
    // A wrong password uses nothing up.
    expect((await say("00000004", "wrong")).challenges.join()).not.toContain("stale");
    expect((await say("00000004")).status).toBe(101);
    expect((await ask(port, digestHeader(nonceIn(again.challenges)))).status).toBe(101);
  });

  test("takes one count once though it is said many times at once", async () => {
    const { port } = await guarded({ credentials: async (username) => credentials(username) });
    const header = digestHeader(await nonceOf(port));
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(port, header)));
    expect(answers.map(({ status }) => status).sort()).toEqual([101, ...Array(19).fill(401)]);
  });

  test("tells who comes with a nonce that is too old that it is stale, without asking for a password; and takes a new one", async () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const find = (username: string) => {
      asked.push(username);
      return credentials(username);
    };
    const { port } = await serve(
      withInternals({ httpAuthentication: { credentials: find, nonceLifetimeMs: 5_000 } } as ServerOptions, { clock }),
    );
    const nonce = await nonceOf(port);
    clock.advance(5_000);
    const late = await ask(port, digestHeader(nonce));
    expect(late).toMatchObject({ status: 401, challenges: [expect.stringMatching(/, stale=true$/)] });
    expect(asked).toEqual([]);
    expect((await ask(port, digestHeader(nonceIn(late.challenges)))).status).toBe(101);
    expect(asked).toEqual(["ada"]);
  });

  test("takes a uri that leaves out what a request to a proxy names, scheme and host", async () => {
    const { port } = await guarded();
    const target = "http://localhost/room?x=1";
    expect((await ask(port, digestHeader(await nonceOf(port), { uri: "/room?x=1" }), target)).status).toBe(101);
    expect((await ask(port, digestHeader(await nonceOf(port), { uri: target }), target)).status).toBe(101);
    expect((await ask(port, digestHeader(await nonceOf(port), { uri: "/" }), target)).status).toBe(400);
  });

  test.each<[string, string, number]>([
    ["the password", "ada:secret", 101],
    ["one with colons", 'o\'hara "x" \\:p:w', 101],
    ["one beyond ASCII", "żółw:hasło", 101],
    ["a wrong one", "ada:secre", 401],
    ["none", "ada:", 401],
    ["that of nobody", "eve:nobody's", 401],
    ["no user", ":secret", 400],
    ["no colon", "adasecret", 400],
    ["a control character", "ada:secret\n", 400],
  ])("by Basic judges %s", async (_, text, status) => {
    const { port, connections } = await guarded({ scheme: "basic" });
    expect((await ask(port, basicHeader(text))).status).toBe(status);
    if (status !== 101) return expect(connections.all).toEqual([]);
    expect((await connections.one(({ type }) => type === "connected")).connection.userName).toBe(text.split(":")[0]);
  });

  test("is RFC 7617's: its examples of Basic", async () => {
    const { port } = await guarded({
      scheme: "basic",
      credentials: (name) => (name === "Aladdin" ? "open sesame" : name === "test" ? "123\u00a3" : null),
    });
    for (const text of ["QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "dGVzdDoxMjPCow=="]) {
      expect((await ask(port, `Basic ${text}`)).status).toBe(101);
    }
    // As Latin-1 would spell it.
    expect((await ask(port, `Basic ${Buffer.from("test:123\u00a3", "latin1").toString("base64")}`)).status).toBe(400);
  });

  test.each<[string, HttpAuthenticationOptions["credentials"], Record<string, number>]>([
    ["one of SHA-256", () => ({ ha1: sha256("ada:WebSocket:secret") }), { "SHA-256": 101, MD5: 401, basic: 101 }],
    [
      "one of MD5, in capitals",
      () => ({ ha1: md5("ada:WebSocket:secret").toUpperCase() }),
      { "SHA-256": 401, MD5: 101, basic: 101 },
    ],
    [
      "both",
      async () => ({ ha1: [md5("ada:WebSocket:secret"), sha256("ada:WebSocket:secret")] }),
      { "SHA-256": 101, MD5: 101, basic: 101 },
    ],
    ["that of another realm", () => ({ ha1: sha256("ada:Other:secret") }), { "SHA-256": 401, MD5: 401, basic: 401 }],
    ["no password", () => undefined, { "SHA-256": 401, MD5: 401, basic: 401 }],
    ["an empty password", () => "", { "SHA-256": 401, MD5: 401, basic: 401 }],
  ])("where the application knows %s", async (_, find, statuses) => {
    const { port } = await guarded({ credentials: find, scheme: ["digest", "basic"], algorithms: ["SHA-256", "MD5"] });
    for (const algorithm of ["SHA-256", "MD5"]) {
      expect((await ask(port, digestHeader(await nonceOf(port), { algorithm }))).status).toBe(statuses[algorithm]);
      const empty = digestHeader(await nonceOf(port), { algorithm, password: "" });
      expect((await ask(port, empty)).status).toBe(401);
    }
    expect((await ask(port, basicHeader("ada:secret"))).status).toBe(statuses.basic);
    expect((await ask(port, basicHeader("ada:"))).status).toBe(401);
  });

  test.each<[string, unknown]>([
    ["throws", () => Promise.reject(new Error("no database"))],
    ["answers a number", () => 7],
    ["answers true", () => true],
    ["answers another object", () => ({ password: "hunter2" })],
    ["answers no digest", () => ({ ha1: "hunter2" })],
    ["answers an empty list", () => ({ ha1: [] })],
  ])("lets nobody in and reports it when the application %s", async (_, find) => {
    const { port, errors, connections } = await guarded({ credentials: find as never, scheme: "basic" });
    const { status, head } = await ask(port, basicHeader("ada:hunter2"));
    expect(status).toBe(503);
    expect(head).toContain("Retry-After: 1");
    const { error } = await errors.one();
    expect(error).toMatchObject({ code: "LISTENER_FAILED", message: expect.stringMatching(/httpAuthentication\.credentials/) });
    expect(error.message).not.toContain("hunter2");
    expect(connections.all).toEqual([]);
  });

  test("waits for the application for limits.headersTimeoutMs, and for nobody who has left", async () => {
    const clock = new FakeClock();
    let calls = 0;
    const options: ServerOptions = {
      limits: { headersTimeoutMs: 3_000 },
      httpAuthentication: {
        scheme: "basic",
        credentials: () => {
          calls++;
          return new Promise(() => {});
        },
      },
    };
    const { port, errors, server } = await serve(withInternals(options, { clock }));
    const answer = ask(port, basicHeader("ada:secret"));
    await until("the application is asked", () => calls === 1);
    clock.advance(3_000);
    expect((await answer).status).toBe(503);
    expect((await errors.one()).error.message).toMatch(/within limits.headersTimeoutMs 3000/);
    expect(server.stats().pendingHandshakes).toBe(0);
  });

  test("takes Basic without TLS from this machine only, unless it is allowed", async () => {
    const options: ServerOptions = { trustProxy: ["loopback"] };
    const from = (address: string, more: Record<string, string> = {}) => ({ "X-Forwarded-For": address, ...more });
    const basic = basicHeader("ada:secret");
    const strict = await guarded({ scheme: "basic" }, options);
    expect(await ask(strict.port, basic, "/", from("203.0.113.7"))).toMatchObject({ status: 403, challenges: [] });
    expect((await ask(strict.port, basic, "/", from("203.0.113.7", { "X-Forwarded-Proto": "https" }))).status).toBe(101);
    expect((await ask(strict.port, basic)).status).toBe(101);
    const both = await guarded({ scheme: ["basic", "digest"] }, options);
    expect((await ask(both.port, basic, "/", from("203.0.113.7"))).challenges).toEqual([expect.stringMatching(/^Digest/)]);
    const lax = await guarded({ scheme: "basic", basicWithoutTls: true }, options);
    expect((await ask(lax.port, basic, "/", from("203.0.113.7"))).status).toBe(101);
  });

  test("comes after the origin, and before verifyRequest and the user service, which have their own say", async () => {
    const asked: string[] = [];
    const { port } = await serveAuth<string>(
      {
        origins: ["https://example.com"],
        httpAuthentication: { credentials, scheme: "basic" },
        verifyRequest: ({ userName }) => {
          asked.push(`verify ${userName}`);
          return true;
        },
        tokenIn: "query",
      },
      {
        getId: (token) => {
          asked.push(`token ${token}`);
          return token === "good" ? "7" : null;
        },
      },
    );
    const good = basicHeader("ada:secret");
    const page = (origin: string) => ({ Origin: origin });
    expect((await ask(port, good, "/?access_token=good", page("https://evil.example"))).status).toBe(403);
    expect((await ask(port, basicHeader("ada:x"), "/?access_token=good", page("https://example.com"))).status).toBe(401);
    expect(asked).toEqual([]);
    expect((await ask(port, good, "/?access_token=good", page("https://example.com"))).status).toBe(101);
    expect(asked).toEqual(["verify ada", "token good"]);
  });

  test.each(ENGINES)("makes a thousand wrong passwords wait: 429 and the application is not asked; engine %s", async (engine) => {
    const clock = new FakeClock();
    let asked = 0;
    const find = (username: string) => {
      asked++;
      return credentials(username);
    };
    const options: ServerOptions = {
      engine,
      guessLimit: { free: 5 },
      httpAuthentication: { credentials: find, scheme: "basic" },
    };
    const { port, server } = await serve(withInternals(options, { clock }));
    const statuses: number[] = [];
    for (let round = 0; round < 50; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(port, basicHeader(`ada:${index}`))));
      for (const { status, peer } of answers) {
        statuses.push(status);
        peer.destroy();
      }
    }
    expect(asked).toBeLessThan(30);
    expect(statuses.filter((status) => status === 401).length).toBe(asked);
    expect(server.stats().refusals).toMatchObject({ 429: 1_000 - asked });
    // The right one has to wait as well, and then comes in.
    const early = await ask(port, basicHeader("ada:secret"));
    expect(early.status).toBe(429);
    expect(early.head.join()).toMatch(/Retry-After: \d+/);
    clock.advance(30_000);
    expect((await ask(port, basicHeader("ada:secret"))).status).toBe(101);
  });

  test("tells no log and no error a password", async () => {
    const lines: unknown[] = [];
    const write = (...line: unknown[]) => void lines.push(line);
    const logger = { debug: write, info: write, warn: write, error: write };
    const { port, errors, connections } = await guarded({ scheme: ["basic", "digest"] }, { logger });
    for (const password of ["secret", "hunter2"]) {
      await ask(port, basicHeader(`ada:${password}`));
      await ask(port, digestHeader(await nonceOf(port), { password }));
    }
    await connections.has(2, ({ type }) => type === "connected");
    const all = JSON.stringify([lines, errors.all.map(({ error }) => error.message)]);
    for (const password of ["secret", "hunter2"]) {
      expect(all).not.toContain(password);
      expect(all).not.toContain(basicHeader(`ada:${password}`).slice(6));
    }
    expect(lines.length).toBeGreaterThan(3);
  });

  test.each<[object, RegExp]>([
    [{}, /httpAuthentication\.credentials: expected function/],
    [{ credentials, scheme: "ntlm" }, /httpAuthentication\.scheme: expected "basic", "digest".*got "ntlm"/],
    [{ credentials, scheme: [] }, /httpAuthentication\.scheme/],
    [{ credentials, scheme: ["basic", "basic"] }, /httpAuthentication\.scheme/],
    [{ credentials, realm: 'a"b' }, /httpAuthentication\.realm: expected a text of 1 to 128/],
    [{ credentials, realm: "" }, /httpAuthentication\.realm/],
    [{ credentials, realm: "a\r\nX: y" }, /httpAuthentication\.realm/],
    [{ credentials, algorithms: [] }, /httpAuthentication\.algorithms: expected a list of SHA-256 and MD5/],
    [{ credentials, algorithms: ["SHA-1"] }, /httpAuthentication\.algorithms/],
    [
      { credentials, nonceLifetimeMs: 999 },
      /httpAuthentication\.nonceLifetimeMs: expected a whole number from 1000 to 3600000; got 999/,
    ],
    [{ credentials, basicWithoutTls: 1 }, /httpAuthentication\.basicWithoutTls: expected boolean/],
    [{ credentials, user: "ada" }, /httpAuthentication\.user: unknown/],
  ])("refuses wrong options: %j", (http, message) => {
    expect(() => new WebsocketServer({ httpAuthentication: http as HttpAuthenticationOptions })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }),
    );
  });
});
