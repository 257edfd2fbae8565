import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { type Asker, StopSignal } from "../src/handshake/asker.ts";
import { verifyRequest as verifyOf } from "../src/handshake/verify-request.ts";
import type { RequestVerdict, UpgradeRequest, VerifyHook } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { serve, serveAuth, TestClient, turns, until } from "./support/harness.ts";

/** A hook that the test answers, with what it was told of each call. */
function slowHook() {
  const calls: { resolve: (verdict: RequestVerdict) => void; reject: (why: Error) => void; signal: AbortSignal }[] = [];
  const verifyRequest: VerifyHook = (_, { signal }) =>
    new Promise((resolve, reject) => void calls.push({ resolve, reject, signal }));
  return { calls, verifyRequest };
}

async function ask(port: number, headers: Record<string, string> = {}, target = "/"): Promise<RawSocket> {
  const peer = await RawSocket.connect(port);
  peer.write(upgradeRequest(target, headers));
  return peer;
}

/** The lines of the 101 that the handshake does not write by itself. */
async function furtherLines(peer: RawSocket): Promise<string[]> {
  const [status, ...lines] = (await peer.readHeadText()).trimEnd().split("\r\n");
  expect(status).toBe("HTTP/1.1 101 Switching Protocols");
  return lines.filter((line) => !/^(upgrade|connection|sec-websocket-accept):/i.test(line));
}

const COOKIE = { name: "session", value: "fresh", path: "/", httpOnly: true, sameSite: "lax" } as const;
const TOKEN = { Authorization: "Bearer ada" };

