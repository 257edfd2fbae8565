import { describe, expect, onTestFinished, test } from "vitest";
import { type EngineSetting, enginePair, type Seen, serveEngine } from "./engine-harness.ts";
import { frame, Opcode } from "./raw-socket.ts";
import { deflated } from "./rfc/compression.ts";

/** The part of the engine suite by which peers are watched: what is not complete, whether it is read, and pings. */
export function watchSuite(name: string, setting: EngineSetting): void {
  /** Waits until so much of a message has come, give or take a header. */
  const hasBytes = async (seen: Seen, bytes: number): Promise<void> => {
    await expect.poll(() => seen.socket.unfinished?.bytes ?? -1, { interval: 5 }).toBeGreaterThanOrEqual(bytes);
    expect(seen.socket.unfinished?.bytes).toBeLessThan(bytes + 20);
  };

  describe(`what engine ${name} tells of a connection that is watched`, () => {
    test.each([
      ["a byte of a header", frame(Opcode.text, "hello").subarray(0, 1), 0],
      ["half a header", frame(Opcode.binary, Buffer.alloc(70_000)).subarray(0, 9), 0],
      ["a header without payload", frame(Opcode.text, "hello").subarray(0, 6), 0],
      ["a part of a payload", frame(Opcode.binary, Buffer.alloc(70_000)).subarray(0, 50_014), 50_000],
      ["a fragment", frame(Opcode.text, "hello", { fin: false }), 5],
      ["an empty fragment", frame(Opcode.text, "", { fin: false }), 0],
      [
        "a fragment, and a part of the next",
        Buffer.concat([frame(1, "hello", { fin: false }), frame(0, "you").subarray(0, 7)]),
        6,
      ],
      ["a part of a ping", frame(Opcode.ping, "hello").subarray(0, 8), 0],
    ])("%s is unfinished until the rest has come", async (_, bytes, payload) => {
      const { peer, seen } = await enginePair(setting);
      peer.write(frame(Opcode.text, "before"));
      await seen.has(1);
      expect(seen.socket.unfinished).toBeUndefined();
      peer.write(bytes);
      await hasBytes(seen, payload);
    });

    test("nothing is, once a message is complete, and the next is another", async () => {
      const { peer, seen } = await enginePair(setting);
      const ids = new Set<unknown>();
      for (let round = 1; round <= 3; round++) {
        peer.write(frame(Opcode.text, "one", { fin: false }));
        await hasBytes(seen, 3);
        const id = seen.socket.unfinished?.id;
        peer.write(Buffer.concat([frame(Opcode.ping, "?"), frame(Opcode.continuation, "two", { fin: false })]));
        await hasBytes(seen, 6);
        expect(seen.socket.unfinished?.id).toBe(id);
        ids.add(id);
        peer.write(frame(Opcode.continuation, "three"));
        await seen.has(round);
        expect(seen.socket.unfinished).toBeUndefined();
      }
      expect(ids.size).toBe(3);
    });

    test("a compressed message is unfinished as any other", async () => {
      const compression = { threshold: 0, level: 6, contextTakeover: false, windowBits: 15 };
      const { open, next } = await serveEngine(setting, { compression });
      const peer = await open({ "Sec-WebSocket-Extensions": "permessage-deflate" });
      onTestFinished(() => peer.destroy());
      const seen = await next();
      const bytes = deflated("compressed ".repeat(100));
      peer.write(frame(Opcode.text, bytes, { rsv: 4 }).subarray(0, -1));
      await hasBytes(seen, bytes.length - 1);
    });

    test("it says whether it reads", async () => {
      const { seen } = await enginePair(setting);
      expect(seen.socket.isReading).toBe(true);
      seen.socket.pause();
      expect(seen.socket.isReading).toBe(false);
      seen.socket.resume();
      await expect.poll(() => seen.socket.isReading).toBe(true);
    });

    test("a ping leaves, and whatever answers it counts as received", async () => {
      const { peer, seen } = await enginePair(setting);
      const { receivedBytes } = seen.socket;
      seen.socket.sendPing();
      const { opcode, payload, mask } = await peer.readFrame();
      expect([opcode, payload.length, mask]).toEqual([Opcode.ping, 0, undefined]);
      expect(seen.socket.receivedBytes).toBe(receivedBytes);
      peer.write(frame(Opcode.pong).subarray(0, 1));
      await expect.poll(() => seen.socket.receivedBytes).toBeGreaterThan(receivedBytes);
      seen.socket.close(4000, "");
      seen.socket.sendPing();
      expect((await peer.readFrame()).opcode).toBe(Opcode.close);
    });

    test("a ping bears what it is given, up to 125 bytes, and bytes that change afterwards do not change it", async () => {
      const { peer, seen } = await enginePair(setting);
      const payload = new Uint8Array(125).fill(7);
      seen.socket.sendPing(payload);
      payload.fill(8);
      seen.socket.sendPing(Buffer.from("two"));
      expect((await peer.readFrame()).payload.equals(Buffer.alloc(125, 7))).toBe(true);
      expect((await peer.readFrame()).text).toBe("two");
    });

    test("pings and pongs are told with what they bear, asked for or not, in order, and pings are answered all the same", async () => {
      const { peer, seen } = await enginePair(setting);
      seen.socket.sendPing(Buffer.from("asked"));
      const ping = await peer.readFrame();
      expect(seen.beats).toEqual([]);
      const long = "x".repeat(125);
      peer.write(
        Buffer.concat([
          frame(Opcode.pong, ping.payload),
          frame(Opcode.text, "cut ", { fin: false }),
          frame(Opcode.ping, "within"),
          frame(Opcode.continuation, "in two"),
          frame(Opcode.pong, "unasked"),
          frame(Opcode.ping),
          frame(Opcode.ping, long),
          frame(Opcode.text, "read"),
        ]),
      );
      expect(await seen.has(2)).toEqual(["cut in two", "read"]);
      expect(seen.beats).toEqual(["pong asked", "ping within", "pong unasked", "ping ", `ping ${long}`]);
      const answers = [await peer.readFrame(), await peer.readFrame(), await peer.readFrame()];
      expect(answers.map(({ opcode, text }) => [opcode, text])).toEqual(["within", "", long].map((text) => [Opcode.pong, text]));
    });

    test("one that comes byte by byte is told once, whole", async () => {
      const { peer, seen } = await enginePair(setting);
      for (const byte of Buffer.concat([frame(Opcode.pong, "in pieces"), frame(Opcode.text, "read")]))
        peer.write(Uint8Array.of(byte));
      await seen.has(1);
      expect(seen.beats).toEqual(["pong in pieces"]);
    });

    test("pings and pongs that wait behind a message are no reason not to tell that it is drained", async () => {
      const { peer, seen } = await enginePair(setting);
      peer.socket.pause();
      seen.socket.send(new Uint8Array(16_777_216));
      await expect.poll(() => seen.flow).toEqual(["blocked"]);
      seen.socket.sendPing();
      peer.write(Buffer.concat([frame(Opcode.ping, "?"), frame(Opcode.text, "read")]));
      await seen.has(1);
      peer.socket.resume();
      await expect.poll(() => seen.flow.at(-1), { timeout: 8_000 }).toBe("drained");
    });
  });
}
