import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { ManualClock } from "../../../testkit/manual-clock.ts";
import { frame, Opcode, RawSocket } from "../../../testkit/raw-socket.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import { withInternals } from "../src/internals.ts";
import { Arrivals, serve, TestClient, until } from "./support/harness.ts";

/** Server sides of connections, as they are accepted. */
function accepted(): Socket[] {
  const sockets: Socket[] = [];
  const add = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  subscribe("net.server.socket", add);
  onTestFinished(() => void unsubscribe("net.server.socket", add));
  return sockets;
}

describe("the text ping", () => {
  test("comes each interval; who answers stays, in whatever case and spacing, and nobody is told", async () => {
    const { server, url, messages } = await serve({ pingIntervalMs: 30 });
    const client = await TestClient.connect(url);
    const answers = ["pong", "PONG", " Pong\n"];
    client.socket.on("message", () => client.send(answers[client.messages.all.length % 3] as string));
    expect(await client.hears(6)).toEqual(Array.from({ length: 6 }, () => "ping"));
    client.send("a message");
    expect((await messages.one()).message).toBe("a message");
    expect(messages.all).toHaveLength(1);
    expect(server.stats()).toMatchObject({ messagesReceived: 1, messagesSent: 0, connections: 1 });
  });

  test("severs who does not answer by the next one, with 4408 and a reason that it sees", async () => {
    const { server, url, port, connections } = await serve({ pingIntervalMs: 50 });
    const alive = await TestClient.connect(url);
    alive.socket.on("message", () => alive.send("pong"));
    const silent = await RawSocket.open(port);
    expect((await silent.readFrame()).text).toBe("ping");
    const close = await silent.readFrame();
    expect([close.code, close.reason]).toEqual([4408, "no pong within pingIntervalMs 50"]);
    silent.destroy();
    expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({
      code: 4408,
      reason: "no pong within pingIntervalMs 50",
    });
    expect([server.connections.size, server.stats().severed]).toEqual([1, { 4408: 1 }]);
  });

  test("does not look at the date: a clock that is set forward or back severs nobody", async () => {
    const { server, url } = await serve({ pingIntervalMs: 30, rateLimit: true });
    const client = await TestClient.connect(url);
    client.socket.on("message", () => client.send("pong"));
    const date = vi.spyOn(Date, "now");
    onTestFinished(() => date.mockRestore());
    for (const [jumps, jumpMs] of [1e11, -1e11, 0].entries()) {
      date.mockImplementation(() => 1_700_000_000_000 + jumpMs);
      await client.hears(client.messages.all.length + 4);
      expect([jumps, server.connections.size, server.stats().severed]).toEqual([jumps, 1, {}]);
    }
  });

  test("leaves alone who is in the middle of a transfer, though its pong lies behind that, and then severs it", async () => {
    const time = new ManualClock();
    const clock: Clock = { ...systemClock, now: () => time.now(), after: (ms, run) => time.after(ms, run) };
    const options = { pingIntervalMs: 1_000, maxPayload: 67_108_864 };
    const { server, port, messages } = await serve(withInternals(options, { clock }));
    const sockets = accepted();
    const peer = await RawSocket.open(port);
    const [socket] = sockets as [Socket];
    const before = socket.bytesRead;
    const upload = frame(Opcode.binary, new Uint8Array(999_986)); // And 14 bytes of header.
    for (let start = 0; start < upload.length; start += 100_000) {
      time.pass(1_000);
      expect((await peer.readFrame()).text).toBe("ping");
      peer.write(upload.subarray(start, start + 100_000));
      // However long the kernel takes to carry it over; and others have had their turn, too.
      await until("all of it read", () => socket.bytesRead === before + start + 100_000 && !socket.isPaused());
    }
    expect((await messages.one()).message).toHaveLength(999_986);
    expect(server.stats().severed).toEqual({});
    time.pass(1_000);
    expect((await peer.readFrame()).text).toBe("ping");
    time.pass(1_000);
    expect((await peer.readFrame()).code).toBe(4408);
    peer.destroy();
  });

  test.each(["ping", "PING", " Ping\r\n"])("a client's %j is answered pong and nobody is told", async (text) => {
    const { port, messages } = await serve();
    const peer = await RawSocket.open(port);
    peer.write(frame(Opcode.text, text));
    expect((await peer.readFrame()).text).toBe("pong");
    peer.write(frame(Opcode.text, "pinging"));
    expect((await messages.one()).message).toBe("pinging");
    peer.destroy();
  });

  test("a stuck peer does not hold up the ping of the others", async () => {
    const { server, url, port, connections } = await serve({ pingIntervalMs: 100, sendQueue: { maxBytes: 67_108_864 } });
    const stuck = await RawSocket.open(port);
    stuck.socket.pause();
    const [first] = await connections.has(1, ({ type }) => type === "connected");
    void first?.connection.sendRaw(new Uint8Array(33_554_432));
    const client = await TestClient.connect(url);
    client.socket.on("message", () => client.send("pong"));
    expect(await client.hears(2)).toEqual(["ping", "ping"]);
    expect(server.connections.size).toBeGreaterThanOrEqual(1);
    stuck.destroy();
  });

  test("that finds no room in the send queue is not waited for: it was never sent", async () => {
    const time = new ManualClock();
    const clock: Clock = { ...systemClock, now: () => time.now(), after: (ms, run) => time.after(ms, run) };
    const options = { pingIntervalMs: 1_000, sendQueue: { maxBytes: 3, onOverflow: "drop-newest" as const } };
    const { server, url, connections } = await serve(withInternals(options, { clock }));
    await TestClient.connect(url);
    await connections.one(({ type }) => type === "connected");
    for (let sweep = 0; sweep < 3; sweep++) {
      time.pass(1_000);
      await new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));
    }
    expect([server.connections.size, server.stats().severed]).toEqual([1, {}]);
  });

  test.each([
    ["in time", 1_000],
    ["late", 3_500],
  ])("a blocked event loop kills nobody whose answer lies unread: the next sweep comes %s", async (_, afterMs) => {
    // The time is the test's; what the server waits for from the network is real.
    const time = new ManualClock();
    const clock: Clock = { ...systemClock, now: () => time.now(), after: (ms, run) => time.after(ms, run) };
    const { port, connections } = await serve(withInternals({ pingIntervalMs: 1_000 }, { clock }));
    const clients = 20;
    const answers = new Int32Array(new SharedArrayBuffer(4));
    // In a thread of its own: it answers while this one is blocked.
    const worker = new Worker(
      `const { workerData, parentPort } = require("node:worker_threads");
       const WebSocket = require(workerData.ws);
       const answered = () => {
         Atomics.add(workerData.answers, 0, 1);
         Atomics.notify(workerData.answers, 0);
         parentPort.postMessage(null);
       };
       for (let index = 0; index < workerData.clients; index++) {
         const socket = new WebSocket("ws://127.0.0.1:" + workerData.port);
         socket.on("message", () => socket.send("pong", answered));
         socket.on("error", () => {});
       }`,
      { eval: true, workerData: { port, clients, answers, ws: createRequire(import.meta.url).resolve("ws") } },
    );
    onTestFinished(async () => void (await worker.terminate()));
    const told = new Arrivals<null>();
    worker.on("message", (answer: null) => told.add(answer));
    await connections.has(clients, ({ type }) => type === "connected");

    time.pass(1_000);
    // The pings leave when the turn ends; nothing is read before this one ends too.
    await new Promise((resolve) => setImmediate(resolve));
    for (let seen = 0; seen < clients; seen = Atomics.load(answers, 0)) {
      expect(Atomics.wait(answers, 0, seen, 10_000)).not.toBe("timed-out");
    }
    // Nothing was read here since, and nothing is read before these sweeps, or before the grace of a late one ends.
    time.stall(afterMs);
    time.pass(500);
    await told.has(clients * 2);
    expect(connections.all.filter(({ type }) => type === "disconnected")).toEqual([]);
  });
});
