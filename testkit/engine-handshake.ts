import { describe, expect, test } from "vitest";
import type { AcceptorOptions } from "../packages/engine/src/index.ts";
import { type EngineSetting, serveEngine } from "./engine-harness.ts";
import { frame, Opcode, upgradeRequest } from "./raw-socket.ts";

/** The part of the engine suite that is about how a connection begins. */
export function handshakeSuite(name: string, setting: EngineSetting): void {
  describe(`handshake of engine ${name}`, () => {
    const serve = (...how: [Partial<AcceptorOptions>?, Parameters<typeof serveEngine>[2]?]): ReturnType<typeof serveEngine> =>
      serveEngine(setting, ...how);

    test("answers 101 with the accept value of RFC 6455 section 1.3 and the chosen subprotocol", async () => {
      const { connect } = await serve({}, () => ({ subprotocol: "chat" }));
      const peer = await connect();
      peer.write(upgradeRequest("/", { "Sec-WebSocket-Protocol": "superchat, chat", Upgrade: "WebSocket, other" }));
      const { status, headers } = await peer.readHead();
      expect(status).toBe(101);
      expect(headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      expect(headers["sec-websocket-protocol"]).toBe("chat");
    });

    test("writes further headers into the 101 that they are meant for, each on a line, in order, and into no other", async () => {
      const headers = [
        ["Set-Cookie", "a=1"],
        ["X-Room", "42"],
        ["Set-Cookie", "b=2; Path=/"],
      ] as const;
      const { connect, next } = await serve({}, ({ url, socket }) => {
        if (url === "/gone") socket.destroy();
        return url === "/plain" ? {} : { headers, subprotocol: "chat" };
      });
      const ask = async (target: string): Promise<string[]> => {
        const peer = await connect();
        peer.write(upgradeRequest(target, target === "/plain" ? {} : { "Sec-WebSocket-Protocol": "chat" }));
        const lines = (await peer.readHeadText()).split("\r\n");
        expect(lines[0]).toBe("HTTP/1.1 101 Switching Protocols");
        peer.write(frame(Opcode.text, "read as a frame"));
        expect(await (await next()).has(1)).toEqual(["read as a frame"]);
        peer.destroy();
        return lines.slice(1, -2).filter((line) => !/^(upgrade|connection|sec-websocket-(accept|protocol)):/i.test(line));
      };
      const further = headers.map(([name, value]) => `${name}: ${value}`);
      expect(await ask("/")).toEqual(further);
      expect(await ask("/plain")).toEqual([]);
      const gone = await connect();
      gone.write(upgradeRequest("/gone"));
      await gone.whenOver();
      expect(await ask("/plain")).toEqual([]);
      expect(await ask("/again")).toEqual(further);
    });

    test("takes bytes that come with the handshake for the first of the connection", async () => {
      const { connect, next } = await serve();
      const peer = await connect();
      const early = frame(Opcode.text, "early");
      peer.write(Buffer.concat([Buffer.from(upgradeRequest()), early, early.subarray(0, 3)]));
      await peer.readHead();
      const seen = await next();
      peer.write(early.subarray(3));
      expect(await seen.has(2)).toEqual(["early", "early"]);
    });

    test("reads a handshake and a message that come byte by byte", async () => {
      const { connect, next } = await serve();
      const peer = await connect();
      for (const byte of Buffer.concat([Buffer.from(upgradeRequest()), frame(Opcode.text, "späť")])) {
        await new Promise((resolve) => peer.socket.write(Uint8Array.of(byte), resolve));
      }
      await peer.readHead();
      expect(await (await next()).has(1)).toEqual(["späť"]);
    });
  });
}
