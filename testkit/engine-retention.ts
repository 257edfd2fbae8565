import { describe, expect, test } from "vitest";
import type { AcceptorOptions } from "../packages/engine/src/index.ts";
import { type EngineSetting, enginePair } from "./engine-harness.ts";
import { closePayload, frame, Opcode, type RawSocket, within } from "./raw-socket.ts";
import { retained } from "./retained.ts";

/** 64 KiB of what nobody asked for. */
const PONGS = Buffer.concat(Array<Buffer>(500).fill(frame(Opcode.pong, "x".repeat(125))));

/** Resolves when the kernel took all of it and the event loop went around: so the engine mostly reads each by itself. */
async function written(peer: RawSocket, ...bytes: Buffer[]): Promise<void> {
  await within("written", new Promise((resolve) => peer.socket.write(Buffer.concat(bytes), resolve)));
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** The part of the engine suite that is about memory: what an engine may retain of what a peer sends. */
export function retentionSuite(name: string, setting: EngineSetting): void {
  describe(`memory of engine ${name}`, () => {
    const pair = (bounds?: Partial<AcceptorOptions>): ReturnType<typeof enginePair> => enginePair(setting, bounds);

    test("takes a message of the largest size in small fragments, with pings among them", async () => {
      const { peer, seen } = await pair({ maxFragments: 16_384 });
      const bytes = Buffer.alloc(1_048_576, "0123456789");
      for (let start = 0; start < bytes.length; start += 64) {
        const fin = start + 64 === bytes.length;
        peer.write(frame(start ? Opcode.continuation : Opcode.text, bytes.subarray(start, start + 64), { fin }));
        if (start % 65_536 === 0) {
          peer.write(frame(Opcode.ping, String(start)));
          expect((await peer.readFrame()).text).toBe(String(start));
        }
      }
      expect(await seen.has(1)).toEqual([bytes.toString()]);
    });

    test("puts a frame together that comes in far more reads than a message may have fragments", async () => {
      const { peer, seen } = await pair({ maxFragments: 16 });
      const sent = Buffer.alloc(12_000, "0123456789");
      const bytes = frame(Opcode.text, sent);
      for (let start = 0; start < bytes.length; start += 15) await written(peer, bytes.subarray(start, start + 15));
      expect(await seen.has(1)).toEqual([sent.toString()]);
    });

    test("retains of fragments little more than their payload, whatever frames come between", async () => {
      const { peer, seen } = await pair({ maxFragments: 1_000 });
      // An honest message first: none shall profit from one before it.
      const part = Buffer.alloc(5_000);
      for (let count = 0; count < 200; count++) {
        await written(peer, frame(count ? Opcode.continuation : Opcode.binary, part, { fin: count === 199 }));
      }
      await seen.has(1);
      const before = retained();
      for (let count = 0; count < 400; count++) {
        await written(peer, frame(count ? Opcode.continuation : Opcode.binary, "x", { fin: false }), PONGS);
      }
      peer.write(frame(Opcode.ping, "all read"));
      expect((await peer.readFrame()).text).toBe("all read");
      // Each fragment came with 64 KiB of pongs, 26 MB in all.
      expect(retained() - before).toBeLessThan(2_097_152);
      peer.write(frame(Opcode.continuation, "y"));
      expect(Buffer.from((await seen.has(2))[1] as Uint8Array).toString()).toBe(`${"x".repeat(400)}y`);
    });

    test("retains of fragments little more than their payload while it closes", async () => {
      const { peer, seen } = await pair({ maxFragments: 1_000, closeTimeoutMs: 60_000 });
      const before = retained();
      seen.socket.close(4000, "");
      for (let count = 0; count < 400; count++) {
        await written(peer, frame(count ? Opcode.continuation : Opcode.binary, "x", { fin: false }), PONGS);
      }
      expect(retained() - before).toBeLessThan(4_194_304);
      peer.write(frame(Opcode.close, closePayload(4000)));
      expect(await seen.whenClosed).toMatchObject({ code: 4000 });
    });

    test("retains of pings that it cannot answer yet little more than their payload", async () => {
      const { peer, seen } = await pair();
      peer.socket.pause();
      seen.socket.send(new Uint8Array(16_777_216));
      const before = retained();
      for (let count = 0; count < 50; count++) await written(peer, frame(Opcode.ping, "x"), PONGS);
      peer.write(frame(Opcode.text, "all read"));
      await seen.has(1);
      expect(retained() - before).toBeLessThan(1_048_576);
    });
  });
}
