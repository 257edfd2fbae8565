import { describe, expect, onTestFinished, test } from "vitest";
import { frame, Opcode, RawSocket, within } from "../../../testkit/raw-socket.ts";
import { Arrivals, serve, serveAuth, TestClient, turns, until } from "./support/harness.ts";

describe.each(["own", "ws"] as const)("sessions with engine %s", (engine) => {
  test("are found by id, sent to, pinged and closed", async () => {
    const { server, url } = await serve({ engine });
    const { sessions, connections } = server.service("/chat");
    const [ada, bob] = [await TestClient.connect(`${url}/chat`), await TestClient.connect(`${url}/chat`)];
    const [one = "", two = ""] = sessions.ids;
    expect([sessions.count, sessions.ids, sessions.activeIds, sessions.inactiveIds]).toEqual([2, [one, two], [one, two], []]);
    expect(sessions.get(one)).toBe(connections.get(one));
    await sessions.sendTo("to Ada", one);
    await sessions.sendToRaw("to Bob", two);
    expect([await ada.hears(1), await bob.hears(1)]).toEqual([["to Ada"], ["to Bob"]]);
    expect(await sessions.pingTo(one)).toBeGreaterThanOrEqual(0);
    expect([await sessions.broadcast("all"), await sessions.broadcastRaw("raw")]).toEqual([2, 2]);
    expect(await sessions.closeSession(one, 4001, "enough")).toBe(true);
    expect(await ada.closed).toEqual({ code: 4001, reason: "enough" });
    expect([sessions.count, sessions.get(one)]).toEqual([1, undefined]);
  });

  test("that are closing are inactive", async () => {
    const { server, port, connections } = await serve({ engine, closeTimeoutMs: 60_000 });
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const closing = server.sessions.closeSession(connection.id);
    expect([server.sessions.count, server.sessions.activeIds, server.sessions.inactiveIds]).toEqual([1, [], [connection.id]]);
    peer.destroy();
    expect(await closing).toBe(true);
  });

  test("a sweep ends who does not answer, and nobody who does, talks, or is in the middle of a message", async () => {
    const { server, port, url } = await serve({ engine, pingIntervalMs: 0, heartbeat: false });
    const service = server.service("/chat");
    const answers = await TestClient.connect(`${url}/chat`);
    const [talks, busy, mute] = await Promise.all(["talks", "busy", "mute"].map(() => RawSocket.open(port, "/chat")));
    await until("all are there", () => service.sessions.count === 4);
    for (const peer of [talks, busy, mute]) onTestFinished(() => peer?.destroy());
    const received = new Arrivals<string>();
    service.on("message", ({ message }) => received.add(String(message)));
    // In one write, so that the beginning of the second has been read as well when the first is told.
    busy?.write(Buffer.concat([frame(Opcode.text, "whole"), frame(Opcode.text, "begun", { fin: false })]));
    await received.has(1);
    const sweeping = service.sessions.sweep({ timeoutMs: 200 });
    expect((await mute?.readFrame())?.opcode).toBe(Opcode.ping);
    talks?.write(frame(Opcode.text, "still here"));
    await received.has(2);
    const { active, ended } = await sweeping;
    expect([active.length, ended.length, service.sessions.count]).toEqual([3, 1, 3]);
    const close = await mute?.readFrame();
    expect([close?.opcode, close?.code]).toEqual([Opcode.close, 4408]);
    expect(answers.socket.readyState).toBe(answers.socket.OPEN);
  });

  test("a sweep while this process is blocked ends nobody", async () => {
    const { server, url } = await serve({ engine, pingIntervalMs: 0, heartbeat: false });
    const service = server.service("/chat");
    await TestClient.connect(`${url}/chat`);
    const sweeping = service.sessions.sweep({ timeoutMs: 100 });
    const endMs = performance.now() + 400;
    while (performance.now() < endMs);
    expect(await sweeping).toEqual({ active: service.sessions.ids, ended: [] });
    expect(service.sessions.count).toBe(1);
  });

  test("a sweep ends with the server", async () => {
    const { server, port } = await serve({ engine });
    const service = server.service("/chat");
    await RawSocket.open(port, "/chat");
    await until("it is there", () => service.sessions.count === 1);
    // It owes so many answers that it cannot be asked once more.
    for (let count = 0; count < 64; count++) service.sessions.pingTo(service.sessions.ids[0] as string).catch(() => {});
    const sweeping = service.sessions.sweep({ timeoutMs: 1_000_000 });
    await server.stop();
    expect((await within("the end of the sweep", sweeping)).ended).toEqual([]);
  });
});

