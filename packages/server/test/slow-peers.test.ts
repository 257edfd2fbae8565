import { beforeAll, describe, expect, test } from "vitest";
import { type Certificate, type Certificates, makeCertificates } from "../../../testkit/certificates.ts";
import { frame, Opcode, RawSocket, within } from "../../../testkit/raw-socket.ts";
import { withInternals } from "../src/internals.ts";
import { ENGINES, type Engine, type EngineSocket } from "../src/socket.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { serve, TestClient, turns, until } from "./support/harness.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});

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

describe("one large message to a peer", () => {
  const SIZE = 33_554_432;
  /** Of a frame of that length. */
  const HEADER = 10;
  const limits = { maxBytes: 67_108_864, stallTimeoutMs: 1_000 };

  /** A server on a clock of the test's, with a peer that is sent the message and does not read. */
  async function sending(certificate: Certificate | undefined) {
    const clock = new FakeClock();
    const sockets: EngineSocket[] = [];
    const tls = certificate && { key: certificate.key, cert: certificate.cert };
    const options = { sendQueue: limits, pingIntervalMs: 0, ...(tls && { tls }) };
    const { server, port, connections } = await serve(withInternals(options, { clock, engine: watched(sockets) }));
    const peer = await RawSocket.open(
      port,
      "/",
      {},
      certificate ? { tls: { ca: certificates.ca, servername: "localhost" } } : {},
    );
    peer.socket.pause();
    let read = 0;
    peer.socket.on("data", (chunk: Buffer) => (read += chunk.byteLength));
    const { connection } = await connections.one(({ type }) => type === "connected");
    const taken = connection.sendRaw(new Uint8Array(SIZE)).then(
      () => "taken",
      ({ code }) => code,
    );
    /** Lets time pass, and the server look at what moved. */
    const pass = async (ms: number): Promise<void> => {
      clock.advance(ms);
      await turns(2);
      clock.read();
    };
    /** Lets the peer read until the server's kernel had room for more. */
    const readUntilSomeIsTaken = async (): Promise<void> => {
      const socket = sockets[0] as EngineSocket;
      const before = socket.takenBytes;
      while (socket.takenBytes === before) {
        const some = new Promise((resolve) => peer.socket.once("data", resolve));
        peer.socket.resume();
        await within("some bytes", some);
        peer.socket.pause();
        await turns(2);
      }
      // The message as a whole still counts as waiting.
      expect(socket.bufferedBytes).toBeGreaterThanOrEqual(SIZE);
    };
    return { server, peer, connections, taken, pass, readUntilSomeIsTaken, read: () => read };
  }

  test.each([
    ["TCP", () => undefined],
    ["TLS", () => certificates.localhost],
  ])("who reads slowly is left alone for longer than stallTimeoutMs, and gets it whole: %s", async (_, certificate) => {
    const { server, peer, taken, pass, readUntilSomeIsTaken, read } = await sending(certificate());
    for (let round = 0; round < 4; round++) {
      await readUntilSomeIsTaken();
      await pass(900);
    }
    peer.socket.resume();
    await until("all of it has come", () => read() >= SIZE + HEADER);
    expect([await taken, server.stats().severed]).toEqual(["taken", {}]);
    peer.destroy();
  });

  test.each([
    ["TCP", () => undefined],
    ["TLS", () => certificates.localhost],
  ])("who stops reading in its middle is closed after stallTimeoutMs: %s", async (_, certificate) => {
    const { server, peer, connections, taken, pass, readUntilSomeIsTaken } = await sending(certificate());
    await readUntilSomeIsTaken();
    await until("4408", () => {
      void pass(250);
      return connections.all.some(({ type }) => type === "disconnected");
    });
    expect(connections.all.at(-1)).toMatchObject({
      code: 4408,
      reason: "not reading: nothing taken within sendQueue.stallTimeoutMs 1000",
    });
    expect([await taken, server.stats().severed]).toEqual(["UNKNOWN", { 4408: 1 }]);
    peer.destroy();
  });
});

/** The usual engine, whose sockets the test sees. */
function watched(sockets: EngineSocket[]): Engine {
  return {
    ...ENGINES.own,
    createAcceptor(options) {
      const acceptor = ENGINES.own.createAcceptor(options);
      return {
        accept: (request, stream, head, answer, opened) =>
          acceptor.accept(request, stream, head, answer, (socket) => {
            sockets.push(socket);
            return opened(socket);
          }),
      };
    },
  };
}

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

