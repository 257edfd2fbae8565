import type { Packet, StandardSchema } from "@websockets-simple/shared";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ScriptedWebSocket } from "../../../testkit/scripted-websocket.ts";
import { WebsocketClient } from "../src/index.ts";
import { connected, expectNoTimers, pass, scriptedClient } from "./scripted.ts";

const NOW = "2026-01-02T03:04:05.678Z";

beforeEach(() => {
  vi.useFakeTimers({ now: new Date(NOW) });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  ScriptedWebSocket.forget();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("sending", () => {
  it("makes a packet around a text, sends a packet as it is, and raw messages unchanged", async () => {
    const { client, socket, log } = await connected();
    const bytes = new Uint8Array([1, 2]);
    await client.send("hello");
    await client.send({ data: "own", timestamp: new Date(0) });
    await client.sendRaw("raw");
    await client.sendRaw("");
    await client.sendRaw(bytes);
    expect(socket.sent).toEqual([
      `{"data":"hello","timestamp":"${NOW}"}`,
      '{"data":"own","timestamp":"1970-01-01T00:00:00.000Z"}',
      "raw",
      "",
      bytes,
    ]);
    expect(log).toEqual(["sent hello", "sent own", "sent raw", "sent ", "sent 1,2"]);
    client.dispose();
  });

  it("rejects what throws while it is read, be it nothing that it throws, and settles what throws when it is told", async () => {
    const { client, socket } = await connected();
    const throwing = (thrown: unknown): Packet => ({
      get data(): string {
        throw thrown;
      },
      timestamp: new Date(),
    });
    for (const thrown of [new Error("no"), undefined, null]) {
      await expect(client.send(throwing(thrown))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    client.dispose();
    const odd = {
      "~standard": { version: 1 as const, vendor: "test", validate: () => ({ value: throwing(new Error("no")) }) },
    } as StandardSchema<Packet>;
    const { client: other, socket: second } = await connected({ packet: odd });
    const errors: unknown[] = [];
    other.on("error", ({ error }) => errors.push(error));
    await other.sendRaw("raw");
    second.receive("text");
    await pass();
    expect(errors).toEqual([
      expect.objectContaining({ code: "LISTENER_FAILED" }),
      expect.objectContaining({ code: "LISTENER_FAILED" }),
    ]);
    expect(socket.sent).toEqual([]);
    other.dispose();
  });

  it("is no failure of a listener that hands on its promise", async () => {
    const { client, socket, log } = await connected();
    client.on("connection", () => client.send("hello"));
    client.disconnect();
    socket.breakOff();
    await pass();
    expect(log.filter((line) => /fail|error/i.test(line))).toEqual([]);
    client.dispose();
  });

  it("keeps the order of calls, awaited or not", async () => {
    const { client, socket } = await connected();
    await Promise.all(["1", "2", "3"].map((text) => client.sendRaw(text)));
    expect(socket.sent).toEqual(["1", "2", "3"]);
    client.dispose();
  });

  it("refuses what is no message, and goes on", async () => {
    const { client, socket } = await connected();
    const invalid = { code: "INVALID_ARGUMENT" };
    await expect(client.send(" ")).rejects.toMatchObject(invalid);
    await expect(client.send(5 as never)).rejects.toMatchObject(invalid);
    await expect(client.sendRaw({} as never)).rejects.toMatchObject(invalid);
    await expect(client.sendRaw("\udc00")).rejects.toMatchObject(invalid);
    await client.sendRaw("fine");
    expect(socket.sent).toEqual(["fine"]);
    client.dispose();
  });

  it("is refused before connect, and after the end, saying what to do", async () => {
    const { client } = scriptedClient();
    await expect(client.send("x")).rejects.toMatchObject({
      code: "NOT_SENT",
      message: expect.stringContaining("call connect() first"),
    });
    client.dispose();
    await expect(client.send("x")).rejects.toMatchObject({ code: "NOT_SENT", message: expect.stringContaining("disposed") });
  });

  it("waits, while the server is closing the socket, for the connection after it", async () => {
    const { client, socket } = await connected();
    socket.readyState = 2;
    const sent = client.sendRaw("x");
    expect(client.state).toBe("connected");
    socket.breakOff(1001);
    await pass(250);
    ScriptedWebSocket.last.open();
    await sent;
    expect([socket.sent, ScriptedWebSocket.last.sent]).toEqual([[], ["x"]]);
    client.dispose();
  });

  it("stays when the socket begins to close while what waited is handed over, and goes with the next", async () => {
    const { client } = scriptedClient();
    client.connect().catch(() => {});
    const sent = [client.sendRaw("first"), client.sendRaw("second"), client.sendRaw("third")];
    await pass();
    const socket = ScriptedWebSocket.last;
    vi.spyOn(socket, "send").mockImplementation((message) => {
      socket.sent.push(message);
      socket.readyState = 2;
    });
    socket.open();
    expect(socket.sent).toEqual(["first"]);
    socket.breakOff(1001);
    await pass(250);
    ScriptedWebSocket.last.open();
    await Promise.all(sent);
    expect(ScriptedWebSocket.last.sent).toEqual(["second", "third"]);
    client.dispose();
  });

  it("is refused, not discarded, when no connection comes after it", async () => {
    const { client, socket } = await connected();
    socket.readyState = 2;
    const sent = client.sendRaw("x");
    socket.breakOff(1000);
    await expect(sent).rejects.toMatchObject({ code: "NOT_SENT" });
    client.dispose();
    const { client: other, socket: second } = await connected({ outbox: false });
    second.readyState = 2;
    await expect(other.send("x")).rejects.toMatchObject({ code: "NOT_SENT", message: expect.stringContaining("option outbox") });
    other.dispose();
  });

  it("is refused beyond what may wait in the socket", async () => {
    const { client, socket } = await connected({ maxBufferedBytes: 10 });
    await client.sendRaw("longer than ten bytes, but the socket is empty");
    socket.bufferedAmount = 9;
    await client.sendRaw("so is that which begins to wait below the bound");
    socket.bufferedAmount = 10;
    await expect(client.sendRaw("1")).rejects.toMatchObject({
      code: "NOT_SENT",
      message: expect.stringContaining("option maxBufferedBytes: 10"),
    });
    client.dispose();
  });

  it("writes .NET's spelling when told so", async () => {
    const { client, socket } = await connected({ packetCasing: "pascal" });
    await client.send("x");
    expect(socket.sent).toEqual([`{"Data":"x","Timestamp":"${NOW}"}`]);
    client.dispose();
  });
});

describe("while away", () => {
  it("messages wait and go out in order, before what a listener of `connected` sends", async () => {
    const { client, socket, log } = await connected();
    client.on("connection", ({ type }) => type === "connected" && client.sendRaw("third"));
    socket.breakOff();
    const sent = Promise.all([client.sendRaw("first"), client.sendRaw("second")]);
    await pass(250);
    ScriptedWebSocket.last.open();
    await sent;
    expect(ScriptedWebSocket.last.sent).toEqual(["first", "second", "third"]);
    expect(log.filter((line) => line.startsWith("sent"))).toEqual(["sent first", "sent second", "sent third"]);
    // That they were sent is told in its turn, not before the connection by which they went.
    expect(log.indexOf("connected")).toBeLessThan(log.indexOf("sent first"));
    client.dispose();
  });

  it("bytes are those of the call, though their buffer is used again", async () => {
    const { client } = scriptedClient();
    client.connect().catch(() => {});
    const bytes = Buffer.from("mine");
    const sent = client.sendRaw(bytes);
    bytes.fill("x");
    await pass(250);
    ScriptedWebSocket.last.open();
    await sent;
    expect(Buffer.from(ScriptedWebSocket.last.sent[0] as Uint8Array).toString()).toBe("mine");
    client.dispose();
  });

  it("messages reject at once when there is no outbox", async () => {
    const { client, socket } = await connected({ outbox: false });
    socket.breakOff();
    await expect(client.send("x")).rejects.toMatchObject({ code: "NOT_SENT", message: expect.stringContaining("option outbox") });
    client.dispose();
  });

  it("sends beyond the bound reject, each of them", async () => {
    const { client } = scriptedClient();
    client.connect().catch(() => {});
    let refused = 0;
    const sends = Array.from({ length: 20_000 }, () =>
      client.sendRaw("x").catch(() => {
        refused++;
      }),
    );
    await pass();
    expect(refused).toBe(19_000);
    client.dispose();
    await Promise.all(sends);
    expectNoTimers();
  });

  it("messages reject when the client ends, or when they get too old", async () => {
    const { client, socket } = await connected({ outbox: { maxAgeMs: 100 } });
    socket.breakOff();
    const old = expect(client.send("x")).rejects.toMatchObject({ code: "NOT_SENT", message: expect.stringContaining("100 ms") });
    await pass(100);
    await old;
    const given = expect(client.send("y")).rejects.toMatchObject({
      code: "NOT_SENT",
      message: expect.stringContaining("disconnected"),
    });
    await client.disconnect();
    await given;
    expectNoTimers();
  });
});

describe("receiving", () => {
  it("turns text into packets, and hands bytes over as they are", async () => {
    const { client, socket } = await connected();
    const events: unknown[] = [];
    client.on("message", (event) => events.push(event));
    socket.receive('{"Data":"hello","Timestamp":"2026-01-01T00:00:00Z"}');
    socket.receive("plain");
    socket.receive(new Uint8Array([1, 2]).buffer);
    socket.receive("");
    const timestamp = new Date(NOW);
    expect(events).toEqual([
      { type: "received", message: "hello", packet: { data: "hello", timestamp: new Date("2026-01-01") } },
      { type: "received", message: "plain", packet: { data: "plain", timestamp } },
      { type: "received", message: new Uint8Array([1, 2]) },
      { type: "received", message: "", packet: { data: "", timestamp } },
    ]);
    expect(socket.binaryType).toBe("arraybuffer");
    client.dispose();
  });

  it("answers ping in any case and spacing, and shows neither ping nor pong to a listener", async () => {
    const { client, socket, log } = await connected();
    for (const text of ["ping", " PING\n", "Ping", "pong", " PONG "]) socket.receive(text);
    expect(socket.sent).toEqual(["pong", "pong", "pong"]);
    expect(log).toEqual([]);
    client.dispose();
  });

  it("hands out what the schema makes of a packet, and reports what it refuses", async () => {
    type Chat = Packet & { user: string };
    const packet: StandardSchema<Chat> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          (value as Chat).user ? { value: value as Chat } : { issues: [{ message: "missing", path: ["user"] }] },
      },
    };
    const client = new WebsocketClient<Chat>({ url: "ws://a", heartbeat: false, webSocket: ScriptedWebSocket, packet });
    const users: (string | undefined)[] = [];
    const errors: string[] = [];
    client.on("message", ({ packet }) => users.push(packet?.user));
    client.on("error", ({ error }) => errors.push(`${error.code} ${error.message}`));
    const connecting = client.connect();
    await pass();
    ScriptedWebSocket.last.open();
    await connecting;
    for (const text of ['{"user":"ada"}', '{"data":"x"}', "Connected Successfully"]) ScriptedWebSocket.last.receive(text);
    expect(users).toEqual(["ada", undefined]);
    expect(errors).toEqual(["INVALID_PACKET refused by the packet schema: user: missing"]);
    client.dispose();
  });

  it("lets a subclass take over decoding", async () => {
    class Shouting extends WebsocketClient<Packet & { loud: boolean }> {
      protected override messageReceived(message: string) {
        if (message === "boom") throw new Error("boom");
        return message === "skip" ? undefined : { data: message.toUpperCase(), timestamp: new Date(), loud: true };
      }
    }
    const client = new Shouting({ url: "ws://a", heartbeat: false, webSocket: ScriptedWebSocket });
    const seen: unknown[] = [];
    client.on("message", ({ packet, message }) => seen.push([message, packet?.loud]));
    client.on("error", ({ error }) => seen.push(error.code));
    const connecting = client.connect();
    await pass();
    ScriptedWebSocket.last.open();
    await connecting;
    for (const text of ["hi", "skip", "boom", "ping"]) ScriptedWebSocket.last.receive(text);
    expect(seen).toEqual([["HI", true], "LISTENER_FAILED"]);
    expect(ScriptedWebSocket.last.sent).toEqual(["pong"]);
    client.dispose();
  });

  it("reports a listener that throws or rejects, and calls the others", async () => {
    const { client, socket, log } = await connected();
    client.on("message", () => {
      throw new Error("boom");
    });
    client.on("message", async () => {
      throw new Error("later");
    });
    const last = vi.fn();
    client.on("message", last);
    socket.receive("x");
    await pass();
    expect(last).toHaveBeenCalledOnce();
    expect(log).toEqual(["received x", "error LISTENER_FAILED", "error LISTENER_FAILED"]);
    client.dispose();
  });

  it("never lets a failing error listener go round in circles, nor a failure vanish unheard", async () => {
    const printed = vi.spyOn(console, "error").mockImplementation(() => {});
    const { client, socket } = await connected();
    client.on("error", () => {
      throw new Error("again");
    });
    client.on("message", () => {
      throw new Error("boom");
    });
    socket.receive("x");
    expect(printed).toHaveBeenCalledOnce();
    client.removeAllListeners("error");
    socket.receive("x");
    expect(printed).toHaveBeenCalledTimes(2);
    client.dispose();
  });
});

describe("for await", () => {
  it("yields what is received, not what is sent, until the connection ends", async () => {
    const { client, socket } = await connected();
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const { packet } of client) seen.push(packet?.data);
    })();
    socket.receive("1");
    await client.send("mine");
    socket.receive("2");
    await pass();
    socket.breakOff();
    await pass(250);
    ScriptedWebSocket.last.open();
    ScriptedWebSocket.last.receive("3");
    await pass();
    client.dispose();
    await reading;
    expect(seen).toEqual(["1", "2", "3"]);
  });

  it("is over at once on a disposed client", async () => {
    const { client } = scriptedClient();
    client.dispose();
    for await (const _ of client) expect.unreachable();
  });

  it("fails when more than maxQueuedMessages wait unread", async () => {
    const { client, socket } = await connected({ maxQueuedMessages: 2 });
    const messages = client[Symbol.asyncIterator]();
    for (const text of ["1", "2", "3"]) socket.receive(text);
    for (const message of ["1", "2"]) expect(await messages.next()).toMatchObject({ value: { message } });
    await expect(messages.next()).rejects.toMatchObject({ code: "OVERFLOW" });
    expect(client.listenerCount("message")).toBe(1);
    client.dispose();
  });
});

