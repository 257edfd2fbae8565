import { connect } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { upgradeRequest } from "../../../testkit/raw-socket.ts";
import { serve, serveAuth, TestClient, until } from "./support/harness.ts";

/** Things that cannot be turned into a text. */
const UNPRINTABLE: [string, () => unknown][] = [
  ["an object without a prototype", () => Object.create(null)],
  ["a symbol", () => Symbol("x")],
  [
    "an error whose message throws",
    () =>
      Object.defineProperty(new Error(), "message", {
        get: () => {
          throw new Error("no");
        },
      }),
  ],
  ["an error whose message is no text", () => Object.assign(new Error(), { message: { replaceAll: 1 } })],
  [
    "a revoked proxy",
    () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
  ],
];

describe("what cannot be shown", () => {
  test.each(UNPRINTABLE)("%s, thrown by a listener, is reported, and the server stops", async (_what, make) => {
    const { server, url, errors } = await serve();
    const fail = (): never => {
      throw make();
    };
    server.on("connection", fail).on("message", fail);
    (await TestClient.connect(url)).send("x");
    await errors.has(3);
    expect(errors.all[0]?.error.code).toBe("LISTENER_FAILED");
    await server.stop();
  });

  test.each(UNPRINTABLE)("%s, thrown by the user service, is a 503", async (_what, make) => {
    const { url, errors } = await serveAuth(
      {},
      {
        getId: () => {
          throw make();
        },
      },
    );
    await expect(TestClient.connect(`${url}/token`)).rejects.toThrow(/503/);
    expect((await errors.one()).error.code).toBe("USER_SERVICE_FAILED");
  });
});

describe("a client that says goodbye while it is being judged", () => {
  test("leaves no socket behind, so that others are let in", async () => {
    const limits = { maxConnections: 5 };
    const { server, port, url } = await serveAuth<number>(
      { limits },
      { getId: (token) => (token === "ok" ? 1 : new Promise(() => {})) },
    );
    const goodbyes = Array.from({ length: 5 }, () => {
      const socket = connect(port, "127.0.0.1");
      socket.end(upgradeRequest("/token"));
      return new Promise((resolve) => socket.once("close", resolve).on("error", () => {}));
    });
    await Promise.all(goodbyes);
    await until("room again", () => server.stats().pendingHandshakes === 0);
    await TestClient.connect(`${url}/ok`);
  });
});

describe("a logger that fails", () => {
  test("by rejecting is reported and harms nobody", async () => {
    const fail = async (): Promise<never> => {
      throw new Error("disk full");
    };
    const { url, errors } = await serve({ logger: { debug: fail, info: fail, warn: fail, error: fail } });
    await TestClient.connect(url);
    expect((await errors.one()).error).toMatchObject({ code: "LISTENER_FAILED", message: expect.stringContaining("disk full") });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("x");
      },
    ],
    ["rejects", () => Promise.reject(new Error("x"))],
  ])("together with an error listener that %s does not go round in circles", async (_how, fail) => {
    let calls = 0;
    const failing = (): unknown => {
      calls++;
      return fail();
    };
    const { server, url } = await serve({ logger: { debug: failing, info: failing, warn: failing, error: failing } as never });
    server.on("error", failing);
    server.on("message", failing);
    const client = await TestClient.connect(url);
    client.send("x");
    await until("told", () => calls > 3);
    await server.stop();
    expect(calls).toBeLessThan(50);
  });
});

describe("a fault of the application that nobody is told of", () => {
  test("is printed, but not when there is a logger or a listener for errors", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const fail = (): never => {
      throw new Error("my own fault");
    };
    const { server, url } = await serve();
    server.removeAllListeners("error");
    server.on("message", fail);
    const client = await TestClient.connect(url);
    client.send("x");
    await until("printed", () => printed.mock.calls.length === 1);
    expect(printed.mock.calls[0]?.[0]).toMatchObject({
      code: "LISTENER_FAILED",
      message: 'a listener of "message" failed: my own fault',
      cause: { message: "my own fault" },
    });
    const told = new Promise((resolve) => server.on("error", resolve));
    client.send("x");
    await told;
    expect(printed).toHaveBeenCalledOnce();
    printed.mockRestore();
  });
});

describe("a packet that throws when it is looked at", () => {
  test("is a fault of the schema's, told by error, and harms nobody", async () => {
    const throwing = {
      get data(): string {
        throw new Error("a getter of a schema");
      },
      timestamp: new Date(),
    };
    const packet = { "~standard": { version: 1 as const, vendor: "test", validate: () => ({ value: throwing }) } };
    const { server, url, errors, connections } = await serve({ packet: packet as never });
    const client = await TestClient.connect(url);
    client.send("from the peer");
    expect((await errors.one()).error).toMatchObject({ code: "LISTENER_FAILED", cause: { message: "a getter of a schema" } });
    await (await connections.one(({ type }) => type === "connected")).connection.sendRaw("from here");
    await errors.has(2);
    for (const thrown of [undefined, null]) {
      const input = {
        get data(): string {
          throw thrown;
        },
      };
      await expect(server.broadcast(input as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    expect(await client.hears(1)).toEqual(["from here"]);
  });

  test("are bytes that were transferred: a wrong argument, told as such", async () => {
    const { server, errors } = await serve();
    const bytes = new Uint8Array(8);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await expect(server.broadcastRaw(bytes)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((await errors.one()).error.code).toBe("INVALID_ARGUMENT");
  });
});

describe("a listener that hands on the promise of a send", () => {
  test("has not failed when that is not sent", async () => {
    const { server, url, errors } = await serve();
    server.on("connection", ({ connection }) => connection.send("hello"));
    const client = await TestClient.connect(url);
    await client.hears(1);
    client.socket.close();
    await until("gone", () => server.connections.size === 0);
    await server.stop();
    expect(errors.all).toEqual([]);
  });
});

describe("a server that is being disposed of", () => {
  test("is not started any more", async () => {
    const { server } = await serve();
    const disposing = server.dispose();
    await expect(server.start()).rejects.toMatchObject({
      code: "INVALID_STATE",
      message: expect.stringContaining("make a new one"),
    });
    await disposing;
    expect(server.address).toBeUndefined();
  });
});

describe("a peer that was thrown out", () => {
  test("is not heard any more, though its messages are here already", async () => {
    const { server, url, messages } = await serve();
    server.on("message", ({ type, connection }) => type === "received" && connection?.terminate());
    const client = await TestClient.connect(url);
    for (let n = 0; n < 1_000; n++) client.send("x");
    await until("gone", () => server.connections.size === 0);
    expect(messages.all).toHaveLength(1);
  });
});

describe("a schema that rejects", () => {
  test("is reported, message by message, and harms nobody", async () => {
    const packet = { "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("later")) } } as never;
    const { url, errors } = await serve({ packet });
    (await TestClient.connect(url)).send('{"data":"x"}');
    expect((await errors.one()).error).toMatchObject({
      code: "INVALID_PACKET",
      message: expect.stringContaining("asynchronous"),
    });
  });
});
