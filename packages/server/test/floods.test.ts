import { describe, expect, test } from "vitest";
import { ManualClock } from "../../../testkit/manual-clock.ts";
import { frame, Opcode, RawSocket } from "../../../testkit/raw-socket.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import { withInternals } from "../src/internals.ts";
import { serve, TestClient } from "./support/harness.ts";

describe("a message flood", () => {
  test("at many times the rate is closed with 4429 and a reason, and the others are served", async () => {
    const time = new ManualClock();
    const clock: Clock = { ...systemClock, now: () => time.now(), after: (ms, run) => time.after(ms, run) };
    const { server, port, url, connections, messages } = await serve(withInternals({ rateLimit: true }, { clock }));
    const honest = await TestClient.connect(url);
    const flooding = await RawSocket.open(port);
    await connections.has(2, ({ type }) => type === "connected");
    flooding.write(Buffer.concat(Array.from({ length: 2_000 }, (_, index) => frame(Opcode.text, `flood ${index}`))));
    await messages.has(100);
    for (let elapsedMs = 0; elapsedMs < 31_000; elapsedMs += 100) {
      time.pass(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    let close = await flooding.readFrame();
    // Signs of life, while reading paused.
    const pings: string[] = [];
    for (; close.opcode === Opcode.text; close = await flooding.readFrame()) pings.push(close.text);
    expect([pings.length > 10, new Set(pings)]).toEqual([true, new Set(["ping"])]);
    expect([close.code, close.reason]).toEqual([
      4429,
      "too many messages: above rateLimit.messagesPerSecond 50 for over 30000 ms",
    ]);
    flooding.destroy();
    expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({ code: 4429 });
    // The burst, and what the rate allows for half a minute.
    expect(messages.all.length).toBeLessThanOrEqual(1_610);
    honest.send("fine");
    await messages.one(({ message }) => message === "fine");
    expect(server.stats().severed).toEqual({ 4429: 1 });
  });

  test("a burst above the limit is delivered later, in order, and nothing of it is lost", async () => {
    const { url, messages } = await serve({ rateLimit: { messagesPerSecond: 200, burst: 20 } });
    const client = await TestClient.connect(url);
    for (let index = 0; index < 40; index++) client.send(`${index}`);
    const events = await messages.has(40);
    expect(events.map(({ message }) => message)).toEqual(Array.from({ length: 40 }, (_, index) => `${index}`));
  });

  test("what was held back is delivered when the client closes", async () => {
    const { url, messages, connections } = await serve({ rateLimit: { messagesPerSecond: 1, burst: 5 } });
    const client = await TestClient.connect(url);
    for (let index = 0; index < 10; index++) client.send(`${index}`);
    client.socket.terminate();
    await connections.one(({ type }) => type === "disconnected");
    expect(messages.all.map(({ message }) => message)).toEqual(Array.from({ length: 10 }, (_, index) => `${index}`));
  });

  test("what is held back is not delivered any more once the server has closed the connection", async () => {
    const { server, port, messages, connections } = await serve({ rateLimit: { messagesPerSecond: 100, burst: 10 } });
    server.on("message", ({ message, connection }) => void (message === "12" && connection?.close(4000, "enough")));
    // It does not answer the close, so that there is time to go on with what is held.
    const peer = await RawSocket.open(port);
    for (let index = 0; index < 20; index++) peer.write(frame(Opcode.text, `${index}`));
    expect((await peer.readFrame()).reason).toBe("enough");
    await connections.one(({ type }) => type === "disconnected");
    expect(messages.all.map(({ message }) => message)).toEqual(Array.from({ length: 13 }, (_, index) => `${index}`));
  });

  test("of heartbeats is closed with 4429 where there is a rate limit", async () => {
    const { server, port } = await serve({ rateLimit: true });
    const peer = await RawSocket.open(port);
    peer.write(Buffer.concat(Array.from({ length: 5_000 }, (_, n) => frame(Opcode.text, n % 2 ? "pong" : "ping"))));
    let last = await peer.readFrame();
    for (let pongs = 0; last.text === "pong" && pongs < 1_000; pongs++) last = await peer.readFrame();
    expect([last.code, last.reason]).toEqual([4429, "too many heartbeats: see option rateLimit"]);
    peer.destroy();
    expect(server.stats().severed).toEqual({ 4429: 1 });
  });

  test("heartbeats do not count", async () => {
    const { url, messages, connections } = await serve({ rateLimit: { messagesPerSecond: 1, burst: 2 } });
    const client = await TestClient.connect(url);
    for (let index = 0; index < 50; index++) client.send("ping");
    client.send("message");
    expect(await client.hears(50)).toEqual(Array.from({ length: 50 }, () => "pong"));
    expect((await messages.one()).message).toBe("message");
    expect(connections.all.map(({ type }) => type)).toEqual(["connecting", "connected"]);
  });
});
