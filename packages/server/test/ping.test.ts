import { describe, expect, onTestFinished, test } from "vitest";
import { ManualClock } from "../../../testkit/manual-clock.ts";
import { frame, Opcode, RawSocket } from "../../../testkit/raw-socket.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import type { Connection, ServerOptions } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { Arrivals, serve, serveAuth, TestClient, turns } from "./support/harness.ts";

const pong = (text: string | Uint8Array): Uint8Array => frame(Opcode.pong, text);

describe.each(["own", "ws"] as const)("with engine %s", (engine) => {
  /** A server whose time is the test's, with one peer. */
  async function serveOne(options: ServerOptions = {}) {
    const time = new ManualClock();
    const clock: Clock = { ...systemClock, now: () => time.now(), after: (ms, run) => time.after(ms, run) };
    const running = await serve(withInternals({ engine, pingIntervalMs: 0, ...options }, { clock }));
    const beats = new Arrivals<string>();
    const tell = (name: string) => (event: { connection: Connection; payload: Uint8Array }) => {
      expect([event.connection.isAlive, event.payload.buffer.byteLength]).toEqual([true, event.payload.length]);
      beats.add(`${name} ${Buffer.from(event.payload).toString("latin1")}`);
    };
    running.server.on("ping", tell("ping"));
    running.server.on("pong", tell("pong"));
    const peer = await RawSocket.open(running.port);
    onTestFinished(() => peer.destroy());
    const { connection } = await running.connections.one(({ type }) => type === "connected");
    /** Lets the server read all that the peer has sent. */
    const read = async (): Promise<void> => {
      const before = running.messages.all.length;
      peer.write(frame(Opcode.text, "read"));
      await running.messages.has(before + 1);
    };
    const pass = async (ms: number, each = async (): Promise<void> => {}): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 1_000) {
        time.pass(1_000);
        await each();
        await turns(3);
      }
    };
    return { ...running, beats, peer, connection, time, read, pass };
  }

  describe("connection.ping", () => {
    test("resolves with the round trip that its pong ends, which is connection.latencyMs from then on", async () => {
      const { connection, peer, time, beats } = await serveOne();
      expect(connection.latencyMs).toBeUndefined();
      const pinging = connection.ping("are you there ż");
      expect(await peer.readFrame()).toMatchObject({ opcode: Opcode.ping, text: "are you there ż" });
      time.pass(70);
      peer.write(Buffer.concat([pong("another"), pong("are you there ż")]));
      expect([await pinging, connection.latencyMs]).toEqual([70, 70]);
      expect(await beats.has(2)).toEqual(["pong another", `pong ${Buffer.from("are you there ż").toString("latin1")}`]);
    });

    test("is answered by a client that knows nothing of it, with bytes and with nothing too", async () => {
      const { server, url, connections } = await serve({ engine });
      const client = await TestClient.connect(url);
      const { connection } = await connections.one(({ type }) => type === "connected");
      const heard: Buffer[] = [];
      client.socket.on("ping", (payload: Buffer) => heard.push(payload));
      for (const payload of [Uint8Array.of(0, 255), "", undefined, "x".repeat(125)])
        expect(await connection.ping(payload)).toBeGreaterThanOrEqual(0);
      expect(heard.map(({ length }) => length)).toEqual([2, 0, 4, 125]);
      expect([server.stats().messagesSent, server.stats().messagesReceived]).toEqual([0, 0]);
    });

    test("several at a time are told apart by payload; those before the one that is answered are answered too", async () => {
      const { connection, peer, time, read } = await serveOne();
      const told: string[] = [];
      for (const name of ["one", "two", "three"]) {
        void connection.ping(name).then((ms) => told.push(`${name} ${ms}`));
        expect((await peer.readFrame()).text).toBe(name);
        time.pass(10);
      }
      peer.write(Buffer.concat([pong("two"), pong("one")]));
      await read();
      expect(told).toEqual(["one 30", "two 20"]);
      peer.write(pong("three"));
      await read();
      expect([told.at(-1), connection.latencyMs]).toEqual(["three 10", 10]);
    });

    test("is not confused by the heartbeat's own, which is measured as well", async () => {
      const { connection, peer, time, read, pass } = await serveOne();
      await pass(25_000);
      expect(await peer.readFrame()).toMatchObject({ opcode: Opcode.ping, text: "" });
      let answered: number | undefined;
      void connection.ping().then((ms) => (answered = ms));
      const { payload } = await peer.readFrame();
      time.pass(3);
      peer.write(pong(""));
      await read();
      expect(answered).toBeUndefined();
      expect(connection.latencyMs).toBeGreaterThanOrEqual(3);
      time.pass(4);
      peer.write(pong(payload));
      await read();
      expect([answered, connection.latencyMs]).toEqual([7, 7]);
    });

    test.each<[string, unknown]>([
      ["126 bytes of UTF-8", "é".repeat(63)],
      ["126 bytes", new Uint8Array(126)],
      ["half a character", "\ud83d"],
      ["a number", 1],
      ["an object", {}],
    ])("rejects with INVALID_ARGUMENT for %s, and sends nothing", async (_, payload) => {
      const { connection, peer, errors } = await serveOne();
      await expect(connection.ping(payload as string)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      expect((await errors.one()).error.code).toBe("INVALID_ARGUMENT");
      void connection.sendRaw("next");
      expect((await peer.readFrame()).text).toBe("next");
    });

    test("rejects with NOT_SENT before it is open and when it is closing, with UNKNOWN when it ends before the pong", async () => {
      const early: unknown[] = [];
      const { server, connection, peer, connections, port } = await serveOne();
      server.once("connection", (event) => void event.connection.ping().catch(({ code }) => early.push(event.type, code)));
      (await RawSocket.open(port)).destroy();
      await connections.one(({ type }) => type === "disconnected");
      expect(early).toEqual(["connecting", "NOT_SENT"]);
      const pinging = connection.ping("never answered").catch((error) => error);
      await peer.readFrame();
      void connection.close(4000, "enough");
      await expect(connection.ping()).rejects.toMatchObject({ code: "NOT_SENT", message: expect.stringContaining("closing") });
      peer.destroy();
      expect(await pinging).toMatchObject({ code: "UNKNOWN", message: expect.stringContaining("enough") });
      await expect(connection.ping()).rejects.toMatchObject({ code: "NOT_SENT", message: expect.stringContaining("closed") });
    });

    test("is refused while 64 wait, so that a peer who answers none makes no pile", async () => {
      const { connection, peer, read } = await serveOne();
      const waiting = Array.from({ length: 64 }, () => connection.ping());
      await expect(connection.ping()).rejects.toMatchObject({ code: "NOT_SENT" });
      let last = await peer.readFrame();
      for (let count = 1; count < 64; count++) last = await peer.readFrame();
      peer.write(pong(last.payload));
      expect(await Promise.all(waiting)).toHaveLength(64);
      const again = connection.ping("there is room again");
      peer.write(pong("there is room again"));
      await read();
      await again;
    });

    test("that nobody waits for does no harm, whatever becomes of it", async () => {
      const { connection, connections, errors } = await serveOne();
      const rejections: unknown[] = [];
      const note = (reason: unknown): void => void rejections.push(reason);
      process.on("unhandledRejection", note);
      onTestFinished(() => void process.off("unhandledRejection", note));
      void connection.ping();
      connection.terminate();
      void connection.ping();
      await connections.one(({ type }) => type === "disconnected");
      await turns();
      expect([rejections, errors.all]).toEqual([[], []]);
    });
  });

  describe("events ping and pong", () => {
    test("tell what came, with a payload of one's own, and the ping is answered all the same", async () => {
      const { server, peer, beats, read, messages } = await serveOne();
      peer.write(Buffer.concat([frame(Opcode.ping, "hello"), pong("unasked"), frame(Opcode.ping)]));
      await read();
      expect(beats.all).toEqual(["ping hello", "pong unasked", "ping "]);
      expect([(await peer.readFrame()).text, (await peer.readFrame()).text]).toEqual(["hello", ""]);
      expect([messages.all.length, server.stats().messagesReceived]).toEqual([1, 1]);
    });

    test("harm nobody when a listener fails", async () => {
      const { server, peer, errors, beats } = await serveOne();
      server.on("ping", () => {
        throw new Error("mine");
      });
      peer.write(frame(Opcode.ping, "x"));
      expect((await peer.readFrame()).text).toBe("x");
      expect((await errors.one()).error).toMatchObject({ code: "LISTENER_FAILED", message: expect.stringContaining("mine") });
      expect(await beats.one()).toBe("ping x");
    });

    test("are told of a connection, and not before there is one, though pings are answered before", async () => {
      const { server, port, connections, messages } = await serveAuth(
        { engine, tokenIn: "message" },
        { getId: async (token) => (token === "mine" ? 1 : null) },
      );
      const told: string[] = [];
      server.on("ping", ({ connection, payload }) => told.push(`${connection.userId} ${Buffer.from(payload)}`));
      const peer = await RawSocket.open(port);
      onTestFinished(() => peer.destroy());
      peer.write(frame(Opcode.ping, "before"));
      expect((await peer.readFrame()).text).toBe("before");
      peer.write(frame(Opcode.text, "mine"));
      await connections.one(({ type }) => type === "connected");
      peer.write(Buffer.concat([frame(Opcode.ping, "after"), frame(Opcode.text, "read")]));
      await messages.one();
      expect(told).toEqual(["1 after"]);
    });

    test.each(["ping", "pong"] as const)("a flood of %ss is closed with 4429 where there is a rate limit", async (name) => {
      const { server, peer, connections, beats } = await serveOne({ rateLimit: true });
      // In parts that are answered: ws ends a connection of which many pings come in one read, before it tells of them.
      for (let round = 0; round < 2; round++) {
        peer.write(Buffer.concat(Array.from({ length: 50 }, () => frame(Opcode[name], "x"))));
        for (let count = 0; name === "ping" && count < 50; count++) await peer.readFrame();
      }
      peer.write(frame(Opcode[name], "one too many"));
      expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({
        code: 4429,
        reason: "too many heartbeats: see option rateLimit",
      });
      expect([beats.all.length, server.stats().severed]).toEqual([100, { 4429: 1 }]);
    });

    test("pongs that were asked for are no flood", async () => {
      const { server, connection, peer } = await serveOne({ rateLimit: true });
      for (let count = 0; count < 300; count++) {
        const pinging = connection.ping();
        peer.write(pong((await peer.readFrame()).payload));
        await pinging;
      }
      expect([connection.isAlive, server.stats().severed]).toEqual([true, {}]);
    });
  });

  describe("option heartbeat.mode", () => {
    /** Talks each second for two minutes, and answers pings; says how many there were. */
    async function pingsWhileTalking(mode: "latency" | "bandwidth" | "manual") {
      const running = await serveOne({ heartbeat: { mode } });
      const { peer, pass, connection } = running;
      const pings: string[] = [];
      void (async () => {
        for (;;) {
          const { opcode, payload, text } = await peer.readFrame();
          if (opcode !== Opcode.ping) continue;
          pings.push(text);
          peer.write(pong(payload));
        }
      })().catch(() => {});
      await pass(120_000, running.read);
      return { ...running, pings, latencyMs: connection.latencyMs };
    }

    test("latency pings each interval, whatever flows, so that connection.latencyMs is fresh", async () => {
      const { pings, latencyMs, server } = await pingsWhileTalking("latency");
      expect(pings.length).toBeGreaterThanOrEqual(4);
      expect(pings.length).toBeLessThanOrEqual(6);
      expect(latencyMs).toBeGreaterThanOrEqual(0);
      expect(server.stats().severed).toEqual({});
    });

    test("latency finds a silent peer as bandwidth does", async () => {
      const { peer, pass, connections } = await serveOne({ heartbeat: { mode: "latency" } });
      await pass(32_000);
      expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({ code: 4408 });
      expect((await peer.readFrame()).opcode).toBe(Opcode.ping);
    });

    test("bandwidth, the default, pings nobody who talks", async () => {
      const { pings, latencyMs } = await pingsWhileTalking("bandwidth");
      expect([pings, latencyMs]).toEqual([[], undefined]);
    });

    test("manual pings nobody and closes nobody, and connection.ping works", async () => {
      const { connection, peer, pass, server } = await serveOne({ heartbeat: { mode: "manual" } });
      await pass(300_000);
      const pinging = connection.ping("now");
      expect((await peer.readFrame()).text).toBe("now");
      peer.write(pong("now"));
      expect(await pinging).toBeGreaterThanOrEqual(0);
      expect([connection.isAlive, server.stats().severed]).toEqual([true, {}]);
    });

    test.each(["latency", "bandwidth"] as const)("%s: pings that are not answered end no upload", async (mode) => {
      const { server, connection, peer, pass } = await serveOne({ heartbeat: { mode }, messageTimeoutMs: 0 });
      void connection.ping("yours");
      const upload = frame(Opcode.binary, new Uint8Array(200));
      let sent = 0;
      await pass(200_000, async () => {
        peer.write(upload.subarray(sent, ++sent));
        void connection.ping().catch(() => {});
      });
      expect([connection.isAlive, server.stats().severed]).toEqual([true, {}]);
    });
  });
});
