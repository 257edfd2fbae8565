import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import { frame, Opcode, RawSocket, within } from "../../../testkit/raw-socket.ts";
import { serve, TestClient } from "./support/harness.ts";

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

  test("a blocked event loop kills nobody who answers", async () => {
    const { port, connections } = await serve({ pingIntervalMs: 100 });
    const clients = 20;
    // In a thread of its own: it answers while this one is blocked.
    const worker = new Worker(
      `const { workerData, parentPort } = require("node:worker_threads");
       const WebSocket = require(workerData.ws);
       let pings = 0;
       for (let index = 0; index < workerData.clients; index++) {
         const socket = new WebSocket("ws://127.0.0.1:" + workerData.port);
         socket.on("message", () => { socket.send("pong"); parentPort.postMessage(++pings); });
         socket.on("error", () => {});
       }`,
      { eval: true, workerData: { port, clients, ws: createRequire(import.meta.url).resolve("ws") } },
    );
    onTestFinished(async () => void (await worker.terminate()));
    const pings = (count: number): Promise<void> =>
      within(
        `${count} pings`,
        new Promise((resolve) => worker.on("message", (seen: number) => void (seen >= count && resolve()))),
      );
    await connections.has(clients, ({ type }) => type === "connected");
    await pings(clients);
    for (let round = 0; round < 3; round++) {
      const endMs = performance.now() + 350;
      while (performance.now() < endMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pings(clients * 4);
    expect(connections.all.filter(({ type }) => type === "disconnected")).toEqual([]);
  });
});
