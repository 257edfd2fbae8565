import { describe, expect, test } from "vitest";
import { RawSocket } from "../../../testkit/raw-socket.ts";
import { serve, TestClient, until } from "./support/harness.ts";

/** Far more than the kernel's buffers of a loopback connection take. */
const CHUNK = new Uint8Array(262_144);

describe("a peer that does not read", () => {
  test("holds up neither a broadcast nor the others, and is disconnected with 4408 and a reason", async () => {
    const { server, port, url, connections } = await serve({ sendQueue: { maxBytes: 1_048_576 } });
    const stuck = await RawSocket.open(port);
    stuck.socket.pause();
    const reading = await Promise.all(Array.from({ length: 5 }, () => TestClient.connect(url)));
    await connections.has(6, ({ type }) => type === "connected");
    let count = 0;
    while (!connections.all.some(({ type }) => type === "disconnected")) {
      await server.broadcastRaw(CHUNK);
      count++;
      await Promise.all(reading.map((client) => client.messages.has(count)));
      if (count > 200) throw new Error("the stuck peer was never disconnected");
    }
    expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({
      code: 4408,
      reason: "send queue full: sendQueue.maxBytes 1048576",
    });
    expect(server.stats()).toMatchObject({ connections: 5, severed: { 4408: 1 } });
    stuck.destroy();
  });

  test("sees the reason when it reads at last", async () => {
    const { server, port, connections } = await serve({ sendQueue: { maxBytes: 524_288 }, closeTimeoutMs: 5_000 });
    const late = await RawSocket.open(port);
    late.socket.pause();
    const { connection } = await connections.one(({ type }) => type === "connected");
    for (let count = 0; connection.state === "open" && count < 200; count++) await server.broadcastRaw(CHUNK);
    expect(connection.state).toBe("closing");
    late.socket.resume();
    let frame = await late.readFrame();
    while (frame.opcode === 2) frame = await late.readFrame();
    expect([frame.code, frame.reason]).toEqual([4408, "send queue full: sendQueue.maxBytes 524288"]);
    late.destroy();
  });

  test("costs no more than the bound in memory, and a send beyond it rejects NOT_SENT", async () => {
    const { port, connections } = await serve({ sendQueue: { maxBytes: 524_288, onOverflow: "drop-newest" } });
    const stuck = await RawSocket.open(port);
    stuck.socket.pause();
    const { connection } = await connections.one(({ type }) => type === "connected");
    const sending = Array.from({ length: 200 }, () => connection.sendRaw(CHUNK));
    const outcomes = Promise.allSettled(sending);
    await expect(sending.at(-1)).rejects.toMatchObject({
      code: "NOT_SENT",
      message: expect.stringContaining("sendQueue.maxBytes 524288"),
    });
    expect(connection.state).toBe("open");
    stuck.socket.resume();
    const taken = (await outcomes).filter(({ status }) => status === "fulfilled").length;
    await until("all that was taken has come", () => stuck.socket.bytesRead >= taken * CHUNK.length);
    await connection.sendRaw("there is room again");
    expect(taken).toBeLessThan(100);
    stuck.destroy();
  });

  test("is disconnected when nothing moves for sendQueue.stallTimeoutMs", async () => {
    const { port, connections } = await serve({ sendQueue: { maxBytes: 67_108_864, stallTimeoutMs: 50 } });
    const stuck = await RawSocket.open(port);
    stuck.socket.pause();
    const { connection } = await connections.one(({ type }) => type === "connected");
    const sending = connection.sendRaw(new Uint8Array(33_554_432));
    expect(await connections.one(({ type }) => type === "disconnected")).toMatchObject({
      code: 4408,
      reason: "not reading: nothing taken within sendQueue.stallTimeoutMs 50",
    });
    await expect(sending).rejects.toMatchObject({ code: "UNKNOWN" });
    stuck.destroy();
  });
});

describe("parallel writes", () => {
  test("from many places arrive whole and in each one's order", async () => {
    const { server, url, connections } = await serve({ sendQueue: { maxBytes: 67_108_864 } });
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const sizes = [0, 1, 125, 126, 65_535, 65_536, 200_000];
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 20; round++) {
        const text = `${writer}:${round}:${"é".repeat(sizes[(writer + round) % sizes.length] as number)}`;
        if (round % 2) await connection.sendRaw(text);
        else await Promise.all([server.broadcastRaw(text), connection.sendRaw(new Uint8Array(3))]);
      }
    });
    await Promise.all(writers);
    await client.messages.has(8 * 30);
    const texts = client.messages.all.filter((message) => typeof message === "string");
    for (let writer = 0; writer < 8; writer++) {
      const own = texts.filter((text) => text.startsWith(`${writer}:`));
      expect(own.map((text) => Number(text.split(":")[1]))).toEqual(Array.from({ length: 20 }, (_, round) => round));
      expect(
        own.every(
          (text, round) => text.length === `${writer}:${round}:`.length + (sizes[(writer + round) % sizes.length] as number),
        ),
      ).toBe(true);
    }
  });
});
