import { describe, expect, onTestFinished, test } from "vitest";
import { ManualClock } from "../../../testkit/manual-clock.ts";
import { frame, Opcode, RawSocket } from "../../../testkit/raw-socket.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import type { ServerOptions } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { serve, TestClient, turns, until } from "./support/harness.ts";

describe.each(["own", "ws"] as const)("with engine %s", (engine) => {
  /** A server whose time is the test's; what it waits for from the network is real. */
  async function serveInTime(options: ServerOptions) {
    const time = new ManualClock();
    const clock: Clock = { ...systemClock, now: () => time.now(), after: (ms, run) => time.after(ms, run) };
    const running = await serve(withInternals({ engine, ...options }, { clock }));
    /** Lets time pass, sweep by sweep. */
    const pass = async (ms: number, each = async (): Promise<void> => {}): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 1_200) {
        time.pass(1_200);
        await each();
        await turns(5);
      }
    };
    return { ...running, pass };
  }
  const open = async (port: number): Promise<RawSocket> => {
    const peer = await RawSocket.open(port);
    onTestFinished(() => peer.destroy());
    return peer;
  };
  const write = (peer: RawSocket, bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => peer.socket.write(bytes, () => resolve()));

  describe("a peer that is gone without a word", () => {
    test("is asked by an RFC ping and disconnected at once, by default within 31 seconds, with 4408 that it may still find", async () => {
      const { server, port, pass, connections } = await serveInTime({ closeTimeoutMs: 1_000_000 });
      const peer = await open(port);
      await connections.one(({ type }) => type === "connected");
      await pass(31_000);
      expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({
        code: 4408,
        reason: "silent, and no answer to a ping within heartbeat.timeoutMs 6000",
      });
      expect([server.connections.size, server.stats().severed]).toEqual([0, { 4408: 1 }]);
      const ping = await peer.readFrame();
      expect([ping.opcode, ping.payload.length]).toEqual([Opcode.ping, 0]);
      expect(await peer.readFrame()).toMatchObject({ opcode: Opcode.close, code: 4408 });
      await peer.whenOver();
    });

    test("is told from one that answers by itself, of which nobody is told and which stays", async () => {
      const { server, url, messages } = await serve({ engine, heartbeat: { intervalMs: 100, timeoutMs: 100 } });
      const client = await TestClient.connect(url);
      let pings = 0;
      await new Promise<void>((resolve) => client.socket.on("ping", () => ++pings === 5 && resolve()));
      expect([server.connections.size, server.stats().severed, server.stats().messagesReceived]).toEqual([1, {}, 0]);
      client.send("still here");
      expect((await messages.one()).message).toBe("still here");
      expect(messages.all).toHaveLength(1);
    });

    test("is told from one that uploads, however slowly, and answers nothing until it is done", async () => {
      const { server, port, pass, messages } = await serveInTime({ messageTimeoutMs: 0, pingIntervalMs: 0 });
      const peer = await open(port);
      const upload = frame(Opcode.binary, new Uint8Array(10));
      let sent = 0;
      await pass(16 * 24_000, async () => {
        // A byte each 20 sweeps, which are 24 seconds.
        if (++sent % 20 === 0) await write(peer, upload.subarray(sent / 20 - 1, sent / 20));
      });
      expect((await messages.one()).message).toHaveLength(10);
      expect(server.stats().severed).toEqual({});
    });

    test("is not looked for where heartbeat is false", async () => {
      const { server, port, pass } = await serveInTime({ heartbeat: false, pingIntervalMs: 0 });
      await open(port);
      await pass(120_000);
      expect([server.connections.size, server.stats().severed]).toEqual([1, {}]);
    });
  });

  describe("a message that does not end", () => {
    const first = frame(Opcode.text, "begun", { fin: false });

    test.each([
      ["no more of it comes", first, []],
      ["it drips in fragments", first, [frame(Opcode.continuation, "x", { fin: false })]],
      ["empty fragments come without end", first, [frame(Opcode.continuation, "", { fin: false })]],
      ["pings come in between", first, [frame(Opcode.ping, "x".repeat(125))]],
      ["a frame drips", frame(Opcode.binary, new Uint8Array(100_000)).subarray(0, 20), [Uint8Array.of(0)]],
      ["a header does not come", first.subarray(0, 1), []],
      ["the header of a ping does not come", frame(Opcode.ping, "x").subarray(0, 3), []],
    ])("is 1008 after messageTimeoutMs, 30 seconds by default: %s", async (_, start, more) => {
      const { server, port, pass, connections, errors } = await serveInTime({ heartbeat: false });
      const peer = await open(port);
      const drip = async (): Promise<void> => {
        for (const bytes of more) await write(peer, bytes);
      };
      await write(peer, start);
      await turns();
      await pass(30_000, drip);
      expect(server.stats().severed).toEqual({});
      await pass(12_000, drip);
      const reason = "less than 4096 bytes of a message, and not its end, came within messageTimeoutMs 30000";
      expect((await errors.one()).error).toMatchObject({ code: "PROTOCOL_ERROR", message: `127.0.0.1: ${reason}` });
      let last = await peer.readFrame();
      while (last.opcode === Opcode.pong) last = await peer.readFrame();
      expect([last.code, last.reason]).toEqual([1008, reason]);
      peer.destroy();
      expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({ code: 1008, reason });
      expect(server.stats().severed).toEqual({ 1008: 1 });
    });

    test("is found though so many pings come that others have their turn in between", async () => {
      const { server, port, pass } = await serveInTime({ heartbeat: false });
      const peer = await open(port);
      const flood = Buffer.concat(Array<Buffer>(20_000).fill(frame(Opcode.ping)));
      await write(peer, first);
      await pass(36_000, () => write(peer, flood));
      await until("gone", () => server.connections.size === 0);
      // ws gives such a flood no time.
      if (engine === "own") expect(server.stats().severed).toEqual({ 1008: 1 });
    });

    test("is told from a large one on a slow line, which may take for ever", async () => {
      const { server, port, pass, messages } = await serveInTime({});
      const peer = await open(port);
      const upload = frame(Opcode.binary, new Uint8Array(99_986)); // And 14 bytes of header.
      let at = 0;
      // 200 bytes a second.
      await pass(500_400, async () => {
        await write(peer, upload.subarray(at, at + 240));
        at += 240;
      });
      expect((await messages.one()).message).toHaveLength(99_986);
      expect(server.stats().severed).toEqual({});
    });

    test("ends for each of many, while others are served", async () => {
      const { server, url, port, messages, connections } = await serve({ engine, messageTimeoutMs: 100, closeTimeoutMs: 50 });
      const client = await TestClient.connect(url);
      const hostile = await Promise.all(Array.from({ length: 100 }, () => open(port)));
      for (const peer of hostile) peer.write(first);
      await connections.has(100, ({ type }) => type === "disconnected");
      client.send("served");
      expect((await messages.one()).message).toBe("served");
      expect([server.connections.size, server.stats().severed]).toEqual([1, { 1008: 100 }]);
    });
  });
});
