import { describe, expect, test } from "vitest";
import { ConnectionManager, type Packet, WebsocketHandler } from "../src/index.ts";
import { serve, TestClient, until } from "./support/harness.ts";

const boom = (): never => {
  throw new Error("boom");
};
const reject = async (): Promise<never> => boom();

describe("what fails in the application", () => {
  test.each([
    ["throws", boom],
    ["rejects", reject],
  ])("a listener that %s is reported and the other listeners are called", async (_, fail) => {
    const { server, url, errors } = await serve();
    const heard: string[] = [];
    for (const event of ["connection", "message"] as const) {
      server.on(event, fail);
      server.on(event, ({ type }) => void heard.push(type));
    }
    const client = await TestClient.connect(url);
    client.send("x");
    await errors.has(3);
    expect(heard).toEqual(["connecting", "connected", "received"]);
    expect(errors.all[0]?.error).toMatchObject({
      code: "LISTENER_FAILED",
      message: 'a listener of "connection" failed: boom',
      cause: new Error("boom"),
    });
    client.socket.close();
    await errors.has(4);
    expect(heard.at(-1)).toBe("disconnected");
  });

  test.each([
    ["throws", boom],
    ["rejects", reject],
  ])("an error listener that %s is told to the log, once, and not to itself", async (_, fail) => {
    const lines: string[] = [];
    const note = (_fields: object, message: string): void => void lines.push(message);
    const { server, url, errors } = await serve({ logger: { debug: note, info: note, warn: note, error: note } });
    server.on("error", fail);
    server.on("message", boom);
    (await TestClient.connect(url)).send("x");
    await errors.one();
    await until("logged", () => lines.some((line) => line.includes('listener of "error"')));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines.filter((line) => line.includes('listener of "error"'))).toEqual(['a listener of "error" failed: boom']);
    expect(errors.all).toHaveLength(1);
  });

  test("a handler that throws, or answers by a promise, is reported and the next message is delivered", async () => {
    class Failing extends WebsocketHandler {
      protected override messageReceived(message: string): Packet | undefined {
        if (message === "throw") boom();
        if (message === "reject") return reject() as never;
        return { data: message, timestamp: new Date() };
      }
    }
    const { url, errors, messages } = await serve({ handler: new Failing() });
    const client = await TestClient.connect(url);
    for (const text of ["throw", "reject", "fine"]) client.send(text);
    expect((await messages.one()).message).toBe("fine");
    expect(errors.all.map(({ error }) => [error.code, error.message])).toEqual([
      ["LISTENER_FAILED", "handler.messageReceived failed: boom"],
      ["LISTENER_FAILED", "handler.messageReceived failed: it returned a promise, which would reorder messages"],
    ]);
    expect(errors.all[0]?.connection).toBeDefined();
  });

  test("a connection manager that fails is reported", async () => {
    class Failing extends ConnectionManager<never> {
      override add(): void {
        boom();
      }
      override remove(): Promise<void> {
        return reject();
      }
    }
    const { url, errors, connections } = await serve({ connectionManager: new Failing() });
    const client = await TestClient.connect(url);
    await connections.one(({ type }) => type === "connected");
    client.socket.close();
    await errors.has(2);
    expect(errors.all.map(({ error }) => error.message)).toEqual([
      "connectionManager.add failed: boom",
      "connectionManager.remove failed: boom",
    ]);
  });

  test.each([
    ["throws", boom],
    ["answers by a promise", () => Promise.resolve({ value: {} })],
    ["answers nonsense", () => undefined],
  ])("a schema that %s is reported as INVALID_PACKET and the connection goes on", async (_, validate) => {
    const { url, errors, connections } = await serve({
      packet: { "~standard": { version: 1, vendor: "test", validate: validate as never } },
    });
    const client = await TestClient.connect(url);
    client.send('{"data":"x"}');
    expect((await errors.one()).error.code).toBe("INVALID_PACKET");
    expect(connections.all.at(-1)?.connection.state).toBe("open");
  });

  test("a logger that throws is reported, and nothing else changes", async () => {
    const { url, errors, messages } = await serve({ logger: { debug: boom, info: boom, warn: boom, error: boom } });
    (await TestClient.connect(url)).send("x");
    expect((await messages.one()).message).toBe("x");
    expect(new Set(errors.all.map(({ error }) => error.message))).toEqual(new Set(["option logger failed: boom"]));
  });

  test("a listener that closes its own connection, stops the server or removes itself does no harm", async () => {
    const { server, url, connections } = await serve();
    server.once("message", ({ connection }) => void connection?.close(4000, "first"));
    const first = await TestClient.connect(url);
    first.send("a");
    first.send("b");
    expect(await first.closed).toEqual({ code: 4000, reason: "first" });
    server.on("message", () => server.stop());
    const second = await TestClient.connect(url);
    second.send("c");
    expect((await second.closed).code).toBe(1001);
    await connections.has(2, ({ type }) => type === "disconnected");
  });
});
