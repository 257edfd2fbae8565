import { constants, inflateRawSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AcceptorOptions, CompressionOptions, Engine } from "../packages/engine/src/index.ts";
import { type Seen, serveEngine } from "./engine-harness.ts";
import { type Frame, frame, Opcode, type RawSocket } from "./raw-socket.ts";
import { COMPRESSION, deflated } from "./rfc/compression.ts";

const RSV1 = { rsv: 4 };
const TAIL = Buffer.of(0, 0, 0xff, 0xff);
const OPTIONS: CompressionOptions = { threshold: 100, level: 6, contextTakeover: false, windowBits: 15 };
const WORDS = "what is said, and what is said again, and again. ";

/**
 * What every engine must do where compression is agreed on.
 *
 * @param leftOut cases that the engine does not keep to
 */
export function compressionSuite(name: string, makeEngine: () => Engine, leftOut: readonly RegExp[] = []): void {
  async function pair(
    offer: string | undefined,
    compression: Partial<CompressionOptions> | "off" = {},
    bounds: Partial<AcceptorOptions> = {},
  ): Promise<{ peer: RawSocket; seen: Seen; agreed: string | undefined }> {
    const options = compression === "off" ? undefined : { ...OPTIONS, ...compression };
    const { open, next } = await serveEngine({ makeEngine, isSecure: false }, { ...bounds, compression: options });
    const peer = await open(offer === undefined ? {} : { "Sec-WebSocket-Extensions": offer });
    onTestFinished(() => peer.destroy());
    return { peer, seen: await next(), agreed: peer.answer?.headers["sec-websocket-extensions"] };
  }

  describe(`RFC 7692 by engine ${name}`, () => {
    const isKept = ({ name }: { name: string }): boolean => !leftOut.some((pattern) => pattern.test(name));
    test.each(COMPRESSION.filter(isKept))("$name", async ({ frames, messages, code }) => {
      const { peer, seen } = await pair("permessage-deflate", {}, { maxFragments: 1_000 });
      peer.write(Buffer.concat(frames));
      const shown = (message: string | Uint8Array | undefined): string =>
        typeof message === "string" ? message : Buffer.from(message as Uint8Array).toString("latin1");
      const heard = await seen.has(messages.length);
      // Compared as texts: to compare large arrays takes long.
      for (const [index, message] of messages.entries()) {
        expect(typeof heard[index]).toBe(typeof message);
        expect(shown(heard[index]) === shown(message)).toBe(true);
      }
      if (code === undefined) return;
      let end = await peer.readFrame();
      while (end.opcode !== Opcode.close) end = await peer.readFrame();
      expect(end.code).toBe(code);
      peer.socket.end();
      expect((await seen.whenClosed).code).toBe(code);
      expect(seen.messages).toHaveLength(messages.length);
    });
  });

  describe(`compression by engine ${name}`, () => {
    test("is there only where it is configured and offered", async () => {
      expect((await pair("permessage-deflate", "off")).agreed).toBeUndefined();
      expect((await pair(undefined)).agreed).toBeUndefined();
      expect((await pair("x-other")).agreed).toBeUndefined();
      const { agreed } = await pair("permessage-deflate; client_max_window_bits");
      expect(agreed?.split("; ").sort()).toEqual([
        "client_no_context_takeover",
        "permessage-deflate",
        "server_no_context_takeover",
      ]);
    });

    test.each([
      "permessage-deflate; x",
      "permessage-deflate; server_max_window_bits=08",
      "permessage-deflate; server_max_window_bits=1e1",
      "permessage-deflate; client_no_context_takeover=1",
      "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    ])("declines an offer that breaks a rule, goes on without, and takes the next that does not: %s", async (offer) => {
      const { peer, seen, agreed } = await pair(offer);
      expect(agreed).toBeUndefined();
      peer.write(frame(Opcode.text, "plain"));
      expect(await seen.has(1)).toEqual(["plain"]);
      expect((await pair(`${offer}, permessage-deflate`)).agreed).toMatch(/^permessage-deflate;/);
    });

    test("without it a compressed message is 1002", async () => {
      const { peer } = await pair("permessage-deflate", "off");
      peer.write(frame(Opcode.text, deflated("x"), RSV1));
      expect((await peer.readFrame()).code).toBe(1002);
    });

    test("leaves small messages as they are, and sends others compressed, in order, prepared ones too", async () => {
      const { peer, seen } = await pair("permessage-deflate");
      const engine = makeEngine();
      const large = WORDS.repeat(10_000);
      const messages = ["small", WORDS.repeat(10), large, "behind it", Buffer.from(large), engine.prepare(WORDS.repeat(9))];
      for (const message of messages) expect(seen.socket.send(message)).toBe(true);
      seen.socket.send(engine.prepare("small"));
      const expected = ["small", WORDS.repeat(10), large, "behind it", large, WORDS.repeat(9), "small"];
      for (const [index, text] of expected.entries()) {
        const read = await peer.readFrame();
        expect([index, read.rsv, inflated(read) === text]).toEqual([index, text.length > 100 ? 4 : 0, true]);
        if (text.length > 100) expect(read.payload.length).toBeLessThan(text.length / 2);
      }
      await seen.hasTaken(7);
      expect(seen.socket.bufferedBytes).toBe(0);
    });

    test("bytes that change after the call are sent as they were", async () => {
      const { peer, seen } = await pair("permessage-deflate");
      const first = Buffer.alloc(500_000, WORDS);
      const second = Buffer.alloc(1_000, WORDS);
      seen.socket.send(first);
      seen.socket.send(second);
      first.fill(0);
      second.fill(0);
      for (const length of [500_000, 1_000]) {
        expect(inflated(await peer.readFrame()) === Buffer.alloc(length, WORDS).toString()).toBe(true);
      }
    });

    test("the close frame follows what is still being compressed", async () => {
      const { peer, seen } = await pair("permessage-deflate");
      const large = WORDS.repeat(20_000);
      seen.socket.send(large);
      seen.socket.send("behind it");
      seen.socket.close(4000, "bye");
      expect(inflated(await peer.readFrame()) === large).toBe(true);
      expect((await peer.readFrame()).text).toBe("behind it");
      expect((await peer.readFrame()).code).toBe(4000);
    });

    test("what is gone while it is being compressed or inflated harms nobody", async () => {
      const { peer, seen } = await pair("permessage-deflate");
      peer.write(frame(Opcode.binary, deflated(Buffer.alloc(900_000, WORDS)), RSV1));
      for (let count = 0; count < 20; count++) seen.socket.send(WORDS.repeat(20_000));
      seen.socket.terminate();
      await seen.whenClosed;
      expect(seen.closings).toHaveLength(1);
    });

    test("what came whole before the end is inflated and told before it", async () => {
      const { peer, seen } = await pair("permessage-deflate");
      const large = WORDS.repeat(20_000);
      peer.write(Buffer.concat([frame(Opcode.text, deflated(large), RSV1), frame(Opcode.text, "last")]));
      peer.socket.end();
      await seen.whenClosed;
      expect(seen.messages.map((message) => message.length)).toEqual([large.length, 4]);
    });

    test.each([
      ["permessage-deflate", 15],
      ["permessage-deflate; server_max_window_bits=9", 9],
    ])("with context takeover messages refer to those before them: %s", async (offer, windowBits) => {
      const { peer, seen } = await pair(offer, { contextTakeover: true, threshold: 0 });
      const texts = Array.from({ length: 200 }, (_, n) => `${n}: ${WORDS}${"·".repeat(n % 7)}`);
      for (const text of texts) seen.socket.send(text);
      let context = Buffer.alloc(0);
      let bytes = 0;
      for (const text of texts) {
        const read = await peer.readFrame();
        bytes += read.payload.length;
        const plain = read.rsv === 4 ? inflateWith(read.payload, context, windowBits) : read.payload;
        expect(plain.toString()).toBe(text);
        if (read.rsv === 4) context = Buffer.concat([context, plain]).subarray(-(2 ** windowBits));
      }
      expect(bytes).toBeLessThan(texts.join("").length / 3);
    });

    test("and so may those that it receives", async () => {
      const { peer, seen } = await pair("permessage-deflate", { contextTakeover: true });
      let context = Buffer.alloc(0);
      const texts = Array.from({ length: 100 }, (_, n) => `${n}: ${WORDS.repeat(n % 3 === 0 ? 5_000 : 1)}`);
      for (const text of texts) {
        peer.write(frame(Opcode.text, deflated(text, context.length > 0 ? { dictionary: context } : {}), RSV1));
        context = Buffer.concat([context, Buffer.from(text)]).subarray(-32_768);
      }
      const heard = await seen.has(100);
      expect(texts.every((text, index) => heard[index] === text)).toBe(true);
    });
  });
}

function inflated({ rsv, payload }: Frame): string {
  return rsv === 4 ? inflateWith(payload, Buffer.alloc(0), 15).toString() : payload.toString();
}

function inflateWith(payload: Buffer, dictionary: Buffer, windowBits: number): Buffer {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, windowBits };
  return inflateRawSync(Buffer.concat([payload, TAIL]), dictionary.length > 0 ? { ...options, dictionary } : options);
}
