import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { retained } from "../../../testkit/retained.ts";
import { serveAuth, turns } from "./support/harness.ts";

const COUNT = 30;
/** A message of 1 MiB whose last byte never comes. */
const UNFINISHED = frame(Opcode.binary, new Uint8Array(1_048_576)).subarray(0, -1);
/** 60 KB of what nobody asked for. */
const PONGS = Buffer.concat(Array<Buffer>(460).fill(frame(Opcode.pong, "x".repeat(125))));

/** Resolves when the kernel has taken all, and the server had some turns to read it. */
async function written(peer: RawSocket, bytes: Uint8Array): Promise<void> {
  await new Promise((resolve) => peer.socket.write(bytes, resolve));
  await turns();
}

describe("what strangers can make a server hold", () => {
  test.each([
    ["by the header", "header" as const, { Origin: "http://example.com", Authorization: "Bearer wrong" }, ""],
    ["by the first message", "message" as const, {}, frame(Opcode.text, "wrong")],
  ])("is next to nothing once they are refused %s, though they send on", async (_, tokenIn, headers, first) => {
    const { port } = await serveAuth({ tokenIn: [tokenIn], closeTimeoutMs: 60_000 }, { getId: () => null });
    const peers = await Promise.all(Array.from({ length: COUNT }, () => RawSocket.open(port, "/", headers)));
    const before = retained();
    for (const peer of peers) {
      if (first) peer.write(first);
      let answer = await peer.readFrame();
      if (answer.opcode === Opcode.text) answer = await peer.readFrame();
      expect(answer.code).toBe(4401);
      await written(peer, UNFINISHED);
    }
    expect(retained() - before).toBeLessThan(COUNT * 100_000);
    for (const peer of peers) peer.destroy();
  });

  test("is not what came with the request, once their connection is open", async () => {
    const { port, connections } = await serveAuth({ tokenIn: ["message"] }, { getId: () => 1 });
    const before = retained();
    const peers: RawSocket[] = [];
    for (let count = 0; count < COUNT; count++) {
      const peer = await RawSocket.connect(port);
      peers.push(peer);
      await written(peer, Buffer.concat([Buffer.from(upgradeRequest()), frame(Opcode.text, "mine"), PONGS]));
    }
    await connections.has(COUNT, ({ type }) => type === "connected");
    await turns();
    expect(retained() - before).toBeLessThan(COUNT * 20_000);
    for (const peer of peers) peer.destroy();
  });
});
