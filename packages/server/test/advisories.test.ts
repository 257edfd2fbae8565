import { IncomingMessage } from "node:http";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { closePayload, frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { retained } from "../../../testkit/retained.ts";
import { deflated } from "../../../testkit/rfc/compression.ts";
import { serve, serveAuth, TestClient, until } from "./support/harness.ts";

// What others had to publish advisories for, against our server with either engine: docs/threats.md says which is which.

const EXTENSIONS = "Sec-WebSocket-Extensions";
const PROTOCOL = "Sec-WebSocket-Protocol";
const MIB = 1_048_576;

/** Sends bytes and reads the head of the answer. */
async function ask(
  port: number,
  bytes: string | Uint8Array,
): Promise<{ raw: RawSocket; status: number; agreed?: string | undefined }> {
  const raw = await RawSocket.connect(port);
  onTestFinished(() => raw.destroy());
  raw.write(bytes);
  const { status, headers } = await raw.readHead();
  return { raw, status, agreed: headers["sec-websocket-extensions"] };
}

/** A client comes and is heard, as if nothing had happened. */
async function servesOthers({ url, messages }: Pick<Awaited<ReturnType<typeof serve>>, "url" | "messages">): Promise<void> {
  const honest = await TestClient.connect(url);
  honest.send("still here");
  await messages.one(({ message }) => message === "still here");
  honest.socket.terminate();
}

/** Every property that all objects have. */
const commonProperties = (): PropertyKey[] => Reflect.ownKeys(Object.prototype);

describe.each(["own", "ws"] as const)("advisories of others, with engine %s", (engine) => {
  test("names of object properties as extensions and parameters agree on nothing, crash nothing, and touch no prototype", async () => {
    const running = await serve({ engine, compression: true });
    const before = commonProperties();
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "prototype"]) {
      for (const offer of [name, `${name}; ${name}`, `${name}; ${name}=1`, `${name}; a="${name}"`, `${name}, ${name}`]) {
        const { status, agreed } = await ask(running.port, upgradeRequest("/", { [EXTENSIONS]: offer }));
        expect([offer, status, agreed]).toEqual([offer, 101, undefined]);
      }
      for (const parameter of [name, `${name}=1`, `server_max_window_bits=${name}`, `client_max_window_bits=${name}`]) {
        const offer = `permessage-deflate; ${parameter}`;
        const { status, agreed } = await ask(running.port, upgradeRequest("/", { [EXTENSIONS]: offer }));
        expect([offer, status, agreed]).toEqual([offer, 101, undefined]);
      }
      const malformed = await ask(running.port, upgradeRequest("/", { [EXTENSIONS]: `,;${name}` }));
      expect(malformed.status).toBe(400);
    }
    expect(commonProperties()).toEqual(before);
    await until("none is pending", () => running.server.stats().pendingHandshakes === 0);
    await servesOthers(running);
  });

  test("window bits out of range are not agreed on, those in range work", async () => {
    const running = await serve({ engine, compression: { threshold: 0 } });
    for (const bits of ["7", "16", "0", "-1", "99999999999999999999", "NaN", '""']) {
      for (const side of ["server", "client"]) {
        const offer = `permessage-deflate; ${side}_max_window_bits=${bits}`;
        const { status, agreed } = await ask(running.port, upgradeRequest("/", { [EXTENSIONS]: offer }));
        // What is no list of extensions is no request at all.
        expect([offer, status, agreed]).toEqual([offer, bits === '""' ? 400 : 101, undefined]);
      }
    }
    for (const bits of [8, 9, 15]) {
      const offer = `permessage-deflate; server_max_window_bits=${bits}; client_max_window_bits=${bits}`;
      const { raw, agreed } = await ask(running.port, upgradeRequest("/", { [EXTENSIONS]: offer }));
      expect(agreed).toContain(`server_max_window_bits=${bits}`);
      raw.write(frame(Opcode.text, deflated(`bits ${bits}`, { windowBits: Math.max(bits, 9) }), { rsv: 4 }));
      await running.messages.one(({ message }) => message === `bits ${bits}`);
    }
    await servesOthers(running);
  });

  test("5,000 headers are 431, or let in where the limit says so", async () => {
    const headers = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`X-${index}`, "1"]));
    // Those of the upgrade last: behind where Node stops to show any.
    const request = upgradeRequest().replace(
      "\r\n",
      `\r\n${Object.keys(headers)
        .map((name) => `${name}: 1\r\n`)
        .join("")}`,
    );
    const strict = await serve({ engine, limits: { maxHeaderBytes: MIB } });
    expect((await ask(strict.port, request)).status).toBe(431);
    await servesOthers(strict);
    const wide = await serve({ engine, limits: { maxHeaderBytes: MIB, maxHeaders: 10_000 } });
    expect((await ask(wide.port, request)).status).toBe(101);
    await servesOthers(wide);
  });

  test("a header of a mebibyte that is made to backtrack is answered at once, and others are served", async () => {
    const running = await serve({ engine, compression: true, limits: { maxHeaderBytes: MIB } });
    const fill = (first: string, piece: string, last = ""): string => first + piece.repeat(1_000_000 / piece.length) + last;
    const lists = [fill("b", " ", "x"), fill("b", "\t", "x"), fill("", ",", "x y"), fill("", " ,", "@"), fill("", "a,")];
    const values = [
      fill('a; b="', "\\c"),
      fill('a; b="', "c"),
      fill('a; b="', "\\\\"),
      fill("a", ";"),
      fill("a", '; b="'),
      fill("a; b", "="),
    ];
    const headers: [string, string][] = [
      ...lists.map((value): [string, string] => [PROTOCOL, value]),
      ...[...lists, ...values].map((value): [string, string] => [EXTENSIONS, value]),
      ["Connection", fill("Upgrade", " ,", "x")],
    ];
    for (const [name, value] of headers) {
      const shown = `${name}: ${value.slice(0, 12)}`;
      const { raw, status } = await ask(running.port, upgradeRequest("/", { [name]: value }));
      expect([shown, status === 101 || status === 400]).toEqual([shown, true]);
      raw.destroy();
    }
    await servesOthers(running);
  });

  test("declared lengths that no number holds are refused before any of it comes", async () => {
    const running = await serve({ engine, maxPayload: 1_000 });
    for (const declaredLength of [
      1_001n,
      2n ** 31n,
      2n ** 32n,
      2n ** 53n - 1n,
      2n ** 53n + 1n,
      2n ** 63n - 1n,
      2n ** 63n,
      2n ** 64n - 1n,
    ]) {
      for (const first of [[], [frame(Opcode.binary, "a", { fin: false })]]) {
        const opcode = first.length > 0 ? Opcode.continuation : Opcode.binary;
        const peer = await RawSocket.open(running.port);
        peer.write(Buffer.concat([...first, frame(opcode, "", { declaredLength })]));
        // The highest bit must not be set (RFC 6455 section 5.2).
        const fits = declaredLength < 2n ** 63n || engine === "ws" ? 1009 : 1002;
        expect([declaredLength, (await peer.readFrame()).code]).toEqual([declaredLength, fits]);
        peer.destroy();
      }
    }
    await servesOthers(running);
  });

  test("messages of tiny fragments that never end hold little, and one fragment too many is 1008", async () => {
    const running = await serve({ engine });
    const first = frame(Opcode.text, "x", { fin: false });
    const more = frame(Opcode.continuation, "x", { fin: false });
    const unfinished = Buffer.concat([first, ...Array<Buffer>(16_383).fill(more), frame(Opcode.ping, "all read")]);
    const warm = await RawSocket.open(running.port);
    warm.write(unfinished);
    expect((await warm.readFrame()).text).toBe("all read");
    /** What is held: bytes, and the objects around them. */
    const held = (): number => retained() + process.memoryUsage().heapUsed;
    const before = held();
    const peers = await Promise.all(Array.from({ length: 30 }, () => RawSocket.open(running.port)));
    for (const peer of peers) peer.write(unfinished);
    for (const peer of peers) expect((await peer.readFrame()).text).toBe("all read");
    // 16 KiB each have come; a Buffer for each fragment would be more than a mebibyte.
    expect(held() - before).toBeLessThan(peers.length * 300_000);
    for (const peer of [warm, ...peers]) {
      peer.write(more);
      expect((await peer.readFrame()).code).toBe(1008);
      peer.destroy();
    }
    await servesOthers(running);
  });

  test("a number is no message: nothing is allocated for it, and nothing sent", async () => {
    const { server, url, connections } = await serve({ engine });
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    for (const value of [0, 5, 100_000_000, { length: 100 }, [1, 2]]) {
      for (const call of [connection.sendRaw(value as never), server.broadcastRaw(value as never)]) {
        await expect(call).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      }
    }
    await connection.sendRaw("the only one");
    expect(await client.hears(1)).toEqual(["the only one"]);
  });

  test("a close reason that is no text is refused: no memory leaves by it", async () => {
    const { url, connections } = await serve({ engine });
    const client = await TestClient.connect(url);
    const { connection } = await connections.one(({ type }) => type === "connected");
    for (const reason of [new Float32Array(20), new Uint8Array(20), new ArrayBuffer(20), 20, { length: 20 }]) {
      await expect(connection.close(4000, reason as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    void connection.close(4000, "bye");
    expect(await client.closed).toEqual({ code: 4000, reason: "bye" });
  });

  test("a pong bears what the ping bore, and nothing of its neighbours", async () => {
    const { port } = await serve({ engine });
    const peer = await RawSocket.open(port);
    for (const length of [0, 1, 50, 125]) {
      const payload = Buffer.alloc(length, length);
      peer.write(frame(Opcode.ping, payload));
      const { opcode, payload: answered } = await peer.readFrame();
      expect([opcode, answered.equals(payload)]).toEqual([Opcode.pong, true]);
    }
    peer.destroy();
  });

  test("a body is not waited for: whoever sends one is refused, and the connection ends", async () => {
    const running = await serve({ engine });
    const length = { "Content-Length": "1000000000" };
    for (const [line, status] of [
      ["POST / HTTP/1.1", 405],
      ["GET / HTTP/1.1", 400],
    ] as const) {
      const { raw, status: answered } = await ask(running.port, upgradeRequest("/", length, line) + "x".repeat(MIB));
      expect(answered).toBe(status);
      await raw.whenOver();
      raw.destroy();
    }
    const plain = await ask(running.port, `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n${"x".repeat(MIB)}`);
    expect(plain.status).toBe(405);
    await plain.raw.whenOver();
    await servesOthers(running);
  });

  test("a reset at any moment of the upgrade, and right after it, is no unhandled error", async () => {
    const running = await serve({ engine, compression: true, connectionSuccessString: "hi" });
    const { server, port, errors, connections } = running;
    const resets: [bytes: string | Uint8Array, isAnswered: boolean][] = [];
    for (const isAnswered of [false, true]) {
      for (const request of [upgradeRequest(), upgradeRequest("/", { [EXTENSIONS]: "permessage-deflate" })]) {
        for (const more of [
          Buffer.alloc(0),
          frame(Opcode.text, "half").subarray(0, 4),
          frame(Opcode.close, closePayload(1000)),
        ]) {
          resets.push([Buffer.concat([Buffer.from(request), more]), isAnswered]);
        }
      }
      resets.push([upgradeRequest("/", { "Sec-WebSocket-Version": "8" }), isAnswered]);
      resets.push([upgradeRequest("/%zz"), isAnswered]);
      resets.push(["GET / HTTP/1.1\r\nHost: x\r\n\r\n", isAnswered]);
    }
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        resets.map(async ([bytes, isAnswered]) => {
          const raw = await RawSocket.connect(port);
          raw.write(bytes);
          if (isAnswered) await raw.readHead();
          raw.reset();
        }),
      );
    }
    await servesOthers(running);
    await until("all are forgotten", () => server.connections.size + server.stats().pendingHandshakes === 0);
    const count = (type: string): number => connections.all.filter((event) => event.type === type).length;
    await until("all is told", () => count("disconnected") === count("connected"));
    expect(errors.all).toEqual([]);
  });

  test("a malformed frame in one packet with the upgrade is refused by its code, though nobody listens yet", async () => {
    const running = await serve({ engine, connectionSuccessString: "hi" });
    for (const [bytes, code] of [
      [frame(Opcode.text, "x", { rsv: 3 }), 1002],
      [frame(Opcode.text, "x", { masked: false }), 1002],
      [frame(15, ""), 1002],
      [frame(Opcode.text, Uint8Array.of(0xff)), 1007],
    ] as const) {
      const { raw, status } = await ask(running.port, Buffer.concat([Buffer.from(upgradeRequest()), bytes]));
      expect(status).toBe(101);
      let read = await raw.readFrame();
      while (read.opcode !== Opcode.close) read = await raw.readFrame();
      expect(read.code).toBe(code);
      raw.destroy();
    }
    await running.errors.has(4, ({ error }) => error.code === "PROTOCOL_ERROR");
    await servesOthers(running);
  });

  test("a header named like the prototype is one like any other, also where Node's own list of headers throws", async () => {
    // As Node did it before it was mended.
    const list = IncomingMessage.prototype as unknown as { _addHeaderLineDistinct(name: string): void };
    const adding = vi.spyOn(list, "_addHeaderLineDistinct").mockImplementation((name) => {
      if (name === "__proto__") throw new TypeError("dest[field].push is not a function");
    });
    onTestFinished(() => adding.mockRestore());
    const { port, connections, errors } = await serveAuth({ engine }, { getId: (token) => (token === "ada" ? 1 : null) });
    const headers = { ["__proto__" as string]: "x", Authorization: "Bearer ada" };
    expect((await ask(port, upgradeRequest("/", headers))).status).toBe(101);
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect(Object.keys(connection.headers)).toContain("__proto__");
    expect((await ask(port, upgradeRequest("/", { ["__proto__" as string]: "x" }))).status).toBe(401);
    expect(errors.all).toEqual([]);
  });
});
