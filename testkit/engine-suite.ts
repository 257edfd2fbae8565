import { describe, expect, test } from "vitest";
import type { AcceptorOptions, Engine, PreparedMessage } from "../packages/engine/src/index.ts";
import { flowSuite } from "./engine-flow.ts";
import { handshakeSuite } from "./engine-handshake.ts";
import { type EngineSetting, enginePair, serveEngine } from "./engine-harness.ts";
import { retentionSuite } from "./engine-retention.ts";
import { watchSuite } from "./engine-watch.ts";
import { closePayload, frame, Opcode } from "./raw-socket.ts";

/** What every engine must do: run it on each. */
export function engineSuite(name: string, makeEngine: () => Engine): void {
  retentionSuite(name, { makeEngine, isSecure: false });
  for (const isSecure of [false, true]) {
    const over = isSecure ? `${name} over TLS` : name;
    flowSuite(over, { makeEngine, isSecure });
    watchSuite(over, { makeEngine, isSecure });
    handshakeSuite(over, { makeEngine, isSecure });
    basicSuite(over, { makeEngine, isSecure });
  }
}

/** The part of it that is about messages and the end. */
export function basicSuite(name: string, setting: EngineSetting): void {
  const { makeEngine } = setting;
  describe(`engine ${name}`, () => {
    const pair = (bounds?: Partial<AcceptorOptions>): ReturnType<typeof enginePair> => enginePair(setting, bounds);

    test("delivers text, binary, multi-byte and empty messages in order", async () => {
      const { peer, seen } = await pair();
      peer.write(
        Buffer.concat([
          frame(Opcode.text, "one"),
          frame(Opcode.binary, Uint8Array.of(0, 255)),
          frame(Opcode.text, ""),
          frame(Opcode.binary, ""),
          frame(Opcode.text, "żółw 🐢"),
        ]),
      );
      expect(await seen.has(5)).toEqual(["one", Uint8Array.of(0, 255), "", new Uint8Array(0), "żółw 🐢"]);
    });

    test("sends text, prepared text, binary and empty messages in order, unmasked", async () => {
      const { peer, seen } = await pair();
      const engine = makeEngine();
      for (const message of ["żółw 🐢", Uint8Array.of(1, 2, 3), "", new Uint8Array(0)]) seen.socket.send(message);
      for (const message of ["prepared é", Uint8Array.of(4)]) seen.socket.send(engine.prepare(message));
      const frames = [];
      for (let count = 0; count < 6; count++) frames.push(await peer.readFrame());
      expect(frames.filter(({ mask }) => mask)).toEqual([]);
      expect(frames.map(({ fin, opcode, payload }) => [fin, opcode, payload.toString("latin1")])).toEqual([
        [true, Opcode.text, Buffer.from("żółw 🐢").toString("latin1")],
        [true, Opcode.binary, "\x01\x02\x03"],
        [true, Opcode.text, ""],
        [true, Opcode.binary, ""],
        [true, Opcode.text, Buffer.from("prepared é").toString("latin1")],
        [true, Opcode.binary, "\x04"],
      ]);
      await seen.hasTaken(6);
    });

    test("keeps the order of what goes to many and what goes to one, however they are mixed", async () => {
      const engine = makeEngine();
      const { open, next } = await serveEngine({ ...setting, makeEngine: () => engine });
      const peers = [await open(), await open()];
      const sockets = [(await next()).socket, (await next()).socket];
      const [a, b, large] = ["a", "b", "x".repeat(20_000)].map((text) => engine.prepare(text)) as [
        PreparedMessage,
        PreparedMessage,
        PreparedMessage,
      ];
      const all = (message: PreparedMessage): void => {
        for (const socket of sockets) socket.send(message);
      };
      const expected: string[][] = [[], []];
      const told = (text: string): void => {
        for (const texts of expected) texts.push(text);
      };
      for (let round = 0; round < 20; round++) {
        all(a);
        told("a");
        const one = round % 2;
        sockets[one]?.send(`own ${round}`);
        expected[one]?.push(`own ${round}`);
        for (const [message, text] of [
          [b, "b"],
          [a, "a"],
          [a, "a"],
        ] as const) {
          all(message);
          told(text);
        }
        if (round % 5 === 0) {
          all(large);
          told("x".repeat(20_000));
        }
        sockets[one]?.send(b);
        expected[one]?.push("b");
        if (round % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [index, peer] of peers.entries()) {
        for (const text of expected[index] as string[]) expect((await peer.readFrame()).text).toBe(text);
        peer.destroy();
      }
    });

    test("carries messages of more than 64 KiB both ways", async () => {
      const { peer, seen } = await pair();
      const big = "é🐢".repeat(50_000);
      peer.write(frame(Opcode.text, big));
      expect((await seen.has(1))[0]).toBe(big);
      seen.socket.send(big);
      expect((await peer.readFrame()).text).toBe(big);
    });

    test("puts fragments together, even when a character is cut and a ping comes between", async () => {
      const { peer, seen } = await pair();
      const bytes = Buffer.from("żółw".repeat(20_000));
      peer.write(frame(Opcode.text, bytes.subarray(0, 1), { fin: false }));
      peer.write(frame(Opcode.ping, "are you there"));
      peer.write(frame(Opcode.continuation, bytes.subarray(1, 70_001), { fin: false }));
      peer.write(frame(Opcode.continuation, bytes.subarray(70_001)));
      expect(await seen.has(1)).toEqual([bytes.toString()]);
      const pong = await peer.readFrame();
      expect([pong.opcode, pong.text]).toEqual([Opcode.pong, "are you there"]);
    });

    test.each([
      ["a code and a reason", closePayload(4001, "enough é"), 4001, "enough é"],
      ["no code", Buffer.alloc(0), 1005, ""],
    ])("tells what the peer's close frame said: %s", async (_, payload, code, reason) => {
      const { peer, seen } = await pair();
      peer.write(frame(Opcode.close, payload));
      expect(await seen.whenClosed).toEqual({ code, reason });
      expect((await peer.readFrame()).code).toBe(code);
      await peer.whenOver();
    });

    test("closes with a code and a reason, once, and hears the answer", async () => {
      const { peer, seen } = await pair();
      seen.socket.close(4002, "bye é");
      seen.socket.close(4003, "again");
      expect(seen.socket.isOpen).toBe(false);
      const close = await peer.readFrame();
      expect([close.opcode, close.code, close.reason]).toEqual([Opcode.close, 4002, "bye é"]);
      peer.write(frame(Opcode.close, closePayload(4002)));
      expect(await seen.whenClosed).toMatchObject({ code: 4002 });
      expect(await peer.readToEnd()).toBe("");
    });

    test("destroys a connection whose peer does not answer a close frame", async () => {
      const { peer, seen } = await pair({ closeTimeoutMs: 20 });
      seen.socket.close(4002, "");
      expect(await seen.whenClosed).toEqual({ code: 1006, reason: "" });
      await peer.whenOver();
    });

    test.each([
      ["an unmasked frame", frame(Opcode.text, "plain", { masked: false }), 1002],
      ["a reserved bit", frame(Opcode.text, "x", { rsv: 4 }), 1002],
      ["a reserved opcode", frame(3, "x"), 1002],
      ["a continuation of nothing", frame(Opcode.continuation, "x"), 1002],
      ["a control frame in fragments", frame(Opcode.ping, "x", { fin: false }), 1002],
      ["a control frame of 126 bytes", frame(Opcode.ping, "x".repeat(126)), 1002],
      ["a close code that is never sent", frame(Opcode.close, closePayload(1005)), 1002],
      ["a close frame of one byte", frame(Opcode.close, "x"), 1002],
      ["a close reason that is not UTF-8", frame(Opcode.close, closePayload(1000, Uint8Array.of(0xff))), 1007],
      ["text that is not UTF-8", frame(Opcode.text, Uint8Array.of(0xc3, 0x28)), 1007],
      ["a surrogate in UTF-8", frame(Opcode.text, Uint8Array.of(0xed, 0xa0, 0x80)), 1007],
      ["a length of 2^63-1, before any of it comes", frame(Opcode.binary, "", { declaredLength: 2n ** 63n - 1n }), 1009],
      ["a length one above the bound", frame(Opcode.binary, "", { declaredLength: 1_048_577n }), 1009],
    ])("refuses %s", async (_, bytes, code) => {
      const { peer, seen } = await pair();
      peer.write(frame(Opcode.text, "fine"));
      peer.write(bytes);
      expect((await peer.readFrame()).code).toBe(code);
      peer.socket.end();
      expect(await seen.whenClosed).toMatchObject({ code });
      expect(seen.messages).toEqual(["fine"]);
      expect(seen.failures).toEqual(["protocol"]);
    });

    test("refuses fragments that together are above the bound, and more of them than the bound", async () => {
      const large = await pair({ maxPayload: 10 });
      large.peer.write(Buffer.concat([frame(Opcode.text, "123456", { fin: false }), frame(Opcode.continuation, "7890x")]));
      expect((await large.peer.readFrame()).code).toBe(1009);

      const many = await pair({ maxFragments: 3 });
      const more = frame(Opcode.continuation, "", { fin: false });
      many.peer.write(Buffer.concat([frame(Opcode.text, "", { fin: false }), more, more, more]));
      expect((await many.peer.readFrame()).code).toBe(1008);
    });

    test("lets the bound of a live connection be changed", async () => {
      const { peer, seen } = await pair({ maxPayload: 4 });
      peer.write(frame(Opcode.text, "four"));
      await seen.has(1);
      seen.socket.setMaxPayload(8);
      peer.write(frame(Opcode.text, "12345678"));
      expect(await seen.has(2)).toEqual(["four", "12345678"]);
      peer.write(frame(Opcode.text, "123456789"));
      expect((await peer.readFrame()).code).toBe(1009);
    });

    test("notices an abrupt end and a reset as 1006, once", async () => {
      const dropped = await pair();
      dropped.peer.write(frame(Opcode.text, "half").subarray(0, 5));
      dropped.peer.destroy();
      expect(await dropped.seen.whenClosed).toEqual({ code: 1006, reason: "" });

      const reset = await pair();
      reset.peer.reset();
      expect(await reset.seen.whenClosed).toEqual({ code: 1006, reason: "" });
      expect(reset.seen.failures).toEqual(["network"]);
      await new Promise((resolve) => setImmediate(resolve));
      expect([dropped.seen.closings.length, reset.seen.closings.length]).toEqual([1, 1]);
    });

    test("accepts no message after the close, and throws nothing", async () => {
      const { peer, seen } = await pair();
      seen.socket.close(4000, "");
      expect(seen.socket.send("late")).toBe(false);
      peer.destroy();
      await seen.whenClosed;
      expect(seen.socket.send("late")).toBe(false);
      expect(seen.taken).toBe(0);
      seen.socket.close(4000, "");
      seen.socket.terminate();
      expect(seen.closings).toHaveLength(1);
    });

    test("never changes bytes that it has handed over", async () => {
      const { peer, seen } = await pair();
      for (let round = 0; round < 200; round++) peer.write(frame(Opcode.binary, Buffer.alloc(100, round)));
      peer.write(Buffer.concat([frame(Opcode.binary, "ab", { fin: false }), frame(Opcode.continuation, "cd")]));
      const messages = (await seen.has(201)) as Uint8Array[];
      expect(messages.slice(0, 200).every((bytes, round) => bytes.length === 100 && bytes.every((byte) => byte === round))).toBe(
        true,
      );
      expect(messages.every((bytes) => bytes.buffer.byteLength === bytes.byteLength)).toBe(true);
      expect(Buffer.from(messages[200] as Uint8Array).toString()).toBe("abcd");
    });
  });
}
