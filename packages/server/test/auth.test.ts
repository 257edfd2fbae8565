import { TOKEN_SUBPROTOCOL, tokenToSubprotocol } from "@websockets-simple/shared";
import { describe, expect, test } from "vitest";
import { closePayload, frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import type { AuthServerOptions } from "../src/index.ts";
import { serveAuth, TestClient } from "./support/harness.ts";

const USERS: Readonly<Record<string, number>> = { ada: 1, bob: 2, zero: 0 };
const users = { getId: (token: string): number | null => (Object.hasOwn(USERS, token) ? (USERS[token] as number) : null) };
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe("an authenticated server", () => {
  test("lets in whom the user service knows and keeps identities as long as they are connected", async () => {
    const { server, url, connections } = await serveAuth({ connectionSuccessString: "welcome" }, users);
    const first = await TestClient.connect(url, bearer("ada"));
    const second = await TestClient.connect(url, bearer("ada"));
    await TestClient.connect(url, bearer("zero"));
    expect(await first.hears(1)).toEqual(["welcome"]);
    await connections.has(3, ({ type }) => type === "connected");
    expect([...server.identities.keys()]).toEqual([1, 0]);
    expect(server.identities.get(1)).toMatchObject({ userId: 1, connections: { size: 2 } });
    expect([...(server.identities.get(1)?.connections.values() ?? [])].map(({ userId }) => userId)).toEqual([1, 1]);
    first.socket.close();
    await connections.has(1, ({ type }) => type === "disconnected");
    expect(server.identities.get(1)?.connections.size).toBe(1);
    second.socket.close();
    await connections.has(2, ({ type }) => type === "disconnected");
    expect([...server.identities.keys()]).toEqual([0]);
  });

  test.each<[string, string, { protocols?: string[]; headers?: Record<string, string> }, string]>([
    ["the header", "/room", bearer("ada"), "room"],
    ["a subprotocol", "/room", { protocols: [TOKEN_SUBPROTOCOL, tokenToSubprotocol("ada")] }, "room"],
    ["the query", "/room?x=1&access_token=ada", {}, "room"],
    ["the query, its name percent-encoded", "/room?x=1&access%5Ftoken=ada", {}, "room"],
    ["the path", "/room/ada", {}, "room"],
    ["the path alone", "/ada", {}, ""],
    ["the path, percent-encoded, with a query", "/room/%61da?x=1", {}, "room"],
  ])("takes the token from %s, and it is in neither path, channel nor query", async (_, target, options, channel) => {
    const { url, connections } = await serveAuth({}, users);
    await TestClient.connect(url + target, options);
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect([connection.userId, connection.channel, connection.path]).toEqual([1, channel, `/${channel}`]);
    expect([connection.query.has("access_token"), connection.subprotocol]).toEqual([false, undefined]);
  });

  test("never asks the user service for an empty token: it is none, wherever it is", async () => {
    const asked: string[] = [];
    const getId = (token: string): number | null => {
      asked.push(token);
      return users.getId(token);
    };
    const { server, port, url, connections } = await serveAuth({}, { getId });
    for (const [target, headers] of [
      ["/", { Authorization: "Bearer " }],
      ["/", { Authorization: "Bearer" }],
      ["/?access_token=", {}],
      ["/?access%5Ftoken", {}],
      ["/", { "Sec-WebSocket-Protocol": `${TOKEN_SUBPROTOCOL}, ${TOKEN_SUBPROTOCOL}.` }],
    ] as const) {
      const peer = await RawSocket.connect(port);
      peer.write(upgradeRequest(target, headers));
      expect(await peer.readAnswer()).toMatchObject({ status: 401, body: "Unauthorized: no token." });
      peer.destroy();
    }
    expect([asked, server.stats().refusals]).toEqual([[], { 401: 5 }]);
    await TestClient.connect(`${url}/room/ada?access_token=`, { headers: { authorization: "Bearer " } });
    expect((await connections.one(({ type }) => type === "connected")).connection.channel).toBe("room");
    expect(asked).toEqual(["ada"]);
  });

  test("a question mark before the query's first name is part of that name, for the application as for the server", async () => {
    const { url, connections } = await serveAuth({ tokenIn: ["query", "header"] }, users);
    await TestClient.connect(`${url}/??access_token=bob`, bearer("ada"));
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect([connection.userId, [...connection.query]]).toEqual([1, [["?access_token", "bob"]]]);
  });

  test("takes it only from where it was told to", async () => {
    const { url } = await serveAuth({ tokenIn: "header" }, users);
    await TestClient.connect(`${url}/room`, bearer("ada"));
    await expect(TestClient.connect(`${url}/ada`)).rejects.toMatchObject({ status: 401 });
    await expect(TestClient.connect(`${url}/?access_token=ada`)).rejects.toMatchObject({ status: 401 });
  });

  test.each([
    ["no token", "/", {}],
    ["an unknown token", "/mallory", {}],
    ["a name like that of an object's property", "/__proto__", {}],
    ["another scheme", "/", { Authorization: "Basic YWRhOmFkYQ==" }],
  ])("%s is answered at once: HTTP 401 with the unauthorized string", async (_, target, headers) => {
    const { server, port, connections } = await serveAuth({ connectionUnauthorizedString: "No entry é" }, users);
    const peer = await RawSocket.connect(port);
    peer.write(upgradeRequest(target, headers));
    expect(await peer.readAnswer()).toMatchObject({
      status: 401,
      body: "No entry é",
      headers: { "www-authenticate": "Bearer", connection: "close" },
    });
    expect([server.stats().refusals, connections.all, server.identities.size]).toEqual([{ 401: 1 }, [], 0]);
    peer.destroy();
  });

  test.each<[string, AuthServerOptions<number>["onUnauthorized"], Record<string, string>, boolean]>([
    ["auto with an Origin", "auto", { Origin: "https://example.com" }, true],
    ["auto without one", "auto", {}, false],
    ["http with an Origin", "http", { Origin: "https://example.com" }, false],
    ["close without one", "close", {}, true],
  ])("onUnauthorized %s", async (_, onUnauthorized, headers, isClose) => {
    const { server, port, connections } = await serveAuth(
      { connectionUnauthorizedString: "No entry", ...(onUnauthorized && { onUnauthorized }) },
      users,
    );
    const peer = await RawSocket.connect(port);
    peer.write(upgradeRequest("/mallory", { "Sec-WebSocket-Protocol": "chat", ...headers }));
    const head = await peer.readHead();
    if (isClose) {
      expect([head.status, head.headers["sec-websocket-protocol"]]).toEqual([101, "chat"]);
      expect((await peer.readFrame()).text).toBe("No entry");
      const close = await peer.readFrame();
      expect([close.code, close.reason]).toEqual([4401, "unauthorized: the token was refused"]);
      peer.write(frame(Opcode.close, closePayload(4401)));
      await peer.whenOver();
      expect(server.stats().refusals).toEqual({ 4401: 1 });
    } else {
      expect(head.status).toBe(401);
    }
    expect([connections.all, server.connections.size]).toEqual([[], 0]);
    peer.destroy();
  });

  test("a client that can see a refusal by its subprotocol is refused by that", async () => {
    const { port } = await serveAuth({ availableSubprotocols: ["chat"] }, users);
    const peer = await RawSocket.connect(port);
    const names = "chat, websockets-simple.token, websockets-simple.refused, websockets-simple.token.eA";
    peer.write(upgradeRequest("/", { "Sec-WebSocket-Protocol": names, Origin: "https://example.com" }));
    const head = await peer.readHead();
    expect([head.status, head.headers["sec-websocket-protocol"]]).toEqual([101, "websockets-simple.refused"]);
    expect((await peer.readFrame()).code).toBe(4401);
    peer.destroy();
  });

  test("two Authorization headers are HTTP 400", async () => {
    const { port } = await serveAuth({}, users);
    const peer = await RawSocket.connect(port);
    peer.write(upgradeRequest("/", { "Authorization: Bearer ada\r\nAuthorization": "Bearer bob" }));
    expect((await peer.readAnswer()).status).toBe(400);
    peer.destroy();
  });

  test("createState is told the user", async () => {
    const { url, connections } = await serveAuth<number, string>(
      { createState: (request, userId) => `${userId} in ${request.channel}` },
      users,
    );
    await TestClient.connect(`${url}/room`, bearer("bob"));
    expect((await connections.one()).connection.data).toBe("2 in room");
  });

  test("sendToUser reaches all the user's connections and nobody else's; to nobody it resolves with 0", async () => {
    const { server, url, connections, messages } = await serveAuth({}, users);
    const ada = [await TestClient.connect(url, bearer("ada")), await TestClient.connect(url, bearer("ada"))];
    const bob = await TestClient.connect(url, bearer("bob"));
    const connected = await connections.has(3, ({ type }) => type === "connected");
    expect(await server.sendToUser("for ada", 1)).toBe(2);
    expect(await server.sendToUserRaw("raw for ada", 1)).toBe(2);
    expect([await server.sendToUser("x", 99), await server.sendToUserRaw("x", 99)]).toEqual([0, 0]);
    expect(await server.broadcastToAllAuthorizedUsers("for all but one", { except: connected[0]?.connection })).toBe(2);
    expect(await server.broadcastToAllAuthorizedUsersRaw(Uint8Array.of(1))).toBe(3);
    expect(await ada[0]?.hears(3)).toEqual(["for ada", "raw for ada", "\u0001"]);
    expect(await ada[1]?.hears(4)).toEqual(["for ada", "raw for ada", "for all but one", "\u0001"]);
    expect(await bob.hears(2)).toEqual(["for all but one", "\u0001"]);
    expect(messages.all.map(({ recipients }) => recipients)).toEqual([2, 2, 0, 0, 2, 3]);
    await expect(server.sendToUser("", 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("disconnectUser closes all the user's connections", async () => {
    const { server, url, connections } = await serveAuth({}, users);
    const ada = [await TestClient.connect(url, bearer("ada")), await TestClient.connect(url, bearer("ada"))];
    await TestClient.connect(url, bearer("bob"));
    await connections.has(3, ({ type }) => type === "connected");
    expect(await server.disconnectUser(1, 4000, "why")).toBe(2);
    expect(await Promise.all(ada.map((client) => client.closed))).toEqual([
      { code: 4000, reason: "why" },
      { code: 4000, reason: "why" },
    ]);
    expect([...server.identities.keys()]).toEqual([2]);
    expect(await server.disconnectUser(1)).toBe(0);
    await expect(server.disconnectUser(2, 1006)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
