import { describe, expect, test } from "vitest";
import { serve, serveAuth, TestClient } from "./support/harness.ts";

const CONNECTION = Symbol("the first connection");

/** A server with two clients, and every method that takes the options of a broadcast. */
async function crowd() {
  const { server, url, connections, messages } = await serveAuth<string>({}, { getId: (token) => token });
  const clients = [await TestClient.connect(`${url}/room/ada`), await TestClient.connect(`${url}/room/bob`)];
  const [first] = await connections.has(2, ({ type }) => type === "connected");
  const methods = {
    broadcast: server.broadcast.bind(server),
    broadcastRaw: server.broadcastRaw.bind(server),
    broadcastToAllAuthorizedUsers: server.broadcastToAllAuthorizedUsers.bind(server),
    broadcastToAllAuthorizedUsersRaw: server.broadcastToAllAuthorizedUsersRaw.bind(server),
  };
  return { clients, messages, methods, first: first?.connection };
}

describe("the options of a broadcast", () => {
  test.each([
    ["a misspelt option", { exept: CONNECTION }, /option exept: unknown; known are except, channel/],
    ["a connection itself", CONNECTION, /use \{ except: connection \}/],
    ["a list to leave out", { except: [CONNECTION] }, /option except: expected one connection.*got a list/],
    ["the id of a connection", { except: "id" }, /option except: expected one connection.*got "id"/],
    ["null to leave out", { except: null }, /option except: .*got null/],
    ["a channel that is no text", { channel: 7 }, /option channel: expected a connection's channel.*; got 7/],
    ["a path for a channel", { channel: "/room/42" }, /option channel: expected .* no slash in front; got "\/room\/42"/],
    ["a list", [CONNECTION], /option options: expected an object, such as \{ except: connection \}; got a list/],
    ["null", null, /option options: expected an object; got null/],
    ["a text", "room", /option options: expected an object; got "room"/],
  ])("are refused when they are %s, by every method, and nothing is sent", async (_, given, message) => {
    const { clients, messages, methods, first } = await crowd();
    const options = fill(given, first);
    for (const broadcast of Object.values(methods)) {
      await expect(broadcast("secret", options as never)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(message),
      });
    }
    await methods.broadcastRaw("the end");
    for (const client of clients) expect(await client.hears(1)).toEqual(["the end"]);
    expect(messages.all).toMatchObject([{ message: "the end", recipients: 2 }]);
  });

  test("may be left out or undefined, each of them too", async () => {
    const { methods } = await crowd();
    for (const broadcast of Object.values(methods)) {
      expect(await broadcast("to all")).toBe(2);
      expect(await broadcast("to all", undefined)).toBe(2);
      expect(await broadcast("to all", { except: undefined, channel: undefined })).toBe(2);
    }
  });

  test("take a connection that is closed, or of another server: nobody is left out", async () => {
    const { methods } = await crowd();
    const other = await serve();
    const client = await TestClient.connect(other.url);
    const { connection } = await other.connections.one(({ type }) => type === "connected");
    client.socket.close();
    await other.connections.one(({ type }) => type === "disconnected");
    expect(await methods.broadcast("to all", { except: connection as never })).toBe(2);
  });

  test("do no harm when they are wrong and nobody waits", async () => {
    const { server } = await serve();
    void server.broadcast("text", { exept: 1 } as never);
    expect(await server.broadcast("text")).toBe(0);
  });
});

/** The options with the connection in the place of its symbol. */
function fill(given: unknown, connection: unknown): unknown {
  if (given === CONNECTION) return connection;
  if (Array.isArray(given)) return given.map((value) => fill(value, connection));
  if (typeof given !== "object" || given === null) return given;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, fill(value, connection)]));
}
