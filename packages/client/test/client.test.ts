import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ScriptedWebSocket } from "../../../testkit/scripted-websocket.ts";
import { WebsocketClient } from "../src/index.ts";
import { connected, expectNoTimers, pass, scriptedClient } from "./scripted.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  ScriptedWebSocket.forget();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("connecting", () => {
  it("resolves when the socket is open, and tells so", async () => {
    const { client, log } = scriptedClient();
    const connecting = client.connect();
    expect(client.state).toBe("connecting");
    await pass();
    ScriptedWebSocket.last.open();
    await connecting;
    expect(client.state).toBe("connected");
    expect(log).toEqual(["connecting", "connected"]);
    client.dispose();
    expectNoTimers();
  });

  it("is one attempt however often it is asked for", async () => {
    const { client } = scriptedClient();
    const both = Promise.all([client.connect(), client.connect()]);
    await pass();
    ScriptedWebSocket.last.open();
    await both;
    await client.connect();
    expect(ScriptedWebSocket.all).toHaveLength(1);
    client.dispose();
  });

  it("takes a signal in an object, and says so to whoever hands it over bare", async () => {
    const { client } = scriptedClient();
    for (const wrong of [new AbortController().signal, { sginal: 1 }, { signal: 5 }, 5000]) {
      await expect(client.connect(wrong as never)).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: "connect: expected nothing, or { signal }",
      });
    }
    expect(client.state).toBe("disconnected");
  });

  it("keeps trying until the server is there", async () => {
    const { client, log } = scriptedClient();
    const connecting = client.connect();
    for (let n = 0; n < 3; n++) {
      await pass();
      ScriptedWebSocket.last.breakOff();
      await pass(1_000);
    }
    ScriptedWebSocket.last.open();
    await connecting;
    expect(log.filter((line) => line === "error CONNECT_FAILED")).toHaveLength(3);
    client.dispose();
  });

  it("rejects with the last failure when maxAttempts is reached", async () => {
    const { client } = scriptedClient({ reconnect: { maxAttempts: 2 } });
    const connecting = expect(client.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    await pass();
    ScriptedWebSocket.last.breakOff();
    await pass(500);
    ScriptedWebSocket.last.breakOff();
    await connecting;
    expect(ScriptedWebSocket.all).toHaveLength(2);
    expect(client.state).toBe("disconnected");
    expectNoTimers();
  });

  it("rejects at the first failure when it shall not come back", async () => {
    const { client } = scriptedClient({ reconnect: false });
    const connecting = expect(client.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    await pass();
    ScriptedWebSocket.last.breakOff();
    await connecting;
    await pass(60_000);
    expect(ScriptedWebSocket.all).toHaveLength(1);
  });

  it("gives up a socket that neither opens nor fails, and ignores what comes of it later", async () => {
    const { client, log } = scriptedClient({ connectTimeoutMs: 1_000 });
    client.connect().catch(() => {});
    await pass(1_000);
    const late = ScriptedWebSocket.last;
    expect(log).toEqual(["connecting", "error CONNECT_FAILED", "reconnecting 1006"]);
    expect(late.closed).toBeDefined();
    late.open();
    late.receive("x");
    late.breakOff();
    expect(log).toHaveLength(3);
    client.dispose();
  });

  it("stops when the signal is aborted, before and while connecting", async () => {
    const { client, log } = scriptedClient();
    await expect(client.connect({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(log).toEqual([]);
    const controller = new AbortController();
    const connecting = expect(client.connect({ signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
      cause: "enough",
    });
    await pass();
    controller.abort("enough");
    await connecting;
    expect(log).toEqual(["connecting", "disconnected 1000 aborted"]);
    expectNoTimers();
  });

  it("leaves an open connection alone when the signal is aborted later", async () => {
    const { client } = scriptedClient();
    const controller = new AbortController();
    const connecting = client.connect({ signal: controller.signal });
    await pass();
    ScriptedWebSocket.last.open();
    await connecting;
    controller.abort();
    expect(client.state).toBe("connected");
    client.dispose();
  });

  it("that its own disconnect or dispose ends does no harm when nobody handles it", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    const { client } = scriptedClient();
    void client.connect();
    void client.send("x");
    await client.disconnect();
    void client.connect();
    client.dispose();
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it("refuses after dispose", async () => {
    const { client } = scriptedClient();
    client.dispose();
    await expect(client.connect()).rejects.toMatchObject({ code: "INVALID_STATE" });
    expect(client.state).toBe("disposed");
  });

  it("can be done again after disconnecting, also while that is under way", async () => {
    const { client, socket, log } = await connected();
    const over = client.disconnect();
    const again = client.connect();
    await pass();
    await over;
    expect(ScriptedWebSocket.all).toHaveLength(2);
    ScriptedWebSocket.last.open();
    await again;
    socket.breakOff(1000);
    expect(log).toEqual(["disconnected 1000", "connecting", "connected"]);
    client.dispose();
  });

  it("again, while disconnecting is under way, is no end of the messages", async () => {
    const { client } = await connected();
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const { message } of client) seen.push(message);
    })();
    void client.disconnect();
    void client.connect();
    await pass();
    ScriptedWebSocket.last.open();
    ScriptedWebSocket.last.receive("after");
    await pass();
    expect(seen).toEqual(["after"]);
    client.dispose();
    await reading;
  });

  it("says clearly when there is no WebSocket here or the page forbids one", async () => {
    class Forbidden extends ScriptedWebSocket {
      constructor(url: string) {
        super(url);
        throw new Error("SecurityError: insecure");
      }
    }
    const { client } = scriptedClient({ webSocket: Forbidden });
    await expect(client.connect()).rejects.toMatchObject({ code: "REFUSED", message: expect.stringContaining("insecure") });
  });
});

describe("coming back", () => {
  it("is asked for from within a listener of the end", async () => {
    const { client, socket } = await connected();
    const again = new Promise<void>((resolve, reject) => {
      client.once("connection", () => client.connect().then(resolve, reject));
    });
    socket.breakOff(1000);
    await pass();
    ScriptedWebSocket.last.open();
    await again;
    client.dispose();
  });

  it("after the connection broke, with a delay, and tells what happened", async () => {
    const { client, socket, log } = await connected();
    await pass(5_000);
    socket.breakOff(1006);
    expect(log).toEqual(["error CONNECTION_LOST", "reconnecting 1006"]);
    expect(client.state).toBe("reconnecting");
    await pass(249);
    expect(ScriptedWebSocket.all).toHaveLength(1);
    await pass(1);
    ScriptedWebSocket.last.open();
    expect(log.slice(2)).toEqual(["connecting", "connected"]);
    client.dispose();
    expectNoTimers();
  });

  it("does not loop hot when connections open and close at once", async () => {
    const { client } = scriptedClient();
    client.connect().catch(() => {});
    await pass();
    const before = Date.now();
    while (Date.now() - before < 60_000) {
      const socket = ScriptedWebSocket.last;
      if (socket.readyState === 0) {
        socket.open();
        socket.breakOff(1001);
      }
      await pass(50);
    }
    // 0.25 + 0.5 + 1 + 2 + 4 + 8 + 15 + 15 + 15 s at half the bound
    expect(ScriptedWebSocket.all.length).toBeLessThanOrEqual(10);
    client.dispose();
    expectNoTimers();
  });

  it.each([
    [1001, ""],
    [1005, ""],
    [1012, ""],
    [3000, ""],
    [4000, ""],
    [1002, "CONNECTION_LOST"],
    [1009, "CONNECTION_LOST"],
    [1011, "CONNECTION_LOST"],
    [4408, "CONNECTION_LOST"],
    [4429, "CONNECTION_LOST"],
  ])("comes back after %i, and tells an error where something may be lost: %s", async (code, error) => {
    const { client, socket, log } = await connected();
    socket.breakOff(code, "why");
    expect(log).toEqual([...(error ? [`error ${error}`] : []), `reconnecting ${code} why`]);
    client.dispose();
  });

  it.each([
    [4403, "REFUSED"],
    [4401, "UNAUTHORIZED"],
  ])("stops for good on %i", async (code, error) => {
    const { client, socket, log } = await connected();
    socket.breakOff(code, "no");
    await pass(120_000);
    expect(log).toEqual([`error ${error}`, `disconnected ${code} no`]);
    expect(ScriptedWebSocket.all).toHaveLength(1);
    expectNoTimers();
    client.dispose();
  });

  it("stops without an error when the server says that it is done (1000)", async () => {
    const { client, socket, log } = await connected();
    socket.breakOff(1000, "bye");
    await pass(120_000);
    expect(log).toEqual(["disconnected 1000 bye"]);
    client.dispose();
  });

  it("is not told by a superseded socket", async () => {
    const { client, socket, log } = await connected();
    socket.breakOff();
    await pass(250);
    const second = ScriptedWebSocket.last;
    second.open();
    log.length = 0;
    socket.receive("from the grave");
    socket.breakOff();
    socket.open();
    expect(log).toEqual([]);
    expect(client.state).toBe("connected");
    client.dispose();
  });
});

describe("a superseded socket", () => {
  type Client = Awaited<ReturnType<typeof connected>>["client"];
  it.each<[string, (client: Client, socket: ScriptedWebSocket) => unknown]>([
    ["disconnecting", (client) => void client.disconnect()],
    ["reconnecting", (_client, socket) => socket.breakOff()],
    ["disconnected", (_client, socket) => socket.breakOff(1000)],
    ["disposed", (client) => client.dispose()],
  ])("changes nothing while %s", async (state, lead) => {
    const { client, socket: first, log } = await connected();
    first.breakOff();
    await pass(250);
    ScriptedWebSocket.last.open();
    log.length = 0;
    lead(client, ScriptedWebSocket.last);
    expect(client.state).toBe(state);
    const before = [...log];
    first.open();
    first.receive("late");
    first.breakOff(1000);
    expect({ state: client.state, log }).toEqual({ state, log: before });
    client.dispose();
  });

  it.each<[string, (client: Client, socket: ScriptedWebSocket) => unknown]>([
    ["a failure", (_client, socket) => socket.breakOff()],
    ["the server's end", (_client, socket) => socket.breakOff(1000)],
    ["dispose", (client) => client.dispose()],
  ])("is deaf and closed after %s", async (_what, end) => {
    const { client, socket } = await connected();
    end(client, socket);
    expect([socket.onopen, socket.onmessage, socket.onclose]).toEqual([null, null, null]);
    expect(socket.closed).toBeDefined();
    client.dispose();
  });
});

describe("the token", () => {
  it("is asked for anew at every attempt", async () => {
    let n = 0;
    const token = vi.fn(() => Promise.resolve(`token ${++n}`));
    const { client, socket } = await connected({ tokenIn: "query" }, token);
    expect(socket.url).toContain("access_token=token+1");
    socket.breakOff();
    await pass(250);
    expect(ScriptedWebSocket.last.url).toContain("access_token=token+2");
    expect(token.mock.calls).toEqual([[{ fresh: false }], [{ fresh: false }]]);
    client.dispose();
  });

  it("is asked for once more after a 4401, at once and past any cache; then it is over", async () => {
    const token = vi.fn(() => "t");
    const { client, socket, log } = await connected({}, token);
    socket.breakOff(4401, "expired");
    await pass();
    expect(token).toHaveBeenLastCalledWith({ fresh: true });
    ScriptedWebSocket.last.open();
    ScriptedWebSocket.last.breakOff(4401, "no");
    await pass(120_000);
    expect(ScriptedWebSocket.all).toHaveLength(2);
    expect(log.at(-1)).toBe("disconnected 4401 no");
    client.dispose();
  });

  it("is asked for past any cache by the attempt after the refusal only", async () => {
    const token = vi.fn(() => "t");
    const { client, socket } = await connected({}, token);
    socket.breakOff(4401, "expired");
    await pass();
    ScriptedWebSocket.last.breakOff();
    await pass(500);
    expect(token.mock.calls).toEqual([[{ fresh: false }], [{ fresh: true }], [{ fresh: false }]]);
    client.dispose();
  });

  it("that is refused is never taken for a connection where the server says so by the subprotocol", async () => {
    const token = vi.fn(() => "s3cret");
    const { client, log } = scriptedClient({ tokenIn: "subprotocol", subprotocols: ["chat"] }, token);
    const connecting = expect(client.connect()).rejects.toMatchObject({ code: "UNAUTHORIZED", closeCode: 4401 });
    for (let n = 0; n < 2; n++) {
      await pass();
      expect(ScriptedWebSocket.last.protocols).toContain("websockets-simple.refused");
      ScriptedWebSocket.last.open("websockets-simple.refused");
      expect(client.state).toBe("connecting");
      ScriptedWebSocket.last.breakOff(4401, "unauthorized: s3cret is no token");
    }
    await connecting;
    expect(log.filter((line) => !/^(error|disconnected)/.test(line))).toEqual([
      "connecting",
      "reconnecting 4401 unauthorized: [token] is no token",
      "connecting",
    ]);
    expect(token.mock.calls).toEqual([[{ fresh: false }], [{ fresh: true }]]);
    expectNoTimers();
  });

  it.each([1000, 1001, 1006])(
    "that is refused by the subprotocol is refused whatever the server closes with: %i",
    async (code) => {
      const { client, log } = scriptedClient({ tokenIn: "subprotocol" }, "t");
      const connecting = expect(client.connect()).rejects.toMatchObject({ code: "UNAUTHORIZED", closeCode: 4401 });
      await pass();
      ScriptedWebSocket.last.open("websockets-simple.refused");
      ScriptedWebSocket.last.receive("who are you?");
      ScriptedWebSocket.last.breakOff(code);
      await connecting;
      expect(log).toEqual(["connecting", "received who are you?", "error UNAUTHORIZED", "disconnected 4401"]);
      expectNoTimers();
    },
  );

  it("is shown by no event that bears a server's close reason, nor are control characters", async () => {
    const { socket, log } = await connected({}, "s3cret");
    socket.breakOff(4403, "no s3cret\nFAKE LOG LINE");
    expect(log).toEqual(["error REFUSED", "disconnected 4403 no [token] FAKE LOG LINE"]);
  });

  it("is not shown when the server picks the name that bears it", async () => {
    const { client } = scriptedClient({ tokenIn: "subprotocol", subprotocols: ["chat"] }, "s3cret");
    const connecting = client.connect().catch((error: Error) => error);
    await pass();
    ScriptedWebSocket.last.open(ScriptedWebSocket.last.protocols.at(-1));
    const { message } = (await connecting) as Error;
    expect(message).toContain('picked subprotocol "websockets-simple.token.[token]"');
  });

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    ["rejects", () => Promise.reject(new Error("boom"))],
    ["answers with no string", () => undefined],
  ])("a function that %s is reported and tried again", async (_what, fails) => {
    const token = vi
      .fn<() => string>()
      .mockReturnValue("t")
      .mockImplementationOnce(fails as () => string);
    const { client, log } = scriptedClient({}, token);
    const connecting = client.connect();
    await pass();
    expect(log).toEqual(["connecting", "error TOKEN_FAILED", "reconnecting 1006"]);
    await pass(250);
    ScriptedWebSocket.last.open();
    await connecting;
    client.dispose();
  });

  it("that never comes is given up, and opens no socket when it comes after all", async () => {
    let late: (token: string) => void = () => {};
    const token = vi
      .fn<() => string | Promise<string>>()
      .mockReturnValue("t")
      .mockImplementationOnce(
        () =>
          new Promise((resolve) => {
            late = resolve;
          }),
      );
    const { client, log } = scriptedClient({ connectTimeoutMs: 1_000 }, token);
    client.connect().catch(() => {});
    await pass(1_000);
    expect(log).toEqual(["connecting", "error CONNECT_FAILED", "reconnecting 1006"]);
    late("late");
    await pass();
    expect(ScriptedWebSocket.all).toHaveLength(0);
    client.dispose();
  });

  it("travels as the first message when told so, before anything else", async () => {
    const { client } = scriptedClient({ tokenIn: "message" }, "t0ken");
    client.on("connection", ({ type }) => type === "connected" && client.sendRaw("second"));
    const connecting = client.connect();
    await pass();
    client.sendRaw("first of the outbox");
    ScriptedWebSocket.last.open();
    await connecting;
    expect(ScriptedWebSocket.last.sent).toEqual(["t0ken", "first of the outbox", "second"]);
    client.dispose();
  });
});

