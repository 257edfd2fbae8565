import { connect as connectTcp } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CompressionOptions, ConnectOptions, Engine } from "../packages/engine/src/index.ts";
import { type Seen, serveEngine, watch } from "./engine-harness.ts";
import { serveRaw, switching } from "./raw-server.ts";
import { closePayload, type Frame, frame, Opcode, type RawSocket, within } from "./raw-socket.ts";

const OPTIONS: Omit<ConnectOptions, "host"> = {
  target: "/",
  headers: {},
  subprotocols: [],
  handshakeTimeoutMs: 2_000,
  maxPayload: 1_048_576,
  maxFragments: 64,
  closeTimeoutMs: 2_000,
};
const COMPRESSION: CompressionOptions = { threshold: 50, level: 6, contextTakeover: false, windowBits: 15 };
const WORDS = "what is said, and what is said again, and again. ".repeat(20);

/** What came of an attempt. */
type Outcome =
  | { readonly opened: Seen; readonly headers: Readonly<Record<string, unknown>> }
  | { readonly refused: { readonly status: number | undefined; readonly body: string } }
  | { readonly failed: string };

/** Connects by an engine. */
async function attempt(engine: Engine, port: number, given: Partial<ConnectOptions> = {}): Promise<Outcome> {
  const stream = connectTcp(port, "127.0.0.1");
  await within("connect", new Promise((resolve) => stream.once("connect", resolve)));
  onTestFinished(() => void stream.destroy());
  const outcome = new Promise<Outcome>((resolve) => {
    engine.connect(
      stream,
      { ...OPTIONS, host: `127.0.0.1:${port}`, ...given },
      {
        opened(socket, { headers }) {
          const { connection, listener } = watch(socket);
          resolve({ opened: connection, headers });
          return listener;
        },
        refused(response) {
          const chunks: Buffer[] = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("end", () => resolve({ refused: { status: response.statusCode, body: Buffer.concat(chunks).toString() } }));
        },
        failed: (error) => resolve({ failed: error.message }),
      },
    );
  });
  return within("an outcome", outcome);
}

async function opened(engine: Engine, port: number, given?: Partial<ConnectOptions>): Promise<Seen> {
  const outcome = await attempt(engine, port, given);
  if (!("opened" in outcome)) throw new Error(JSON.stringify(outcome));
  return outcome.opened;
}

const unmasked = { masked: false };

/** What some implementations do not do, harmlessly: judge all that is answered on compression; wait for the server to close TCP. */
export type FineClientRule = "compression" | "server first";

/**
 * What every engine must do as client.
 *
 * @param servers engines that it is to talk to
 */
