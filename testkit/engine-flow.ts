import { describe, expect, test } from "vitest";
import type { AcceptorOptions } from "../packages/engine/src/index.ts";
import { type EngineSetting, enginePair, serveEngine } from "./engine-harness.ts";
import { frame, Opcode, within } from "./raw-socket.ts";

/** What some platforms do not tell: how much of a message that is under way the kernel has taken. */
export type FineFlowRule = "in the middle of a message";

/** The part of the engine suite that is about flow: what was taken and what waits, pauses, pongs that cannot leave. */
export function flowSuite(name: string, setting: EngineSetting, leftOut: readonly FineFlowRule[] = []): void {
  describe(`flow of engine ${name}`, () => {
    const testOf = (rule: FineFlowRule) => (leftOut.includes(rule) ? () => {} : test);
    const serve = (): ReturnType<typeof serveEngine> => serveEngine(setting);
    // Under TLS Node says only later what the kernel has taken.
    const overTcp = setting.isSecure ? (): void => {} : test;
    const pair = (bounds?: Partial<AcceptorOptions>): ReturnType<typeof enginePair> => enginePair(setting, bounds);

    test("does not tell as taken what was under way when the connection broke", async () => {
      const { peer, seen } = await pair();
      peer.socket.pause();
      expect(seen.socket.send("small")).toBe(true);
      await seen.hasTaken(1);
      expect(seen.socket.send(new Uint8Array(16_777_216))).toBe(true);
      expect(seen.socket.send("behind it")).toBe(true);
      expect(seen.socket.bufferedBytes).toBeGreaterThan(0);
      seen.socket.terminate();
      await seen.whenClosed;
      expect(seen.taken).toBe(1);
    });

    overTcp("tells as taken what the kernel took before the end", async () => {
      const { peer, seen } = await pair();
      seen.socket.send("last words");
      seen.socket.terminate();
      await seen.whenClosed;
      expect(seen.taken).toBe(1);
      expect((await peer.readFrame()).text).toBe("last words");
    });

    test("tells once that it is blocked and once that it is drained, and in between takes what leaves in order", async () => {
      const { peer, seen } = await pair();
      peer.socket.pause();
      const big = new Uint8Array(16_777_216);
      for (const message of [big, "small", big, "last"]) seen.socket.send(message);
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      expect([seen.flow, seen.taken]).toEqual([["blocked"], 0]);
      peer.socket.resume();
      for (const length of [big.length, 5, big.length, 4]) expect((await peer.readFrame()).payload).toHaveLength(length);
      await seen.hasTaken(4);
      expect([seen.flow, seen.socket.bufferedBytes]).toEqual([["blocked", "drained"], 0]);
    });

    test("calls no listener from within a call", async () => {
      const { peer, seen } = await pair();
      peer.write(frame(Opcode.text, "waits"));
      seen.socket.pause();
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      const heard = seen.messages.length;
      seen.socket.resume();
      seen.socket.send("x".repeat(200_000));
      seen.socket.close(4000, "");
      seen.socket.terminate();
      expect([seen.messages.length, seen.taken, seen.closings.length]).toEqual([heard, 0, 0]);
      await seen.whenClosed;
      peer.destroy();
    });

    overTcp("counts what the kernel took at once as not waiting", async () => {
      const { seen } = await pair();
      seen.socket.send("small");
      await seen.hasTaken(1);
      expect([seen.socket.bufferedBytes, seen.flow]).toEqual([0, []]);
    });

    test("hands over at once what is flushed, and says whether the peer keeps up; it is told at the end of the turn", async () => {
      const { peer, seen } = await pair();
      for (let count = 0; count < 1_000; count++) seen.socket.send("small");
      expect([seen.socket.flush(), seen.taken]).toEqual([true, 0]);
      await seen.hasTaken(1_000);
      expect(seen.socket.flush()).toBe(true);
      peer.socket.pause();
      seen.socket.send(new Uint8Array(33_554_432));
      await new Promise((resolve) => setImmediate(resolve));
      expect(seen.socket.flush()).toBe(false);
      seen.socket.terminate();
      expect(seen.socket.flush()).toBe(true);
    });

    testOf("in the middle of a message")(
      "counts the bytes that the kernel takes, in the middle of a message too, and nothing else",
      async () => {
        const { peer, seen } = await pair();
        const start = seen.socket.takenBytes;
        seen.socket.send("small");
        peer.write(frame(Opcode.text, "heard"));
        await seen.has(1);
        const frameBytes = (await peer.readFrame()).text.length + 2;
        await expect.poll(() => seen.socket.takenBytes - start).toBe(frameBytes);

        peer.socket.pause();
        seen.socket.send(new Uint8Array(33_554_432));
        const before = seen.socket.takenBytes;
        while (seen.socket.takenBytes === before) {
          const some = new Promise((resolve) => peer.socket.once("data", resolve));
          peer.socket.resume();
          await within("some bytes", some);
          peer.socket.pause();
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(seen.socket.takenBytes).toBeGreaterThan(before);
        expect([seen.taken, seen.socket.bufferedBytes > 0]).toEqual([1, true]);
      },
    );

    test("bounds the pongs that wait for a peer who pings and does not read", async () => {
      const { peer, seen } = await pair();
      peer.socket.pause();
      seen.socket.send(new Uint8Array(16_777_216));
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      const before = seen.socket.bufferedBytes;
      const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(Opcode.ping, "x".repeat(125))));
      peer.write(Buffer.concat([pings, frame(Opcode.text, "all read")]));
      // It is thrown out, or some of its pings are answered in place of all (section 5.5.3).
      await Promise.race([seen.has(1), seen.whenClosed]);
      if (seen.closings.length > 0) expect(seen.closings).toEqual([{ code: 1006, reason: "" }]);
      else expect(seen.socket.bufferedBytes - before).toBeLessThan(20_000);
    });

    test("stops reading and goes on", async () => {
      const { open, next } = await serve();
      const flooding = await open();
      const flooded = await next();
      const other = await open();
      const heard = await next();
      flooded.socket.pause();
      const message = frame(Opcode.binary, Buffer.alloc(262_144));
      for (let count = 0; count < 64; count++) flooding.write(message);
      // Had it gone on reading, the server would have all of it by the time another connection was heard 50 times.
      for (let count = 1; count <= 50; count++) {
        other.write(frame(Opcode.text, "tick"));
        await heard.has(count);
      }
      expect(flooded.messages.length).toBeLessThan(64);
      expect(flooding.socket.writableLength).toBeGreaterThan(0);
      flooded.socket.resume();
      expect(await flooded.has(64)).toHaveLength(64);
    });
  });
}