describe.each(["own", "ws"] as const)("with engine %s", (engine) => {
  test.each([
    ["TCP", false],
    ["TLS", true],
  ])("who reads gets all that is sent in one turn over %s, however far beyond the bound", async (_, isSecure) => {
    const { key, cert } = certificates.localhost;
    const { server, port, connections } = await serve({
      engine,
      sendQueue: { maxBytes: 65_536 },
      ...(isSecure && { tls: { key, cert } }),
    });
    const options = isSecure ? { tls: { ca: certificates.ca, servername: "localhost" } } : {};
    const peer = await RawSocket.open(port, "/", {}, options);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const sends = Array.from({ length: 1_000 }, (_, n) => connection.sendRaw(`direct ${n}`));
    const broadcasts = Array.from({ length: 1_000 }, (_, n) => server.broadcastRaw(`to all ${n}`));
    const large = "x".repeat(50_000);
    for (let n = 0; n < 10; n++) broadcasts.push(server.broadcastRaw(large));
    for (let n = 0; n < 1_000; n++) expect((await peer.readFrame()).text).toBe(`direct ${n}`);
    for (let n = 0; n < 1_000; n++) expect((await peer.readFrame()).text).toBe(`to all ${n}`);
    for (let n = 0; n < 10; n++) expect((await peer.readFrame()).text).toBe(large);
    await Promise.all(sends);
    expect(await Promise.all(broadcasts)).toEqual(broadcasts.map(() => 1));
    peer.destroy();
  });

  test("what a listener of `sent` sends is told in its turn, and settles", async () => {
    const { server, port, connections } = await serve({ engine });
    const peer = await RawSocket.open(port);
    const { connection } = await connections.one(({ type }) => type === "connected");
    const told: unknown[] = [];
    const outcomes: Promise<void>[] = [];
    server.on("message", ({ type, message }) => {
      if (type !== "sent") return;
      told.push(message);
      if (!String(message).startsWith("again")) outcomes.push(connection.sendRaw(`again ${message}`));
    });
    const texts = Array.from({ length: 5 }, (_, n) => `message ${n}`);
    for (const text of texts) outcomes.push(connection.sendRaw(text));
    const all = [...texts, ...texts.map((text) => `again ${text}`)];
    const heard: string[] = [];
    while (heard.length < all.length) heard.push((await peer.readFrame()).text);
    await expect.poll(() => outcomes.length).toBe(all.length);
    await Promise.all(outcomes);
    expect([[...heard].sort(), [...told].sort()]).toEqual([[...all].sort(), [...all].sort()]);
    expect(told.filter((message) => texts.includes(message as string))).toEqual(texts);
    expect(server.stats().messagesSent).toBe(all.length);
    peer.destroy();
  });

  test("who reads over TLS is not thrown out for what was sent in the turns before", async () => {
    const { key, cert } = certificates.localhost;
    const { port, connections } = await serve({ engine, tls: { key, cert } });
    const tls = { ca: certificates.ca, servername: "localhost" };
    const peer = await RawSocket.open(port, "/", {}, { tls });
    const { connection } = await connections.one(({ type }) => type === "connected");
    const sends: Promise<void>[] = [];
    for (let turn = 0; turn < 4; turn++) {
      for (let count = 0; count < 20; count++) sends.push(connection.sendRaw("x".repeat(15_000)));
      sends.push(connection.sendRaw("y".repeat(1_000_000)));
      for (let small = 0; small < 3; small++) {
        await new Promise((resolve) => setImmediate(resolve));
        sends.push(connection.sendRaw("small"));
      }
    }
    for (const _ of sends) await peer.readFrame();
    await Promise.all(sends);
    peer.destroy();
  });

  test("a message of 16 MiB in fragments of 64 bytes passes where both bounds allow it", async () => {
    const size = 16_777_216;
    const { port, messages } = await serve({ engine, maxPayload: size, maxFragments: size / 64 });
    const peer = await RawSocket.open(port);
    const middle = frame(Opcode.continuation, "y".repeat(64), { fin: false });
    const count = size / 64 - 2;
    peer.write(frame(Opcode.text, "y".repeat(64), { fin: false }));
    peer.write(Buffer.alloc(middle.length * count, middle));
    peer.write(frame(Opcode.continuation, "y".repeat(64)));
    const { message } = await messages.one();
    expect([message.length, (message as string).replaceAll("y", "")]).toEqual([size, ""]);
    peer.destroy();
  });
});