describe("verifyRequest", () => {
  test.each(["sync", "async"])("is shown the whole request, cookies too, and may refuse by them: %s", async (how) => {
    const seen: unknown[] = [];
    const verify = (request: UpgradeRequest): boolean => {
      const { path, channel, origin, host, subprotocol, remoteAddress, cookies, query } = request;
      seen.push({ path, channel, origin, host, subprotocol, remoteAddress, room: query.get("room") });
      return cookies.get("session") === "abc";
    };
    const { server, port, connections, errors } = await serve({
      path: "/chat",
      availableSubprotocols: ["v1"],
      verifyRequest: how === "sync" ? verify : async (request) => verify(request),
    });
    const headers = { Origin: "https://example.com", Cookie: "theme=dark; session=abc", "Sec-WebSocket-Protocol": "v1" };
    const fine = await RawSocket.open(port, "/chat/a?room=7", headers);
    const wrong = await ask(port, { ...headers, Cookie: "session=stale" }, "/chat/a?room=7");
    expect(await wrong.readAnswer()).toMatchObject({ status: 403, body: "The server does not accept this request." });
    expect(seen).toEqual(
      Array(2).fill({
        path: "/chat/a",
        channel: "a",
        origin: "https://example.com",
        host: "localhost",
        subprotocol: "v1",
        remoteAddress: "127.0.0.1",
        room: "7",
      }),
    );
    expect(connections.all.filter(({ type }) => type === "connected")).toHaveLength(1);
    expect([server.stats().refusals, errors.all]).toEqual([{ 403: 1 }, []]);
    fine.destroy();
  });

  test("refuses with a status, a reason and headers of its own", async () => {
    const { server, port, errors } = await serve({
      verifyRequest: ({ query }) => ({
        status: Number(query.get("status")),
        reason: "Zu viele für heute.",
        headers: { "Retry-After": "3600", "X-Quota": "0" },
      }),
    });
    for (const status of [401, 429, 499, 503]) {
      const peer = await ask(port, {}, `/?status=${status}`);
      expect(await peer.readAnswer()).toMatchObject({
        status,
        headers: { "retry-after": "3600", "x-quota": "0", connection: "close", "content-type": "text/plain; charset=utf-8" },
        body: "Zu viele für heute.",
      });
    }
    expect([server.stats().refusals, errors.all]).toEqual([{ 401: 1, 429: 1, 499: 1, 503: 1 }, []]);
  });

  test.each(["own", "ws"] as const)("adds headers and cookies to the 101 of that request alone: engine %s", async (engine) => {
    const { port } = await serve({
      engine,
      compression: true,
      verifyRequest: async ({ query }) =>
        query.has("plain") || {
          headers: { "X-Node": "7" },
          cookies: [COOKIE, { name: "theme", value: "", maxAge: 0 }],
        },
    });
    const further = ["X-Node: 7", "Set-Cookie: session=fresh; Path=/; HttpOnly; SameSite=Lax", "Set-Cookie: theme=; Max-Age=0"];
    for (const [target, expected] of [
      ["/", further],
      ["/?plain", []],
      ["/", further],
    ] as const) {
      const peer = await ask(port, {}, target);
      expect(await furtherLines(peer)).toEqual(expected);
      peer.destroy();
    }
  });

  test.each([
    [
      "throws",
      (): never => {
        throw new Error("down");
      },
      /option verifyRequest failed: down/,
    ],
    ["rejects", (): Promise<never> => Promise.reject(new Error("down")), /option verifyRequest failed: down/],
    ["answers nothing", (): never => undefined as never, /expected true, false, .*got undefined/],
    ["answers nothing later", async (): Promise<never> => undefined as never, /got undefined/],
    ["answers 1", (): never => 1 as never, /got number/],
    ["answers with a misspelt status", (): RequestVerdict => ({ staus: 403 }) as never, /"staus" is none of/],
    ["refuses with 200", (): RequestVerdict => ({ status: 200 }), /status: expected a whole number from 400 to 599/],
    ["splits the answer", (): RequestVerdict => ({ headers: { "X-A": "1\r\n\r\nHTTP/1.1 200 OK" } }), /header X-A/],
    ["speaks for the handshake", (): RequestVerdict => ({ headers: { "Sec-WebSocket-Accept": "x" } }), /writes it itself/],
    [
      "sets a cookie that is none",
      async (): Promise<RequestVerdict> => ({ cookies: [{ name: "a", value: ";" }] }),
      /cookie a, value/,
    ],
    [
      "answers with something that fails when it is read",
      (): RequestVerdict => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      },
      /option verifyRequest failed/,
    ],
    [
      "answers with something like a promise",
      // biome-ignore lint/suspicious/noThenProperty: that is what it is like
      (): never => Object.fromEntries([["then", (_: unknown, no: (why: unknown) => void) => no("odd")]]) as never,
      /odd/,
    ],
  ])("that %s lets nobody in: HTTP 500 and an error event, and others are served", async (_, verify, message) => {
    let isBroken = true;
    const { server, port, url, errors, connections } = await serve({ verifyRequest: () => !isBroken || verify() });
    const peer = await ask(port);
    expect(await peer.readAnswer()).toMatchObject({ status: 500, body: "The server could not judge the request." });
    expect(errors.all).toMatchObject([{ error: { code: "LISTENER_FAILED", message: expect.stringMatching(message) } }]);
    expect([connections.all, server.stats().pendingHandshakes]).toEqual([[], 0]);
    isBroken = false;
    await TestClient.connect(url);
  });

  test("that does not answer within limits.headersTimeoutMs is HTTP 503, told as error, and its late answer is not heard", async () => {
    const { calls, verifyRequest } = slowHook();
    const clock = new FakeClock();
    const { server, port, errors, connections } = await serve(
      withInternals({ verifyRequest, limits: { headersTimeoutMs: 5_000 } }, { clock }),
    );
    const peers = [await ask(port), await ask(port)];
    await until("both are asked about", () => calls.length === 2);
    clock.advance(4_999);
    await turns();
    expect([errors.all, server.stats().pendingHandshakes, calls[0]?.signal.aborted]).toEqual([[], 2, false]);
    clock.advance(1);
    for (const peer of peers) {
      expect(await peer.readAnswer()).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    }
    expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    calls[0]?.resolve(true);
    calls[1]?.reject(new Error("too late"));
    await turns();
    const late = { error: { message: expect.stringContaining("limits.headersTimeoutMs 5000") } };
    expect(errors.all).toMatchObject([late, late]);
    expect(errors.all).toHaveLength(2);
    expect([connections.all, server.stats().pendingHandshakes, server.stats().refusals]).toEqual([[], 0, { 503: 2 }]);
  });

  test("counts for a client who has left until it ends, is told of that by the signal, and may then fail without an error", async () => {
    const { calls, verifyRequest } = slowHook();
    const { server, port, errors, connections } = await serve({ verifyRequest, limits: { maxPendingHandshakes: 3 } });
    for (let count = 1; count <= 3; count++) {
      const peer = await ask(port);
      await until("it is asked about", () => calls.length === count);
      if (count === 1) peer.socket.end();
      else peer.reset();
      await until("the hook is told", () => calls[count - 1]?.signal.aborted === true);
    }
    expect(server.stats().pendingHandshakes).toBe(3);
    for (let count = 0; count < 5; count++) expect((await (await ask(port)).readAnswer()).status).toBe(503);
    expect(calls).toHaveLength(3);
    calls[0]?.reject(new Error("aborted"));
    calls[1]?.resolve(true);
    calls[2]?.resolve({ status: 418 });
    await until("all places are free", () => server.stats().pendingHandshakes === 0);
    expect([errors.all, connections.all, server.stats().refusals]).toEqual([[], [], { 503: 5 }]);
    const next = await ask(port);
    await until("the next is asked about", () => calls.length === 4);
    calls[3]?.resolve(true);
    expect(await furtherLines(next)).toEqual([]);
    next.destroy();
  });

  test("is not multiplied by thousands who come at once, and an honest client is served among them", async () => {
    const { calls, verifyRequest } = slowHook();
    const { server, port, url, errors } = await serve({
      verifyRequest: (request, options) => request.query.has("honest") || verifyRequest(request, options),
      limits: { maxPendingHandshakes: 500 },
    });
    let refused = 0;
    const peers: RawSocket[] = [];
    for (let round = 0; round < 20; round++) {
      const batch = await Promise.all(Array.from({ length: 100 }, () => RawSocket.connect(port)));
      for (const peer of batch) peer.write(upgradeRequest());
      peers.push(...batch);
    }
    for (const peer of peers.slice(500)) if ((await peer.readAnswer()).status === 503) refused++;
    expect([calls.length, refused, server.stats().pendingHandshakes]).toEqual([500, 1_500, 500]);
    calls[0]?.resolve(false);
    await until("one place is free", () => server.stats().pendingHandshakes === 499);
    await TestClient.connect(`${url}/?honest`);
    for (const peer of peers) peer.reset();
    await until("all hooks are told", () => calls.slice(1).every(({ signal }) => signal.aborted));
    for (const { resolve } of calls) resolve(true);
    await until("nobody is pending", () => server.stats().pendingHandshakes === 0);
    expect([server.stats().accepted, server.connections.size, errors.all]).toEqual([1, 1, []]);
  });

  test("is waited for no longer when the server stops", async () => {
    const { calls, verifyRequest } = slowHook();
    const clock = new FakeClock();
    const { server, port, errors, connections } = await serve(withInternals({ verifyRequest }, { clock }));
    const peer = await ask(port);
    await until("it is asked about", () => calls.length === 1);
    await server.stop();
    expect([clock.timers, server.stats().pendingHandshakes, calls[0]?.signal.aborted]).toEqual([0, 0, true]);
    await peer.whenOver();
    calls[0]?.resolve(true);
    await turns();
    expect([errors.all, connections.all, server.stats().refusals]).toEqual([[], [], {}]);
  });

  test("what comes behind the request while it runs is heard after it, in order", async () => {
    const { calls, verifyRequest } = slowHook();
    const { port, messages } = await serve({ verifyRequest });
    const peer = await RawSocket.connect(port);
    peer.write(Buffer.concat([Buffer.from(upgradeRequest()), frame(Opcode.text, "one")]));
    await until("it is asked about", () => calls.length === 1);
    peer.write(frame(Opcode.text, "two"));
    await turns();
    calls[0]?.resolve({ headers: { "X-A": "1" } });
    expect(await furtherLines(peer)).toEqual(["X-A: 1"]);
    expect((await messages.has(2)).map(({ message }) => message)).toEqual(["one", "two"]);
    peer.destroy();
  });

  test("costs no timer, no signal and no turn where it answers at once without asking for one", () => {
    const clock = new FakeClock();
    const verify = verifyOf(
      () => ({ headers: { "X-A": "1" } }),
      1,
      clock,
      () => expect.unreachable(),
    );
    const asker: Asker = {
      get gone() {
        return expect.unreachable("nobody asked for a signal");
      },
      stop: new StopSignal(),
    };
    expect(verify?.({} as UpgradeRequest, asker)).toEqual({ headers: [["X-A", "1"]] });
    expect(clock.timers).toBe(0);
  });
});