describe("the application's subprotocol", () => {
  it("is the one that the server picked", async () => {
    const { client } = scriptedClient({ subprotocols: ["v2", "v1"] }, "t");
    const connecting = client.connect();
    await pass();
    expect(ScriptedWebSocket.last.protocols.slice(0, 2)).toEqual(["v2", "v1"]);
    ScriptedWebSocket.last.open("v1");
    await connecting;
    expect(client.subprotocol).toBe("v1");
    client.dispose();
    expect(client.subprotocol).toBe("");
  });

  it.each(["", "v3"])("must be one that was asked for, not %j", async (picked) => {
    const { client } = scriptedClient({ subprotocols: ["v2", "v1"] });
    const connecting = expect(client.connect()).rejects.toMatchObject({
      code: "REFUSED",
      message: expect.stringContaining("v2, v1 (option subprotocols)"),
    });
    await pass();
    ScriptedWebSocket.last.open(picked);
    await connecting;
    expect(ScriptedWebSocket.last.closed).toBeDefined();
  });

  it("is empty when only the token's was agreed upon", async () => {
    const { client } = scriptedClient({ tokenIn: "subprotocol" }, "t");
    const connecting = client.connect();
    await pass();
    ScriptedWebSocket.last.open("websockets-simple.token");
    await connecting;
    expect(client.subprotocol).toBe("");
    client.dispose();
  });
});

