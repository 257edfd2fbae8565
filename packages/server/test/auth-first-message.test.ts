import { describe, expect, test } from "vitest";
import { closePayload, frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import type { AuthServerOptions, UserService } from "../src/index.ts";
import { serveAuth, turns, until } from "./support/harness.ts";

const users = { getId: (token: string): number | null => (token === "ada" ? 1 : null) };

describe("a token in the first message", () => {
  const message: AuthServerOptions<number> = {
    tokenIn: "message",
    connectionSuccessString: "welcome",
    connectionUnauthorizedString: "No entry",
  };

  test("is asked for before anything else, and what was sent behind it is not lost", async () => {
    const { server, port, connections, messages } = await serveAuth(message, users);
    const peer = await RawSocket.open(port, "/room");
    expect([server.connections.size, server.stats().pendingHandshakes]).toEqual([0, 1]);
    const big = "x".repeat(10_000);
    peer.write(Buffer.concat([frame(Opcode.text, "ada"), frame(Opcode.text, "first"), frame(Opcode.text, big)]));
    expect((await peer.readFrame()).text).toBe("welcome");
    peer.write(frame(Opcode.text, "x".repeat(100_000)));
    const events = await messages.has(3);
    expect(events.map(({ message: text }) => (text as string).length)).toEqual([5, 10_000, 100_000]);
    expect(connections.all.map(({ type }) => type)).toEqual(["connecting", "connected"]);
    expect(connections.all[0]?.connection).toMatchObject({ userId: 1, channel: "room" });
    expect([server.identities.get(1)?.connections.size, server.stats().pendingHandshakes]).toEqual([1, 0]);
    peer.destroy();
  });

  test.each([
    ["an unknown token", frame(Opcode.text, "mallory"), "the token was refused"],
    ["bytes", frame(Opcode.binary, "ada"), "the first message must be the token, as text"],
    ["an empty token", frame(Opcode.text, ""), "no token: the first message is empty"],
  ])("%s gets the unauthorized string and 4401", async (_, bytes, reason) => {
    const { server, port, connections } = await serveAuth(message, {
      getId: (token) => (token === "" ? Promise.reject(new Error("an empty token must not come here")) : users.getId(token)),
    });
    const peer = await RawSocket.open(port);
    peer.write(bytes);
    expect((await peer.readFrame()).text).toBe("No entry");
    const close = await peer.readFrame();
    expect([close.code, close.reason]).toEqual([4401, reason]);
    expect([connections.all, server.stats().refusals, server.stats().pendingHandshakes]).toEqual([[], { 4401: 1 }, 0]);
    peer.destroy();
  });

  test("silence gets 4401 after authTimeoutMs", async () => {
    const { server, port } = await serveAuth({ ...message, authTimeoutMs: 30 }, users);
    const peers = await Promise.all(Array.from({ length: 100 }, () => RawSocket.open(port)));
    const closes = await Promise.all(peers.map(async (peer) => [(await peer.readFrame()).text, (await peer.readFrame()).reason]));
    expect(new Set(closes.flat())).toEqual(new Set(["No entry", "no token within authTimeoutMs 30"]));
    expect(server.stats()).toMatchObject({ pendingHandshakes: 0, refusals: { 4401: 100 } });
    for (const peer of peers) peer.destroy();
  });

  test("a first message above maxPayloadBeforeAuth is 1009 before it is buffered", async () => {
    const { server, port } = await serveAuth(message, users);
    const peer = await RawSocket.open(port);
    peer.write(frame(Opcode.text, "", { declaredLength: 4_097n }));
    expect((await peer.readFrame()).code).toBe(1009);
    peer.destroy();
    await until("forgotten", () => server.stats().pendingHandshakes === 0);
  });

  test("a peer who leaves while its token is judged leaves nothing behind", async () => {
    let finish = (_: number): void => {};
    const { server, port, connections, errors } = await serveAuth(message, {
      getId: () => new Promise<number>((resolve) => (finish = resolve)),
    });
    const peer = await RawSocket.open(port);
    peer.write(frame(Opcode.text, "ada"));
    await new Promise((resolve) => setImmediate(resolve));
    peer.reset();
    await until("forgotten", () => server.stats().pendingHandshakes === 0);
    finish(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect([connections.all, errors.all, server.identities.size]).toEqual([[], [], 0]);
  });

  test("a peer who leaves while it waits for its turn is never asked for", async () => {
    const asked: string[] = [];
    let finish = (_: number): void => {};
    const { server, port } = await serveAuth(
      { ...message, userServiceLimits: { concurrency: 1 } },
      {
        getId: (token) => {
          asked.push(token);
          return new Promise<number>((resolve) => (finish = resolve));
        },
      },
    );
    const peers = [await RawSocket.open(port), await RawSocket.open(port), await RawSocket.open(port)];
    for (const [index, peer] of peers.entries()) {
      peer.write(frame(Opcode.text, `token ${index}`));
      if (index === 0) await until("the first is asked for", () => asked.length === 1);
    }
    await turns();
    peers[1]?.reset();
    await until("forgotten", () => server.stats().pendingHandshakes === 2);
    finish(1);
    await until("the next is asked for", () => asked.length === 2);
    expect(asked).toEqual(["token 0", "token 2"]);
    for (const peer of peers) peer.destroy();
  });

  test("a peer who sends on while its token is judged is not read on", async () => {
    const { port } = await serveAuth(message, { getId: () => new Promise<number>(() => {}) });
    const flooding = await RawSocket.open(port);
    flooding.write(frame(Opcode.text, "ada"));
    const bytes = frame(Opcode.binary, new Uint8Array(262_144));
    for (let count = 0; count < 64; count++) flooding.write(bytes);
    await turns();
    expect(flooding.socket.writableLength).toBeGreaterThan(0);
    flooding.destroy();
  });

  test("stop closes those who have not told their token", async () => {
    const { server, port } = await serveAuth(message, users);
    const peer = await RawSocket.open(port);
    await server.stop();
    await peer.whenOver();
  });

  test("a failing createState closes with 1011", async () => {
    const { port, errors } = await serveAuth<number, undefined>(
      { tokenIn: "message", createState: () => Promise.reject(new Error("no state")) },
      users,
    );
    const peer = await RawSocket.open(port);
    peer.write(frame(Opcode.text, "ada"));
    expect((await peer.readFrame()).code).toBe(1011);
    expect(errors.all).toMatchObject([{ error: { code: "LISTENER_FAILED" } }]);
    peer.destroy();
  });
});

describe("a peer who says all it has to say at once: token, messages and its end", () => {
  const farewell = frame(Opcode.close, closePayload(4001, "bye"));
  const said = [frame(Opcode.text, "first"), frame(Opcode.binary, Uint8Array.of(1)), farewell];
  /** What a server tells of it, by the place of the token. */
  async function told(place: "header" | "message", options: AuthServerOptions<number>, getId: UserService<number>["getId"]) {
    const story: unknown[] = [];
    const { server, port, connections } = await serveAuth({ ...options, tokenIn: place }, { getId });
    server.on("message", ({ message: what }) => void story.push(what));
    server.on("connection", ({ type, code, reason }) => void story.push([type, code, reason]));
    const peer = await RawSocket.connect(port);
    const request = upgradeRequest("/", place === "header" ? { Authorization: "Bearer ada" } : {});
    const token = place === "header" ? [] : [frame(Opcode.text, "ada")];
    peer.write(Buffer.concat([Buffer.from(request), ...token, ...said]));
    expect((await peer.readHead()).status).toBe(101);
    await connections.one(({ type }) => type === "disconnected");
    await until("all is over", () => server.connections.size === 0);
    expect([server.identities.size, server.stats()]).toMatchObject([
      0,
      { accepted: 1, connections: 0, pendingHandshakes: 0, messagesReceived: 2, refusals: {} },
    ]);
    peer.destroy();
    return story;
  }
  const later = async (turnsUntil: number): Promise<number> => {
    await turns(turnsUntil);
    return 1;
  };

  test.each<[string, AuthServerOptions<number>, UserService<number>["getId"]]>([
    ["at once", {}, () => 1],
    ["a little later", {}, () => later(1)],
    ["when its connection has long ended", {}, () => later(200)],
    ["and its state is made when its connection has long ended", { createState: () => later(200) as never }, () => 1],
  ])("is told as one whose token came with the request, when the user is known %s", async (_, options, getId) => {
    const expected = [
      ["connecting", undefined, undefined],
      ["connected", undefined, undefined],
      "first",
      Uint8Array.of(1),
      ["disconnected", 4001, "bye"],
    ];
    expect(await told("header", options, getId)).toEqual(expected);
    expect(await told("message", options, getId)).toEqual(expected);
  });

  test("is told of nothing when the token is refused, which counts", async () => {
    const { server, port, connections, messages } = await serveAuth({ tokenIn: "message" }, { getId: () => null });
    const peer = await RawSocket.open(port);
    peer.write(Buffer.concat([frame(Opcode.text, "mallory"), ...said]));
    await peer.whenOver();
    await until("all is over", () => server.stats().pendingHandshakes === 0);
    expect([connections.all, messages.all, server.stats().refusals]).toEqual([[], [], { 4401: 1 }]);
  });

  test("who breaks the protocol behind its messages is told so after them", async () => {
    const { port, connections, messages, errors } = await serveAuth({ tokenIn: "message" }, { getId: () => later(50) });
    const peer = await RawSocket.open(port);
    peer.write(Buffer.concat([frame(Opcode.text, "ada"), frame(Opcode.text, "first"), frame(3, "no opcode")]));
    expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({ code: 1002 });
    expect([messages.all.map(({ message: text }) => text), errors.all]).toMatchObject([
      ["first"],
      [{ error: { code: "PROTOCOL_ERROR" } }],
    ]);
    peer.destroy();
  });

  test("keeps its place while its user is asked for, and is forgotten when the server stops", async () => {
    const { server, port, connections, errors } = await serveAuth(
      { tokenIn: "message" },
      { getId: () => new Promise<never>(() => {}) },
    );
    const peer = await RawSocket.open(port);
    peer.write(Buffer.concat([frame(Opcode.text, "ada"), ...said]));
    await turns();
    expect(server.stats().pendingHandshakes).toBe(1);
    await server.stop();
    await turns();
    peer.destroy();
    expect([connections.all, errors.all, server.stats().accepted]).toEqual([[], [], 0]);
  });
});
