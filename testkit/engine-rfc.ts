import { describe, expect, test } from "vitest";
import type { Engine } from "../packages/engine/src/index.ts";
import { enginePair } from "./engine-harness.ts";
import { type Frame, Opcode } from "./raw-socket.ts";
import type { FineRule, RfcCase } from "./rfc/case.ts";
import { CLOSING } from "./rfc/closing.ts";
import { FRAMING } from "./rfc/framing.ts";
import { UTF8 } from "./rfc/utf8.ts";

/** The RFC's cases over real sockets, but for those about rules that the engine leaves out. */
export function rfcSuite(name: string, makeEngine: () => Engine, leftOut: readonly FineRule[] = []): void {
  const isKept = ({ rule }: RfcCase): boolean => rule === undefined || !leftOut.includes(rule);

  describe(`RFC 6455 by engine ${name}`, () => {
    test.each([...FRAMING, ...CLOSING, ...UTF8].filter(isKept))("$name", async ({ bytes, messages, pongs, code, closing }) => {
      const { peer, seen } = await enginePair({ makeEngine, isSecure: false });
      peer.write(bytes);
      const answered: string[] = [];
      let end: Frame | undefined;
      while (answered.length < pongs.length || (code !== undefined && !end)) {
        const frame = await peer.readFrame();
        if (frame.opcode === Opcode.close) end = frame;
        else answered.push(frame.payload.toString("latin1"));
      }
      expect((await seen.has(messages.length)).map(shown)).toEqual(messages.map(shown));
      expect(answered).toEqual(pongs);
      expect(end?.code).toBe(code);
      if (code === undefined) return;
      peer.socket.end();
      expect(await seen.whenClosed).toMatchObject(closing ?? { code });
      expect(seen.failures).toEqual(closing ? [] : ["protocol"]);
      expect(seen.messages).toHaveLength(messages.length);
    });
  });
}

/** Compared as texts: to compare large arrays takes long. */
const shown = (message: string | Uint8Array): string =>
  typeof message === "string" ? message : `bytes ${Buffer.from(message).toString("latin1")}`;