describe("disconnecting", () => {
  it("closes with code and reason and resolves when the server has answered", async () => {
    const { client, socket, log } = await connected();
    const over = vi.fn();
    client.disconnect(4000, "why").then(over);
    expect(socket.closed).toEqual([4000, "why"]);
    expect(client.state).toBe("disconnecting");
    await pass(100);
    expect(over).not.toHaveBeenCalled();
    socket.breakOff(4000, "why");
    await pass();
    expect(over).toHaveBeenCalled();
    expect(log).toEqual(["disconnected 4000 why"]);
    expectNoTimers();
  });

  it("does not wait for ever for the answer", async () => {
    const { client, log } = await connected({ closeTimeoutMs: 700 });
    const over = client.disconnect();
    await pass(700);
    await over;
    expect(log).toEqual(["disconnected 1006 no answer to the close frame"]);
    expectNoTimers();
  });

  it("ends a wait for the next attempt", async () => {
    const { client, socket, log } = await connected();
    socket.breakOff();
    await client.disconnect();
    await pass(60_000);
    expect(log.slice(2)).toEqual(["disconnected 1000"]);
    expect(ScriptedWebSocket.all).toHaveLength(1);
  });

  it("does nothing when there is nothing to end", async () => {
    const { client, log } = scriptedClient();
    await client.disconnect();
    expect(log).toEqual([]);
  });

  it("refuses codes and reasons that a browser would refuse", async () => {
    const { client } = await connected();
    await expect(client.disconnect(1001)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(client.disconnect(1000, "x".repeat(124))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(client.state).toBe("connected");
    client.dispose();
  });

  it("is done by `await using`, and at once by dispose", async () => {
    const { client, socket, log } = await connected();
    const over = client[Symbol.asyncDispose]();
    socket.breakOff(1000);
    await over;
    expect(client.state).toBe("disposed");
    expect(log).toEqual(["disconnected 1000"]);
    const second = await connected();
    second.client[Symbol.dispose]();
    expect(second.socket.closed).toEqual([1000, ""]);
    expect(second.log).toEqual(["disconnected 1000"]);
    expectNoTimers();
  });
});

describe("a listener of `connection`", () => {
  it("that fails in a subclass which throws at that, too, does not stop the client", async () => {
    class Careless extends WebsocketClient {
      protected override listenerFailed(_event: never, thrown: unknown): void {
        throw thrown;
      }
    }
    const client = new Careless({ url: "ws://server", webSocket: ScriptedWebSocket, heartbeat: false });
    const fail = (): never => {
      throw new Error("boom");
    };
    client.once("connection", fail).once("error", fail);
    const types: string[] = [];
    client.on("connection", ({ type }) => types.push(type));
    expect(() => client.connect()).toThrow("boom");
    await pass();
    client.dispose();
    expect(types.at(-1)).toBe("disconnected");
    expect(client.listenerCount("connection")).toBe(0);
  });

  /** A client that calls `act` in its first listener of `connected`, and the socket that is open then. */
  const whenConnected = async (act: (client: WebsocketClient) => unknown, signal?: AbortSignal) => {
    const { client, log } = scriptedClient();
    let once = true;
    client.on("connection", ({ type }) => {
      if (type !== "connected" || !once) return;
      once = false;
      act(client);
    });
    const connecting = client.connect({ signal });
    await pass();
    ScriptedWebSocket.last.open();
    await connecting;
    return { client, log, socket: ScriptedWebSocket.all[0] as ScriptedWebSocket };
  };

  it("that awaits disconnect() goes on when it is over, not before", async () => {
    const states: string[] = [];
    const { socket } = await whenConnected(async (client) => {
      const over = client.disconnect();
      states.push(client.state);
      await over;
      states.push(client.state);
    });
    await pass(100);
    expect(states).toEqual(["disconnecting"]);
    socket.breakOff(1000);
    await pass();
    expect(states).toEqual(["disconnecting", "disconnected"]);
    expectNoTimers();
  });

  it("that disconnects and connects has a new connection", async () => {
    const states: string[] = [];
    const { client, log } = await whenConnected(async (client) => {
      void client.disconnect();
      const again = client.connect();
      states.push(client.state);
      await again;
      states.push(client.state);
    });
    await pass();
    expect(states).toEqual(["connecting"]);
    ScriptedWebSocket.last.open();
    await pass();
    expect(states).toEqual(["connecting", "connected"]);
    expect(log).toEqual(["connecting", "connected", "disconnected 1000", "connecting", "connected"]);
    expect(ScriptedWebSocket.all).toHaveLength(2);
    client.dispose();
  });

  it("that aborts what just succeeded leaves the connection alone", async () => {
    const controller = new AbortController();
    const { client, socket } = await whenConnected(() => controller.abort(), controller.signal);
    expect(client.state).toBe("connected");
    expect(socket.closed).toBeUndefined();
    client.dispose();
  });

  it("that disposes has ended all at once, and all are told", async () => {
    const outcomes: unknown[] = [];
    const { client, log, socket } = await whenConnected((client) => {
      client.dispose();
      outcomes.push(client.state, ScriptedWebSocket.last.closed !== undefined);
      client.send("too late").catch(({ code }) => outcomes.push(code));
      client.connect().catch(({ code }) => outcomes.push(code));
    });
    expect(outcomes).toEqual(["disposed", true, "NOT_SENT", "INVALID_STATE"]);
    expect(socket.sent).toEqual([]);
    expect(log).toEqual(["connecting", "connected", "disconnected 1000"]);
    expect(client.eventNames()).toEqual([]);
    expectNoTimers();
  });

  it("of `connecting` that ends it keeps the token from being asked for", async () => {
    const token = vi.fn(() => "t");
    const { client } = scriptedClient({}, token);
    client.on("connection", ({ type }) => type === "connecting" && client.disconnect());
    await expect(client.connect()).rejects.toMatchObject({ code: "ABORTED" });
    await pass();
    expect(token).not.toHaveBeenCalled();
    expect(client.state).toBe("disconnected");
  });
});

describe("options", () => {
  it.each<[object, string]>([
    [{}, "option url"],
    [{ url: "ws://a", wire: "session" }, 'option wire: expected one of classic; got "session"'],
    [{ url: "ws://a", query: new URLSearchParams("a=1") }, "option query: expected an object of strings; got an object"],
    [{ url: "ws://a", query: { a: 1 } }, "option query: expected an object of strings"],
    [{ url: "ws://a", query: null }, "option query: expected an object of strings; got null"],
    [
      { url: "ws://a", reconnect: { maxDelayMs: 0 } },
      "option reconnect.maxDelayMs: expected a whole number from 1 to 2147483647; got 0",
    ],
    [
      { url: "ws://a", outbox: { maxMessages: 2e6 } },
      "option outbox.maxMessages: expected a whole number from 1 to 1000000; got 2000000",
    ],
    [{ url: "ws://a", heartbeat: { intervalMs: 1 } }, "option heartbeat.intervalMs"],
    [{ url: "ws://a", subprotocols: ["a b"] }, "option subprotocols"],
    [{ url: "ws://a", subprotocols: ["a", "b", "a"] }, "option subprotocols: expected a list of different names"],
    [{ url: "ws://a", subprotocols: ["websockets-simple.refused"] }, "none of websockets-simple.*"],
    [
      { url: "ws://a", tokenIn: "cookie" },
      'option tokenIn: expected one of header, subprotocol, path, query, message; got "cookie"',
    ],
    [{ url: "ws://a", packetCasing: "snake" }, 'option packetCasing: expected one of camel, pascal; got "snake"'],
    [{ url: "ws://a", packet: {} }, "option packet: expected a Standard Schema"],
    [{ url: "ws://a", webSocket: {} }, "option webSocket"],
    [{ url: "ws://a", reconect: true }, "option reconect: unknown; known are url,"],
    [{ url: "ws://a", maxPayload: 0 }, "option maxPayload"],
    [{ url: "ws://a", maxPayload: 2 ** 31 }, "option maxPayload: expected a whole number from 1 to 2147483647"],
    [{ url: "localhost:8989" }, "option url: expected ws(s)://"],
    [{ url: "localhost:8989" }, "got the scheme localhost:"],
    [{ url: "/chat" }, "got no absolute URL"],
    [{ url: "ws://a:b@c" }, "got credentials"],
    [{ url: "ws://a/#b" }, "got a fragment"],
    [{ url: "ws://a", port: 1 }, "got both"],
    [{ host: "localhost:8989" }, "got a wrong host"],
  ])("%j: %s", (options, message) => {
    expect(() => new WebsocketClient(options as never)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it("takes a string or a function for a token, and shows neither in an error", () => {
    expect(() => new WebsocketClient({ url: "ws://a" }, 5 as never)).toThrow(
      expect.objectContaining({ message: expect.stringContaining("option token") }),
    );
  });
});
