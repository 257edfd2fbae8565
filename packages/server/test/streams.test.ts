import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket, within } from "../../../testkit/raw-socket.ts";
import type { AnyMessageStream, Connection } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { serve, TestClient, turns } from "./support/harness.ts";

const MIB = 1_048_576;

async function connected(options: Parameters<typeof serve>[0] = {}) {
  const running = await serve(options);
  const client = await TestClient.connect(running.url);
  const { connection } = await running.connections.one(({ type }) => type === "connected");
  return { ...running, client, connection };
}

const nextOf = async (streams: AsyncIterator<AnyMessageStream, void>): Promise<AnyMessageStream> =>
  (await within("a message", streams.next())).value as AnyMessageStream;

describe("a message written piece by piece", () => {
  test("arrives as one, with what was sent meanwhile behind it, in order, and counts as one", async () => {
    const { server, client, connection, messages } = await connected();
    const writer = connection.createMessageWriter({ type: "text" });
    await writer.write("za\ud83d");
    const behind = connection.sendRaw("behind");
    const other = connection.createMessageWriter({ type: "text" });
    const second = other.write("second").then(() => other.close());
    const last = connection.sendRaw("last");
    await writer.write("\udc22");
    await writer.close();
    await Promise.all([behind, second, last]);
    expect((await client.messages.has(4)).sort()).toEqual(["behind", "last", "second", "za🐢"]);
    expect(client.messages.all[0]).toBe("za🐢");
    expect(server.stats().messagesSent).toBe(4);
    expect(messages.all.map(({ message }) => message)).toEqual(["behind", "last"]);
  });

  test("takes a Web Stream far larger than the send queue, no faster than the peer reads", async () => {
    const { client, connection } = await connected({ sendQueue: { maxBytes: 200_000 } });
    client.socket.pause();
    let made = 0;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (made === 64) return controller.close();
          controller.enqueue(new Uint8Array(MIB).fill(made++));
        },
      },
      { highWaterMark: 0 },
    );
    const piping = source.pipeTo(connection.createMessageWriter().writable);
    let before = -1;
    while (made !== before || made === 0) {
      before = made;
      await turns(200);
    }
    expect(made).toBeLessThan(64);
    client.socket.resume();
    await within("all of it", piping);
    expect((await client.messages.one()).length).toBe(64 * MIB);
  });

  test("that is given up closes the connection with 1011, and is no message", async () => {
    const { client, connection } = await connected();
    const aborter = new AbortController();
    const writer = connection.createMessageWriter({ signal: aborter.signal });
    await writer.write(new Uint8Array(100_000));
    aborter.abort();
    await expect(writer.close()).rejects.toMatchObject({ code: "ABORTED" });
    expect(await client.closed).toMatchObject({ code: 1011 });
    expect(client.messages.all).toEqual([]);
  });

  test("fails when the peer leaves in the middle, and on a connection that is gone", async () => {
    const { client, connection, connections } = await connected();
    const writer = connection.createMessageWriter();
    await writer.write(new Uint8Array(10));
    client.socket.terminate();
    await connections.one(({ type }) => type === "disconnected");
    await expect(writer.close()).rejects.toMatchObject({ code: "UNKNOWN" });
    await expect(connection.createMessageWriter().write(new Uint8Array(1))).rejects.toMatchObject({ code: "NOT_SENT" });
  });

  test("bounds what waits behind it, as behind a peer who does not read", async () => {
    const { client, connection } = await connected({ sendQueue: { maxBytes: 100_000 } });
    const writer = connection.createMessageWriter();
    await writer.write(new Uint8Array(10));
    await turns(5);
    for (let count = 0; count < 20; count++) void connection.sendRaw(new Uint8Array(10_000));
    expect(await client.closed).toMatchObject({ code: 4408, reason: expect.stringContaining("sendQueue.maxBytes 100000") });
  });

  test('is refused with engine: "ws", and so is reading', async () => {
    const { connection } = await connected({ engine: "ws" });
    for (const call of [() => connection.createMessageWriter(), () => connection.messageStreams()]) {
      expect(call).toThrow(expect.objectContaining({ code: "INVALID_STATE", message: expect.stringContaining("option engine") }));
    }
  });
});

