import { createHash } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import type { AcceptorOptions, OutgoingPieces } from "../packages/engine/src/index.ts";
import { type EngineSetting, type Seen, serveEngine } from "./engine-harness.ts";
import { type Pieces, taking } from "./engine-taking.ts";
import { frame, Opcode, type RawSocket, within } from "./raw-socket.ts";
import { deflated } from "./rfc/compression.ts";

const MIB = 1_048_576;

/** The engine suite's part about messages in pieces, for engines that have them. */
export function piecesSuite(name: string, { makeEngine, isSecure }: EngineSetting): void {
  /** One connection, all of whose messages that may are taken in pieces of so many bytes at most. */
  async function pair(
    maxBytes = Number.POSITIVE_INFINITY,
    bounds: Partial<AcceptorOptions> = {},
  ): Promise<{ peer: RawSocket; seen: Seen; taken: Pieces[] }> {
    const taken: Pieces[] = [];
    const served = await serveEngine({ makeEngine: () => taking(makeEngine(), taken, maxBytes), isSecure }, bounds);
    const peer = await served.open(bounds.compression ? { "Sec-WebSocket-Extensions": "permessage-deflate" } : {});
    onTestFinished(() => peer.destroy());
    return { peer, seen: await served.next(), taken };
  }

  const ended = (taken: Pieces[], count: number): Promise<void> =>
    within(
      `${count} messages in pieces`,
      expect.poll(() => taken.filter(({ ends }) => ends.length > 0).length).toBe(count) as Promise<void>,
    );

  describe(`messages in pieces by engine ${name}`, () => {
    test("come as they come, with pings answered in between, and in order", async () => {
      const { peer, seen, taken } = await pair();
      const [first, second] = [Buffer.from("żółw 🐢").subarray(0, 3), Buffer.from("żółw 🐢").subarray(3)];
      peer.write(frame(Opcode.text, first, { fin: false }));
      await expect.poll(() => taken[0]?.bytes).toBe(3);
      peer.write(frame(Opcode.ping, "?"));
      expect((await peer.readFrame()).text).toBe("?");
      peer.write(Buffer.concat([frame(Opcode.continuation, "", { fin: false }), frame(Opcode.continuation, second)]));
      peer.write(Buffer.concat([frame(Opcode.binary, "whole"), frame(Opcode.text, "")]));
      await ended(taken, 3);
      expect(taken.map(({ isText, sizes, ends }) => ({ isText, sizes, ends }))).toEqual([
        { isText: true, sizes: [3, second.length], ends: ["end"] },
        { isText: false, sizes: [5], ends: ["end"] },
        { isText: true, sizes: [], ends: ["end"] },
      ]);
      expect(Buffer.from(taken[0]?.text ?? "", "latin1").toString()).toBe("żółw 🐢");
      expect(seen.messages).toEqual([]);
    });

    test("are far larger than maxPayload where they may be, and in more fragments than others", async () => {
      const { peer, taken } = await pair(Number.POSITIVE_INFINITY, { maxPayload: 1_000, maxFragments: 4 });
      const bytes = Buffer.alloc(16 * MIB, "0123456789abcdef!");
      peer.write(frame(Opcode.binary, bytes));
      for (let start = 0; start < bytes.length; start += MIB / 4) {
        const fin = start + MIB / 4 === bytes.length;
        peer.write(frame(start ? Opcode.continuation : Opcode.text, bytes.subarray(start, start + MIB / 4), { fin }));
      }
      await ended(taken, 2);
      const expected = createHash("sha1").update(bytes).digest("hex");
      for (const { bytes, sizes, hash } of taken) {
        expect([bytes, Math.max(...sizes) <= 65_536, hash.digest("hex")]).toEqual([16 * MIB, true, expected]);
      }
    });

    test("stop when the connection is paused, in the middle of a frame, and go on", async () => {
      const { peer, seen, taken } = await pair();
      peer.write(frame(Opcode.binary, Buffer.alloc(64 * MIB)));
      await expect.poll(() => taken[0]?.bytes ?? 0).toBeGreaterThan(0);
      seen.socket.pause();
      const paused = taken[0]?.bytes as number;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect(taken[0]?.bytes).toBe(paused);
      expect(peer.socket.writableLength).toBeGreaterThan(0);
      seen.socket.resume();
      await ended(taken, 1);
      expect(taken[0]?.bytes).toBe(64 * MIB);
    });

    test("above their own bound are 1009, before their payload comes", async () => {
      const { peer, seen, taken } = await pair(1_000);
      peer.write(frame(Opcode.binary, Buffer.alloc(900), { fin: false }));
      peer.write(frame(Opcode.continuation, "", { declaredLength: 101n }));
      expect((await peer.readFrame()).code).toBe(1009);
      expect([taken[0]?.bytes, taken[0]?.ends]).toEqual([900, ["cut"]]);
      peer.destroy();
      expect((await seen.whenClosed).code).toBe(1009);
    });

    test.each([
      ["a wrong byte", Uint8Array.of(0xff)],
      ["a character that is cut", Buffer.from("🐢").subarray(0, 2)],
    ])("of text that is no UTF-8 are 1007: %s", async (_, bad) => {
      const { peer, taken } = await pair();
      peer.write(Buffer.concat([frame(Opcode.text, "fine", { fin: false }), frame(Opcode.continuation, bad)]));
      expect((await peer.readFrame()).code).toBe(1007);
      expect([taken[0]?.text.slice(0, 4), taken[0]?.ends]).toEqual(["fine", ["cut"]]);
    });

    test("are never unfinished, since nothing of them is kept", async () => {
      const { peer, seen, taken } = await pair();
      peer.write(frame(Opcode.binary, "half", { fin: false }));
      await expect.poll(() => taken[0]?.bytes).toBe(4);
      expect(seen.socket.unfinished).toBeUndefined();
      peer.write(frame(Opcode.continuation, "rest").subarray(0, 8));
      await expect.poll(() => taken[0]?.bytes).toBe(6);
      expect(seen.socket.unfinished).toBeUndefined();
    });

    test("that will not be complete are cut, once, before the end is told", async () => {
      const { peer, seen, taken } = await pair();
      peer.write(frame(Opcode.text, "half", { fin: false }));
      await expect.poll(() => taken[0]?.bytes).toBe(4);
      peer.reset();
      await seen.whenClosed;
      expect(taken[0]?.ends).toEqual(["cut"]);
    });

    test("are not asked for where a message is compressed: that comes whole", async () => {
      const compression = { threshold: 0, level: 6, contextTakeover: false, windowBits: 15 };
      const { peer, seen, taken } = await pair(10, { compression });
      const text = "compressed ".repeat(100);
      peer.write(Buffer.concat([frame(Opcode.text, deflated(text), { rsv: 4 }), frame(Opcode.text, "plain")]));
      expect(await seen.has(1)).toEqual([text]);
      await ended(taken, 1);
      expect(taken[0]?.text).toBe("plain");
    });

    test("leave as fragments, at once; others wait behind, control frames do not", async () => {
      const { peer, seen } = await pair();
      const message = begin(seen, true);
      expect(message.write(Buffer.from("one "))).toBe(true);
      const bytes = Buffer.from("two ");
      message.write(bytes);
      bytes.fill("x");
      const waiting = Buffer.from("waits");
      seen.socket.send(waiting);
      waiting.fill("x");
      seen.socket.send(makeEngine().prepare("waits too"));
      expect(await read(peer, 2)).toEqual(["1 one ", "0 two "]);
      peer.write(frame(Opcode.ping, "?"));
      expect(await read(peer, 1)).toEqual(["10 ?!"]);
      expect([seen.taken, seen.socket.bufferedBytes >= 14]).toEqual([0, true]);
      message.end();
      expect(await read(peer, 3)).toEqual(["0 !", "2 waits!", "1 waits too!"]);
      await seen.hasTaken(3);
      expect([message.write(Buffer.from("late")), seen.socket.bufferedBytes]).toEqual([false, 0]);
    });

    test("say when there is room: later, when their turn has come and the peer has taken what waits", async () => {
      const { peer, seen } = await pair();
      const [first, second] = [begin(seen, false), begin(seen, false)];
      const told: string[] = [];
      first.whenRoom(() => told.push("first"));
      second.whenRoom(() => told.push("second"));
      expect(told).toEqual([]);
      await expect.poll(() => told).toEqual(["first"]);
      peer.socket.pause();
      let isFull = false;
      while (!isFull) {
        first.write(Buffer.alloc(MIB));
        first.whenRoom(() => told.push("more"));
        const before = told.length;
        for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
        isFull = told.length === before;
      }
      first.end();
      peer.socket.resume();
      await expect.poll(() => told.at(-1)).toBe("second");
    });

    test("are asked for from when the listener says so, and no longer", async () => {
      const { peer, seen, taken } = await pair();
      seen.socket.askForPieces?.(false);
      peer.write(frame(Opcode.text, "whole"));
      expect(await seen.has(1)).toEqual(["whole"]);
      seen.socket.askForPieces?.(true);
      peer.write(frame(Opcode.text, "in pieces", { fin: false }));
      await expect.poll(() => taken[0]?.bytes).toBe(9);
      seen.socket.askForPieces?.(false);
      peer.write(Buffer.concat([frame(Opcode.continuation, " to its end"), frame(Opcode.text, "whole again")]));
      expect(await seen.has(2)).toEqual(["whole", "whole again"]);
      expect([taken.length, taken[0]?.text]).toEqual([1, "in pieces to its end"]);
    });

    test("begun one behind the other leave one behind the other", async () => {
      const { peer, seen } = await pair();
      const [first, second, third] = [begin(seen, true), begin(seen, false), begin(seen, true)];
      third.write(Buffer.from("third"));
      third.end();
      second.write(Buffer.from("sec"));
      second.write(Buffer.from("ond"));
      expect(seen.socket.bufferedBytes).toBe(11);
      first.end();
      expect(await read(peer, 3)).toEqual(["1 !", "2 sec", "0 ond"]);
      second.end();
      expect(await read(peer, 3)).toEqual(["0 !", "1 third", "0 !"]);
      await seen.hasTaken(3);
    });

    test("that are not complete do not hold up the close frame", async () => {
      const { peer, seen } = await pair();
      const message = begin(seen, true);
      message.write(Buffer.from("half"));
      seen.socket.send("behind it");
      seen.socket.close(4000, "");
      expect([message.write(Buffer.from("late")), seen.socket.beginMessage?.(true)]).toEqual([false, undefined]);
      message.end();
      expect(await read(peer, 1)).toEqual(["1 half"]);
      expect((await peer.readFrame()).code).toBe(4000);
      peer.destroy();
      await seen.whenClosed;
      expect(seen.taken).toBe(0);
    });

    test("tell when to wait for a peer who does not read, and when to go on", async () => {
      const { peer, seen } = await pair();
      peer.socket.pause();
      const message = begin(seen, false);
      const piece = Buffer.alloc(MIB, "0123456789");
      let count = 0;
      while (!seen.flow.includes("blocked")) {
        message.write(piece);
        count++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(seen.socket.bufferedBytes).toBeGreaterThan(0);
      expect(seen.socket.flush()).toBe(false);
      peer.socket.resume();
      await expect.poll(() => seen.flow.at(-1)).toBe("drained");
      message.end();
      let bytes = 0;
      for (let index = 0; index <= count; index++) bytes += (await peer.readFrame()).payload.length;
      expect(bytes).toBe(count * MIB);
      await seen.hasTaken(1);
    });
  });
}

function begin({ socket }: Seen, isText: boolean): OutgoingPieces {
  const message = socket.beginMessage?.(isText);
  if (!message) throw new Error("no message could be begun");
  return message;
}

/** Frames as text: the opcode, the payload, and a sign at the last of a message. */
async function read(peer: RawSocket, count: number): Promise<string[]> {
  const frames: string[] = [];
  while (frames.length < count) {
    const { opcode, text, fin } = await peer.readFrame();
    frames.push(`${opcode} ${text}${fin ? "!" : ""}`);
  }
  return frames;
}