describe("the heartbeat over text", () => {
  it("asks, measures, and comes back when there is no answer", async () => {
    const { client, socket, log } = await connected({ heartbeat: { intervalMs: 1_000, timeoutMs: 300 } });
    expect(socket.sent).toEqual(["ping"]);
    await pass(25);
    socket.receive("pong");
    expect(client.latencyMs).toBe(25);
    await pass(1_000);
    expect(socket.sent).toEqual(["ping", "ping"]);
    await pass(300);
    expect(log).toEqual(["error CONNECTION_LOST", "reconnecting 1006"]);
    expect(socket.closed).toBeDefined();
    client.dispose();
    expectNoTimers();
  });
});

describe("a socket class that breaks its word", () => {
  it("may leave its close event out, or what is in it", async () => {
    for (const event of [undefined, {}, { code: null, reason: null }]) {
      const { client, socket, log } = await connected();
      socket.onclose?.(event as never);
      expect(log).toEqual(["error CONNECTION_LOST", "reconnecting 1006"]);
      client.dispose();
    }
  });

  class Throwing extends ScriptedWebSocket {
    override send(): void {
      throw new Error("cannot send");
    }
    override close(): void {
      throw new Error("cannot close");
    }
  }

  it("never freezes the client", async () => {
    const { client, log } = scriptedClient({ webSocket: Throwing });
    const connecting = client.connect();
    const waiting = expect(client.send("waits")).rejects.toMatchObject({
      code: "NOT_SENT",
      message: expect.stringContaining("cannot send"),
    });
    await pass();
    ScriptedWebSocket.last.open();
    await connecting;
    await waiting;
    const over = client.disconnect();
    await pass(5_000);
    await over;
    expect(client.state).toBe("disconnected");
    expect(log.at(-1)).toBe("disconnected 1006 no answer to the close frame");
    client.dispose();
    expect(client.state).toBe("disposed");
    expectNoTimers();
  });
});

describe("a server that floods pings and does not read the answers", () => {
  /** Like \`ws\`, it tells when the network took a message, which here is when the test says so. */
  class Stalled extends ScriptedWebSocket {
    readonly taken: (() => void)[] = [];
    override send(message: string | Uint8Array, done?: () => void): void {
      super.send(message);
      if (done) this.taken.push(done);
    }
    terminate(): void {
      this.close();
    }
  }

  it("gets eight of them at a time, on each connection anew", async () => {
    const { client } = await connected({ webSocket: Stalled });
    const flood = (): number => {
      const socket = ScriptedWebSocket.last as Stalled;
      const before = socket.sent.length;
      for (let n = 0; n < 100; n++) socket.receive("ping");
      return socket.sent.length - before;
    };
    expect(flood()).toBe(8);
    const first = ScriptedWebSocket.last as Stalled;
    for (const took of first.taken.splice(0, 3)) took();
    expect(flood()).toBe(3);
    first.breakOff();
    await pass(250);
    ScriptedWebSocket.last.open();
    // What the old network says late is not counted for the new one.
    for (const took of first.taken) took();
    expect(flood()).toBe(8);
    client.dispose();
  });
});
