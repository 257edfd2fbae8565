import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket } from "../../../testkit/raw-socket.ts";
import type { AuthServerOptions } from "../src/index.ts";
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
  ])("%s gets the unauthorized string and 4401", async (_, bytes, reason) => {
    const { server, port, connections } = await serveAuth(message, users);
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