export function clientSuite(
  name: string,
  makeEngine: () => Engine,
  servers: Readonly<Record<string, Engine>>,
  leftOut: readonly FineClientRule[] = [],
): void {
  const testOf = (rule: FineClientRule) => (leftOut.includes(rule) ? () => {} : test);
  describe(`engine ${name} as client`, () => {
    test("asks by the book, with what it is given besides", async () => {
      const { port, heads } = await serveRaw((accept) => switching(accept, "Sec-WebSocket-Protocol: chat\r\n"));
      const given = {
        target: "/room?x=1",
        headers: { authorization: "Bearer t", "x-own": "1" },
        subprotocols: ["other", "chat"],
      };
      const first = await attempt(makeEngine(), port, given);
      await attempt(makeEngine(), port, given);
      expect(first).toMatchObject({ headers: { "sec-websocket-protocol": "chat" } });
      const [head = "", second = ""] = heads;
      const lines = head.toLowerCase().split("\r\n");
      expect(lines[0]).toBe("get /room?x=1 http/1.1");
      for (const line of [
        `host: 127.0.0.1:${port}`,
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-version: 13",
        "authorization: bearer t",
        "x-own: 1",
      ]) {
        expect(lines).toContain(line);
      }
      expect(head).toMatch(/sec-websocket-protocol: other, ?chat\r\n/i);
      expect(head).not.toMatch(/sec-websocket-extensions/i);
      const key = (text: string): string => /sec-websocket-key: (.*)\r\n/i.exec(text)?.[1] ?? "";
      expect(Buffer.from(key(head), "base64")).toHaveLength(16);
      expect(key(second)).not.toBe(key(head));
    });

    test("hands over an answer that is no 101, with its body", async () => {
      const { port } = await serveRaw(() => "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
      expect(await attempt(makeEngine(), port)).toEqual({ refused: { status: 401, body: "no" } });
    });

    // The rules of RFC 6455 section 4.1 for the answer, in its order; and which header may stand there but once (11.3).
    test.each<[string, (accept: string) => string]>([
      ["no HTTP", () => "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
      ["HTTP/1.0", (accept) => switching(accept).replace("HTTP/1.1", "HTTP/1.0")],
      ["no Upgrade header", (accept) => switching(accept).replace("Upgrade: websocket\r\n", "")],
      ["an empty Upgrade header", (accept) => switching(accept).replace("Upgrade: websocket", "Upgrade:")],
      ["another protocol", (accept) => switching(accept).replace("Upgrade: websocket", "Upgrade: h2c")],
      ["another protocol besides", (accept) => switching(accept).replace("Upgrade: websocket", "Upgrade: h2c, websocket")],
      ["two Upgrade headers", (accept) => switching(accept, "Upgrade: websocket\r\n")],
      ["no Connection header", (accept) => switching(accept).replace("Connection: Upgrade\r\n", "")],
      [
        "a Connection header that names others",
        (accept) => switching(accept).replace("Connection: Upgrade", "Connection: keep-alive"),
      ],
      ["a Connection header that only contains it", (accept) => switching(accept).replace("Connection: U", "Connection: no-u")],
      ["no accept value", (accept) => switching(accept).replace(/Sec-WebSocket-Accept: .*\r\n/, "")],
      ["a wrong accept value", () => switching("c29tZXRoaW5nIGVsc2UgYWx0b2dldGg=")],
      ["an accept value in another case", (accept) => switching(accept.toUpperCase())],
      ["two accept values", (accept) => switching(accept, `Sec-WebSocket-Accept: ${accept}\r\n`)],
      ["an extension that was not offered", (accept) => switching(accept, "Sec-WebSocket-Extensions: permessage-deflate\r\n")],
      ["a subprotocol that was not offered", (accept) => switching(accept, "Sec-WebSocket-Protocol: other\r\n")],
      ["a subprotocol in another case", (accept) => switching(accept, "Sec-WebSocket-Protocol: CHAT\r\n")],
      ["two subprotocols", (accept) => switching(accept, "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: room\r\n")],
      ["two subprotocols in one header", (accept) => switching(accept, "Sec-WebSocket-Protocol: chat, room\r\n")],
    ])("takes no connection with %s", async (_, answer) => {
      const { port, peers } = await serveRaw(answer);
      expect(await attempt(makeEngine(), port, { subprotocols: ["chat", "room"] })).toHaveProperty("failed");
      await peers[0]?.whenOver();
    });

    test("takes no connection with a subprotocol where none was offered", async () => {
      const { port } = await serveRaw((accept) => switching(accept, "Sec-WebSocket-Protocol: chat\r\n"));
      expect(await attempt(makeEngine(), port)).toHaveProperty("failed");
    });

    test.each<[string, (accept: string) => string]>([
      ["headers in any case", (accept) => switching(accept).replace("Upgrade: websocket", "UPGRADE: WebSocket")],
      ["Connection in any case, among others", (accept) => switching(accept).replace("ion: Upgrade", "ion: keep-alive, uPGRADE")],
      ["Connection in two headers", (accept) => switching(accept, "Connection: keep-alive\r\n")],
      ["blanks around the accept value", (accept) => switching(` ${accept} \t`)],
      ["another reason phrase", (accept) => switching(accept).replace("Switching Protocols", "Welcome")],
    ])("takes a connection with %s", async (_, answer) => {
      const { port } = await serveRaw(answer);
      expect(await attempt(makeEngine(), port)).toHaveProperty("opened");
    });

    const ANSWERS: readonly (readonly [parameters: string, rule?: FineClientRule])[] = [
      ["; server_no_context_takeover; server_max_window_bits=9; x=1"],
      ["; server_no_context_takeover; server_max_window_bits=7"],
      ["", "compression"],
      ["; server_no_context_takeover", "compression"],
      ["; server_no_context_takeover; server_max_window_bits=12", "compression"],
      ["; server_max_window_bits=9", "compression"],
      ["; server_no_context_takeover; server_max_window_bits=9, permessage-deflate", "compression"],
    ];
    const judged = ANSWERS.filter(([, rule]) => rule === undefined || !leftOut.includes(rule));
    test.each(judged)("takes no connection with compression that was not offered so: %j", async (parameters) => {
      const { port } = await serveRaw((accept) =>
        switching(accept, `Sec-WebSocket-Extensions: permessage-deflate${parameters}\r\n`),
      );
      const compression = { ...COMPRESSION, windowBits: 10 };
      expect(await attempt(makeEngine(), port, { compression })).toHaveProperty("failed");
    });

    test("fails when no answer comes in time, or the connection ends before", async () => {
      const silent = await serveRaw(() => "");
      expect(await attempt(makeEngine(), silent.port, { handshakeTimeoutMs: 50 })).toHaveProperty("failed");
      const cut = await serveRaw(() => "HTTP/1.1 101 Switching");
      const cutting = attempt(makeEngine(), cut.port);
      await expect.poll(() => cut.heads.length).toBe(1);
      cut.peers[0]?.destroy();
      expect(await cutting).toHaveProperty("failed");
    });

    test("masks each frame in its own way, and takes unmasked ones, those right behind the 101 too", async () => {
      const { port, peers } = await serveRaw((accept) =>
        Buffer.concat([
          Buffer.from(switching(accept)),
          frame(Opcode.text, "at once", unmasked),
          frame(Opcode.ping, "?", unmasked),
        ]),
      );
      const engine = makeEngine();
      const seen = await opened(engine, port);
      const peer = peers[0] as RawSocket;
      for (let count = 0; count < 50; count++) seen.socket.send("the same");
      seen.socket.send(engine.prepare("the same"));
      seen.socket.send(new Uint8Array(100_000).fill(7));
      expect(await seen.has(1)).toEqual(["at once"]);
      const masks = new Set<string>();
      const frames: Frame[] = [];
      while (frames.length < 53) frames.push(await peer.readFrame());
      for (const { mask } of frames) masks.add(mask?.toString("hex") ?? "none");
      expect([masks.size > 50, masks.has("none"), masks.has("00000000")]).toEqual([true, false, false]);
      const texts = frames.filter(({ opcode }) => opcode === Opcode.text).map(({ text }) => text);
      expect(texts).toEqual(Array.from({ length: 51 }, () => "the same"));
      const large = frames.find(({ opcode }) => opcode === Opcode.binary);
      expect(large?.payload.equals(Buffer.alloc(100_000, 7))).toBe(true);
      expect(frames.filter(({ opcode }) => opcode === Opcode.pong).map(({ text }) => text)).toEqual(["?"]);
    });

    test("refuses a masked frame with 1002", async () => {
      const { port, peers } = await serveRaw((accept) => switching(accept));
      const seen = await opened(makeEngine(), port);
      peers[0]?.write(frame(Opcode.text, "x"));
      expect((await (peers[0] as RawSocket).readFrame()).code).toBe(1002);
      peers[0]?.destroy();
      expect((await seen.whenClosed).code).toBe(1002);
    });

    test("closes when the server has answered and closed, or when that takes too long", async () => {
      const { port, peers } = await serveRaw((accept) => switching(accept));
      const seen = await opened(makeEngine(), port);
      seen.socket.close(4001, "bye");
      const end = await (peers[0] as RawSocket).readFrame();
      expect([end.code, end.reason]).toEqual([4001, "bye"]);
      peers[0]?.write(frame(Opcode.close, closePayload(4001), unmasked));
      peers[0]?.socket.end();
      expect((await seen.whenClosed).code).toBe(4001);

      const silent = await opened(makeEngine(), port, { closeTimeoutMs: 50 });
      silent.socket.close(1000, "");
      expect(await silent.whenClosed).toEqual({ code: 1006, reason: "" });
    });

    testOf("server first")("leaves it to the server to close TCP (RFC 6455 section 7.1.1)", async () => {
      const { port, peers } = await serveRaw((accept) => switching(accept));
      const seen = await opened(makeEngine(), port);
      peers[0]?.write(frame(Opcode.close, closePayload(1000), unmasked));
      expect((await (peers[0] as RawSocket).readFrame()).code).toBe(1000);
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(seen.closings).toEqual([]);
      peers[0]?.socket.end();
      expect((await seen.whenClosed).code).toBe(1000);
    });

    describe.each(Object.entries(servers))("against engine %s", (_, server) => {
      test.each<[string, CompressionOptions | undefined]>([
        ["plain", undefined],
        ["compressed, each by itself", COMPRESSION],
        ["compressed, with context", { ...COMPRESSION, contextTakeover: true, threshold: 0, windowBits: 11 }],
      ])("%s: messages of every kind and size go both ways, in order", async (_, compression) => {
        const { port, next } = await serveEngine({ makeEngine: () => server, isSecure: false }, { compression });
        const seen = await opened(makeEngine(), port, { compression });
        const other = await next();
        const messages = ["", "żółw 🐢", WORDS, WORDS.repeat(500), Buffer.from(WORDS), "last"];
        for (const [from, to, engine] of [
          [seen, other, makeEngine()],
          [other, seen, server],
        ] as const) {
          for (const message of messages) from.socket.send(message);
          from.socket.send(engine.prepare(WORDS));
          const heard = await to.has(messages.length + 1);
          for (const [index, message] of [...messages, WORDS].entries()) {
            const same = Buffer.from(heard[index] as string).equals(Buffer.from(message as string));
            expect([index, typeof heard[index], same]).toEqual([index, typeof message, true]);
          }
        }
        seen.socket.close(1000, "");
        expect([(await other.whenClosed).code, (await seen.whenClosed).code]).toEqual([1000, 1000]);
      });
    });
  });
}
