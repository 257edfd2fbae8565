import { describe, expect, test } from "vitest";
import { within } from "../../../testkit/raw-socket.ts";
import { serve, serveAuth, TestClient, turns } from "./support/harness.ts";

describe("a loop over the server", () => {
  test("accepts who connects, and loses nothing that was sent before", async () => {
    const { server, url, connections } = await serve();
    const loop = server[Symbol.asyncIterator]();
    const clients = [await TestClient.connect(url), await TestClient.connect(url)];
    clients.forEach((client, index) => {
      client.send(`first of ${index}`);
    });
    await connections.has(2, ({ type }) => type === "connected");
    await turns();
    for (const index of [0, 1]) {
      const { value: connection } = await within("a connection", loop.next());
      if (!connection) throw new Error("the loop is over");
      const { value } = await within("a message", connection.messages().next());
      expect(value).toMatchObject({ type: "received", message: `first of ${index}`, packet: { data: `first of ${index}` } });
    }
  });

  test("ends when the server stops, and so do loops over connections", async () => {
    const { server, url } = await serve();
    const accepted: string[] = [];
    const looping = (async () => {
      for await (const connection of server) {
        for await (const { message } of connection) accepted.push(String(message));
        accepted.push("over");
      }
    })();
    const client = await TestClient.connect(url);
    client.send("hello");
    await expect.poll(() => accepted).toEqual(["hello"]);
    await server.stop();
    await within("the loops end", looping);
    expect(accepted).toEqual(["hello", "over"]);
    await server.dispose();
    expect(() => server.accept()).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
  });

  test("turns away with 1013 whom it does not accept in time, and forgets who leaves", async () => {
    const { server, url, connections } = await serve({ maxQueuedConnections: 1 });
    const loop = server.accept();
    const first = await TestClient.connect(url);
    await connections.has(1, ({ type }) => type === "connected");
    const second = await TestClient.connect(url);
    expect(await second.closed).toMatchObject({ code: 1013, reason: expect.stringContaining("maxQueuedConnections 1") });
    first.socket.terminate();
    await connections.has(2, ({ type }) => type === "disconnected");
    const third = await TestClient.connect(url);
    const { value } = await within("a connection", loop.next());
    expect(value?.isAlive).toBe(true);
    third.send("heard");
    expect((await within("a message", value?.messages().next() as Promise<{ value: unknown }>)).value).toMatchObject({
      message: "heard",
    });
  });

  test("that is left lets those who wait be heard by listeners", async () => {
    const { server, url, messages, connections } = await serve();
    const loop = server.accept();
    const client = await TestClient.connect(url);
    client.send("hello");
    await connections.one(({ type }) => type === "connected");
    await turns();
    expect(messages.all).toEqual([]);
    await loop.return?.();
    expect((await messages.one()).message).toBe("hello");
  });

  test("is one at a time, and ends by its signal", async () => {
    const { server } = await serve();
    const aborter = new AbortController();
    const waiting = server.accept({ signal: aborter.signal }).next();
    expect(() => server.accept()).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
    aborter.abort();
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    await server.accept().return?.();
    expect(() => server.accept({ sign: 1 } as never)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("accepts those who sent their token as the first message, with what followed it", async () => {
    const service = { getId: (token: string) => (token === "known" ? 7 : null) };
    const { server, url } = await serveAuth({ tokenIn: ["message"] }, service);
    const loop = server.accept();
    const client = await TestClient.connect(url);
    client.send("known");
    client.send("first");
    const { value } = await within("a connection", loop.next());
    expect((await within("a message", value?.messages().next() as Promise<{ value: unknown }>)).value).toMatchObject({
      message: "first",
    });
  });
});

describe("a loop over a connection", () => {
  test("fails when too much waits unread, ends by its signal, and is no harm to listeners", async () => {
    const { url, connections, messages } = await serve({ maxQueuedMessages: 2 });
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const aborter = new AbortController();
    const [slow, aborted] = [connection.messages(), connection.messages({ signal: aborter.signal })];
    aborter.abort();
    for (let count = 0; count < 5; count++) client.send(`${count}`);
    await messages.has(5);
    expect([(await slow.next()).value?.message, (await slow.next()).value?.message]).toEqual(["0", "1"]);
    await expect(slow.next()).rejects.toMatchObject({ code: "OVERFLOW", message: expect.stringContaining("maxQueuedMessages") });
    await expect(aborted.next()).rejects.toMatchObject({ code: "ABORTED" });
  });
});