describe("messages read piece by piece", () => {
  test("come while they are sent, far beyond maxPayload, and no listener is told", async () => {
    const { server, port, connections, messages } = await serve({ maxPayload: 1_000 });
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const streams = connection.messageStreams();
    peer.write(frame(Opcode.text, "first ", { fin: false }));
    const message = await nextOf(streams);
    const pieces = message[Symbol.asyncIterator]();
    expect(await pieces.next()).toEqual({ done: false, value: "first " });
    peer.write(frame(Opcode.continuation, Buffer.alloc(100_000, "x")));
    let length = 0;
    for (let step = await pieces.next(); !step.done; step = await pieces.next()) length += step.value.length;
    expect([length, messages.all, server.stats().messagesReceived]).toEqual([100_000, [], 1]);
    await streams.return?.();
    peer.write(frame(Opcode.text, "to listeners"));
    expect((await messages.one()).message).toBe("to listeners");
  });

  test("that nobody reads stop the sender; the rest is not taken in", async () => {
    const { port, connections } = await serve();
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const streams = connection.messageStreams();
    peer.write(frame(Opcode.binary, Buffer.alloc(64 * MIB)));
    const message = (await nextOf(streams)) as AnyMessageStream & AsyncIterable<Uint8Array>;
    await turns(500);
    expect(peer.socket.writableLength).toBeGreaterThan(0);
    let bytes = 0;
    for await (const piece of message) bytes += piece.length;
    expect(bytes).toBe(64 * MIB);
  });

  test.each([
    ["many empty ones", new Array<Uint8Array>(65).fill(new Uint8Array(0))],
    ["one that is read elsewhere", [new Uint8Array(65_536)]],
  ])("that hold back the sender when their loop is left do not hold it back for ever: %s", async (_, sent) => {
    const { server, client, connection, messages } = await connected();
    const streams = connection.messageStreams();
    for (const message of sent) client.socket.send(message);
    const { readable } = await nextOf(streams);
    await expect.poll(() => server.stats().messagesReceived).toBe(sent.length);
    await streams.return?.();
    client.socket.send("after it");
    expect((await messages.one()).message).toBe("after it");
    await readable.cancel();
  });

  test("above maxBytes close the connection with 1009, and fail", async () => {
    const { port, connections } = await serve();
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const streams = connection.messageStreams({ maxBytes: 1_000 });
    peer.write(Buffer.concat([frame(Opcode.binary, "x", { fin: false }), frame(Opcode.continuation, Buffer.alloc(1_000))]));
    const message = await nextOf(streams);
    await expect(message.bytes()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect((await peer.readFrame()).code).toBe(1009);
  });

  test("left unread for stallTimeoutMs close it with 1011; until then the peer hears pings", async () => {
    const clock = new FakeClock();
    const { port, connections } = await serve(withInternals({ heartbeat: false, pingIntervalMs: 0 }, { clock }));
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const streams = connection.messageStreams({ stallTimeoutMs: 4_000 });
    peer.write(frame(Opcode.binary, Buffer.alloc(MIB), { fin: false }));
    const message = await nextOf(streams);
    await turns(500);
    for (let count = 0; count < 2; count++) {
      clock.advance(2_000);
      expect((await peer.readFrame()).opcode).toBe(Opcode.ping);
    }
    clock.advance(2_000);
    expect(await peer.readFrame()).toMatchObject({ opcode: Opcode.close, code: 1011 });
    await expect(message.bytes()).rejects.toMatchObject({ code: "OVERFLOW" });
  });

  test("fail when the connection ends in the middle, on either side", async () => {
    for (const end of [(peer: RawSocket) => peer.reset(), (_: RawSocket, connection: Connection) => void connection.close()]) {
      const { port, connections } = await serve();
      const peer = await RawSocket.open(port);
      const { connection } = await connections.one(({ type }) => type === "connected");
      const streams = connection.messageStreams();
      peer.write(frame(Opcode.text, "half", { fin: false }));
      const reading = (await nextOf(streams)).text();
      end(peer, connection);
      await expect(reading).rejects.toMatchObject({ code: "CONNECTION_LOST" });
      expect(await streams.next()).toMatchObject({ done: true });
      peer.destroy();
    }
  });

  test("hold up the text pong, which comes behind them: nobody is taken for dead meanwhile", async () => {
    const { port, connections } = await serve({ pingIntervalMs: 20, heartbeat: false });
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const streams = connection.messageStreams();
    peer.write(frame(Opcode.text, "half", { fin: false }));
    await nextOf(streams);
    for (let count = 0; count < 5; count++) expect((await peer.readFrame()).text).toBe("ping");
    expect(connection.isAlive).toBe(true);
    peer.write(frame(Opcode.continuation, ""));
    expect(await within("the end", connectionEnd(peer))).toBe(4408);
  });

  test("let one text ping wait behind them, not one more at each sweep", async () => {
    const clock = new FakeClock();
    const { port, connections } = await serve(withInternals({ heartbeat: false, pingIntervalMs: 1_000 }, { clock }));
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const writer = connection.createMessageWriter({ type: "text" });
    await writer.write("half");
    for (let sweep = 0; sweep < 5; sweep++) {
      clock.advance(1_000);
      clock.read();
    }
    void connection.sendRaw("behind");
    await writer.close();
    const texts: string[] = [];
    while (texts.at(-1) !== "behind") texts.push((await peer.readFrame()).text);
    expect(texts).toEqual(["half", "", "ping", "behind"]);
  });

  test("take the heartbeat's texts for what they are, and one loop at a time", async () => {
    const { client, connection } = await connected();
    const streams = connection.messageStreams();
    expect(() => connection.messageStreams()).toThrow(expect.objectContaining({ code: "INVALID_STATE" }));
    client.send("ping");
    client.send("pinging");
    expect(await (await nextOf(streams)).text()).toBe("pinging");
    expect(await client.hears(1)).toEqual(["pong"]);
  });
});

/** The code that a peer is closed with, whatever comes before. */
async function connectionEnd(peer: RawSocket): Promise<number | undefined> {
  for (;;) {
    const { opcode, code } = await peer.readFrame();
    if (opcode === Opcode.close) return code;
  }
}