describe("an id that nobody has", () => {
  test("is not sent to, which is told truthfully and does no harm unheard; and is closed already", async () => {
    const { server, errors } = await serve();
    const { sessions } = server;
    for (const doing of [sessions.sendTo("y", "x"), sessions.sendToRaw("y", "x"), sessions.pingTo("x")]) {
      await expect(doing).rejects.toMatchObject({ code: "NOT_SENT", message: 'not sent: there is no session "x"' });
    }
    void sessions.sendTo("waits", "nobody");
    await turns();
    expect([await sessions.closeSession("x"), errors.all]).toEqual([false, []]);
  });
});

describe("services of a server with authentication", () => {
  const users = { getId: (token: string) => (token.startsWith("user") ? Number(token.slice(4)) : null) };
  const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

  test("are behind its authentication, and their connections have a user", async () => {
    const { server, url } = await serveAuth({ connectionUnauthorizedString: "who are you?" }, users);
    const chat = server.service("/chat", { createState: (_request, userId) => ({ double: userId * 2 }) });
    await expect(TestClient.connect(`${url}/chat`)).rejects.toMatchObject({ status: 401 });
    await expect(TestClient.connect(`${url}/chat`, bearer("wrong"))).rejects.toMatchObject({ status: 401 });
    await TestClient.connect(`${url}/chat`, bearer("user21"));
    expect([...chat.connections.values()].map(({ userId, data }) => [userId, data])).toEqual([[21, { double: 42 }]]);
    expect(server.identities.size).toBe(0);
  });

  test("take a token in the path, behind their own, and nothing else", async () => {
    const { server, url } = await serveAuth({ path: false }, users);
    const chat = server.service("/chat");
    const rooms = server.service("/rooms/*");
    await TestClient.connect(`${url}/chat/user1`);
    await TestClient.connect(`${url}/rooms/42/user2`);
    expect([...chat.connections.values()].map(({ userId, path }) => [userId, path])).toEqual([[1, "/chat"]]);
    expect([...rooms.connections.values()].map(({ userId, channel }) => [userId, channel])).toEqual([[2, "42"]]);
    for (const path of ["/chat/x/user1", "/rooms/user1", "/rooms/..%2Fx/user1"]) {
      await expect(TestClient.connect(url + path)).rejects.toMatchObject({ status: 404 });
    }
    await expect(TestClient.connect(`${url}/chat/extra`, bearer("user1"))).rejects.toMatchObject({ status: 404 });
  });

  test("take a token in the first message, and remove destroys who has not told it yet", async () => {
    const { server, url, port } = await serveAuth({ tokenIn: "message", authTimeoutMs: 60_000, path: false }, users);
    const chat = server.service("/chat");
    const client = await TestClient.connect(`${url}/chat`);
    client.send("user7");
    await until("it is known", () => chat.connections.size === 1);
    expect([...chat.connections.values()][0]?.userId).toBe(7);
    const silent = await RawSocket.open(port, "/chat");
    await until("it waits", () => chat.stats().pendingHandshakes === 1);
    await chat.remove();
    await silent.whenOver();
    expect([await client.closed, server.stats().pendingHandshakes]).toEqual([
      { code: 1001, reason: "the service is removed" },
      0,
    ]);
  });

  test("count for maxConnectionsPerUser, and disconnectUser closes them too", async () => {
    const { server, url } = await serveAuth({ maxConnectionsPerUser: 2 }, users);
    const chat = server.service("/chat");
    const [own, other] = [
      await TestClient.connect(url, bearer("user1")),
      await TestClient.connect(`${url}/chat`, bearer("user1")),
    ];
    await expect(TestClient.connect(`${url}/chat`, bearer("user1"))).rejects.toMatchObject({ status: 429 });
    expect(await server.disconnectUser(1, 4000, "out")).toBe(2);
    expect([await own.closed, await other.closed]).toEqual(Array(2).fill({ code: 4000, reason: "out" }));
    expect([chat.connections.size, server.connections.size]).toEqual([0, 0]);
  });
});
