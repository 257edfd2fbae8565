import { describe, expect, test } from "vitest";
import type { Connection } from "../src/index.ts";
import { serve, serveAuth, TestClient } from "./support/harness.ts";

describe("what is wrong with a call that nobody waits for", () => {
  test.each<[string, (connection: Connection) => unknown, RegExp]>([
    ["a send", (connection) => connection.send({ text: 1 } as never), /data must be a text/],
    ["a blank text", (connection) => connection.send(" "), /data must be a text that is not blank; send others by sendRaw/],
    ["a raw send", (connection) => connection.sendRaw({ text: 1 } as never), /expected a Uint8Array/],
    ["a close", (connection) => connection.close(1001), /close with code 1001, .* use 1000 or 3000 to 4999/],
    [
      "a send above any queue",
      (connection) => connection.sendRaw("x".repeat(2_000)),
      /2000 bytes, above sendQueue.maxBytes 1000/,
    ],
  ])("is told by error, with the connection: %s", async (_, call, message) => {
    const { url, connections, errors } = await serve({ sendQueue: { maxBytes: 1_000 } });
    await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    void call(connection);
    const { error, connection: about } = await errors.one();
    expect([error.code, error.message, about]).toEqual(["INVALID_ARGUMENT", expect.stringMatching(message), connection]);
  });

  test("is told by error: what goes to many, or to no connection", async () => {
    const { server, errors } = await serveAuth({ sendQueue: { maxBytes: 1_000 } }, { getId: () => 1 });
    void server.broadcast({ text: 1 } as never);
    void server.broadcast("x", { exept: 1 } as never);
    void server.broadcastRaw("x".repeat(2_000));
    void server.sendToUser(" ", 1);
    void server.sendToConnection("x", undefined as never);
    void server.disconnectConnection({} as never);
    const told = await errors.has(6);
    expect(told.map(({ error }) => error.code)).toEqual(Array.from({ length: 6 }, () => "INVALID_ARGUMENT"));
  });

  test("is told to the log alone when a listener of error made the call: it would be told of itself for ever", async () => {
    const lines: string[] = [];
    const log = (_fields: unknown, line: string): void => void lines.push(line);
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: log };
    const { server, errors } = await serve({ logger });
    server.on("error", () => void server.broadcast(" "));
    void server.broadcast("");
    await errors.one();
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect([errors.all.length, lines.length]).toEqual([1, 2]);
  });

  test("is told so often and no more, where a listener of error makes the call later", async () => {
    const { server, errors } = await serve();
    server.on("error", async () => {
      await null;
      void server.broadcast(" ");
    });
    void server.broadcast("");
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(errors.all.length).toBeGreaterThan(50);
    expect(errors.all.length).toBeLessThan(150);
  });

  test("is not told of what became of a connection: who cares waits for it", async () => {
    const { url, connections, errors } = await serve();
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    client.socket.terminate();
    await connections.one(({ type }) => type === "disconnected");
    await expect(connection.send("too late")).rejects.toMatchObject({ code: "NOT_SENT" });
    expect(errors.all).toEqual([]);
  });
});
