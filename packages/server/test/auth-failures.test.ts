import { TOKEN_SUBPROTOCOL, tokenToSubprotocol } from "@websockets-simple/shared";
import { describe, expect, test } from "vitest";
import { closePayload, frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { serveAuth, TestClient, until } from "./support/harness.ts";

describe("a user service that fails", () => {
  test.each([
    [
      "throws",
      (): never => {
        throw new Error("down");
      },
    ],
    ["rejects", (): Promise<never> => Promise.reject(new Error("down"))],
    ["hangs", (): Promise<never> => new Promise(() => {})],
  ])("by that it %s lets nobody in: 503, with or without an Origin, and an error event", async (_, getId) => {
    const { server, port, errors, connections } = await serveAuth({ userServiceLimits: { timeoutMs: 50 } }, { getId });
    for (const headers of [{}, { Origin: "https://example.com" }]) {
      const peer = await RawSocket.connect(port);
      peer.write(upgradeRequest("/token", headers));
      expect(await peer.readAnswer()).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
      peer.destroy();
    }
    expect(errors.all).toMatchObject([{ error: { code: "USER_SERVICE_FAILED" } }, { error: { code: "USER_SERVICE_FAILED" } }]);
    expect([connections.all, server.stats().pendingHandshakes]).toEqual([[], 0]);
  });

  test("in message mode closes with 1013, which clients retry", async () => {
    const { port } = await serveAuth({ tokenIn: "message" }, { getId: () => Promise.reject(new Error("down")) });
    const peer = await RawSocket.open(port);
    peer.write(frame(Opcode.text, "ada"));
    expect((await peer.readFrame()).code).toBe(1013);
    peer.destroy();
  });

  test("is asked by at most userServiceLimits.concurrency at once", async () => {
    const waiting: ((id: number) => void)[] = [];
    const getId = (): Promise<number> => new Promise((resolve) => waiting.push(resolve));
    const { server, url } = await serveAuth({ userServiceLimits: { concurrency: 3 } }, { getId });
    const clients = Array.from({ length: 9 }, () => TestClient.connect(`${url}/token`));
    await until("all are pending", () => server.stats().pendingHandshakes === 9);
    for (let answered = 0; answered < 9; answered++) {
      expect(waiting.length).toBe(Math.min(9, answered + 3));
      waiting[answered]?.(answered);
      await until("the next is asked for", () => server.stats().pendingHandshakes === 8 - answered);
    }
    await Promise.all(clients);
  });
});

describe("resets during a handshake", () => {
  test("a reset after any byte of the request, or while the user service runs, leaves nothing behind", async () => {
    const waiting: ((id: number) => void)[] = [];
    const { server, port, errors, connections, url } = await serveAuth(
      { connectionSuccessString: "hi" },
      {
        getId: (token) => (token === "now" ? 1 : new Promise<number>((resolve) => waiting.push(resolve))),
      },
    );
    const request = upgradeRequest("/later", { Origin: "https://example.com" });
    for (let length = 0; length <= request.length; length += 1) {
      const peer = await RawSocket.connect(port);
      if (length > 0) await new Promise((resolve) => peer.socket.write(request.slice(0, length), resolve));
      peer.reset();
    }
    const whole = await Promise.all(Array.from({ length: 20 }, () => RawSocket.connect(port)));
    const asked = waiting.length;
    for (const peer of whole) peer.write(request);
    await until("all are judged", () => waiting.length >= asked + whole.length);
    for (const peer of whole) peer.reset();
    await until("all are forgotten", () => server.stats().pendingHandshakes === 0);
    for (const [index, resolve] of waiting.entries()) resolve(index % 2 ? 1 : (null as never));
    const honest = await TestClient.connect(`${url}/now`);
    expect(await honest.hears(1)).toEqual(["hi"]);
    expect([errors.all, server.stats().refusals[4401]]).toEqual([[], undefined]);
    expect(connections.all.map(({ type }) => type)).toEqual(["connecting", "connected"]);
    expect([server.identities.size, server.connections.size]).toEqual([1, 1]);
  });
});

describe("secrets", () => {
  test("a token reaches no log line, no error and no close reason, wherever it travels and whatever happens", async () => {
    const canary = "canary-7f3a9c";
    const told: string[] = [];
    const note = (...parts: unknown[]): void => void told.push(JSON.stringify(parts));
    const logger = { debug: note, info: note, warn: note, error: note };
    const outcomes = [
      () => 1,
      () => null,
      (token: string): never => {
        throw new Error(`cannot find ${token}`);
      },
      () => new Promise<never>(() => {}),
    ];
    for (const getId of outcomes) {
      for (const tokenIn of [["header", "subprotocol", "query", "path"], "message"] as const) {
        const { server, port, errors, connections } = await serveAuth<number>(
          { tokenIn, logger, userServiceLimits: { timeoutMs: 30 } },
          { getId },
        );
        const requests = [
          upgradeRequest(`/${canary}`),
          upgradeRequest(`/?access_token=${canary}`),
          upgradeRequest(`/?access%5Ftoken=${canary}`),
          upgradeRequest(`/?access_token=${canary}%ff`),
          upgradeRequest(`/?access_token=${canary}&access_token=${canary}`),
          upgradeRequest("/", { Authorization: `Bearer ${canary}` }),
          upgradeRequest("/", { Authorization: `Bearer ${canary}`, Origin: "https://example.com" }),
          upgradeRequest("/", { "Sec-WebSocket-Protocol": `${TOKEN_SUBPROTOCOL}, ${tokenToSubprotocol(canary)}` }),
          upgradeRequest("/", { "Sec-WebSocket-Protocol": `other, ${TOKEN_SUBPROTOCOL}, ${tokenToSubprotocol(canary)}` }),
        ];
        for (const request of requests) {
          const peer = await RawSocket.connect(port);
          peer.write(request);
          const { status, headers } = await peer.readHead();
          told.push(JSON.stringify(headers));
          if (status !== 101) told.push(await peer.readToEnd());
          else if (tokenIn === "message") {
            peer.write(frame(Opcode.text, canary));
            peer.socket.end(frame(Opcode.close, closePayload(1000)));
            told.push(await peer.readToEnd());
          }
          peer.destroy();
        }
        await server.stop();
        for (const { error } of errors.all) told.push(`${error.code} ${error.message}`);
        for (const { code, reason, connection } of connections.all) {
          told.push(`${code} ${reason}`);
          // A server that takes tokens by message alone does not look for them in the URL, which is the application's.
          if (tokenIn !== "message") told.push(`${connection.path} ${connection.query}`);
        }
      }
    }
    expect(told.length).toBeGreaterThan(100);
    const encoded = tokenToSubprotocol(canary).slice(TOKEN_SUBPROTOCOL.length + 1);
    expect(told.filter((line) => line.includes(canary) || line.includes(encoded))).toEqual([]);
  });
});