describe("verifyRequest beside users", () => {
  const users = () => {
    const tokens: string[] = [];
    const getId = (token: string): number | null => {
      tokens.push(token);
      return token === "ada" ? 1 : null;
    };
    return { tokens, service: { getId } };
  };

  test("runs before the user service, which is not asked where it refuses; a request without a token is not shown to it", async () => {
    const { tokens, service } = users();
    const paths: string[] = [];
    const { port, server } = await serveAuth<number>(
      {
        tokenIn: ["header", "path"],
        verifyRequest: ({ path, query }) => {
          paths.push(path);
          return !query.has("no") || { status: 402 };
        },
      },
      service,
    );
    expect((await (await ask(port, TOKEN, "/?no")).readAnswer()).status).toBe(402);
    expect(tokens).toEqual([]);
    expect((await (await ask(port, {}, "/?no")).readAnswer()).status).toBe(401);
    // Nor is the token shown in the path.
    const peer = await RawSocket.open(port, "/room/ada");
    expect([tokens, paths, server.identities.size]).toEqual([["ada"], ["/", "/room"], 1]);
    peer.destroy();
  });

  test("what it adds goes to nobody whose token is refused, neither by HTTP nor by a close", async () => {
    const { service } = users();
    const { port } = await serveAuth<number>({ verifyRequest: () => ({ headers: { "X-A": "1" }, cookies: [COOKIE] }) }, service);
    const byHttp = await ask(port, { Authorization: "Bearer eve" });
    const { status, headers } = await byHttp.readAnswer();
    expect([status, headers["x-a"], headers["set-cookie"]]).toEqual([401, undefined, undefined]);
    const byClose = await ask(port, { Authorization: "Bearer eve", Origin: "https://example.com" });
    expect(await furtherLines(byClose)).toEqual([]);
    expect((await byClose.readFrame()).code).toBe(4401);
    const fine = await ask(port, TOKEN);
    expect(await furtherLines(fine)).toEqual(["X-A: 1", "Set-Cookie: session=fresh; Path=/; HttpOnly; SameSite=Lax"]);
    for (const peer of [byClose, fine]) peer.destroy();
  });

  test("comes before the 101 where the token is in the first message", async () => {
    const { tokens, service } = users();
    const { port, connections } = await serveAuth<number>(
      { tokenIn: "message", verifyRequest: async ({ query }) => !query.has("no") && { headers: { "X-A": "1" } } },
      service,
    );
    expect((await (await ask(port, {}, "/?no")).readAnswer()).status).toBe(403);
    const peer = await ask(port);
    expect(await furtherLines(peer)).toEqual(["X-A: 1"]);
    peer.write(frame(Opcode.text, "ada"));
    expect((await connections.one(({ type }) => type === "connected")).connection).toMatchObject({ userId: 1 });
    expect(tokens).toEqual(["ada"]);
    peer.destroy();
  });

  test("is asked before createState, of the same request", async () => {
    const seen: UpgradeRequest[] = [];
    const { url, connections } = await serveAuth<number, UpgradeRequest>(
      { verifyRequest: (request) => seen.push(request) > 0, createState: async (request) => request },
      users().service,
    );
    await TestClient.connect(url, { headers: TOKEN });
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect([seen.length, connection.data === seen[0]]).toEqual([1, true]);
  });
});
