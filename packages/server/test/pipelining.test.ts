import { describe, expect, test } from "vitest";
import { RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { serve, TestClient, turns, until } from "./support/harness.ts";

const PLAIN = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const EXPECTING = "GET / HTTP/1.1\r\nHost: x\r\nExpect: nothing good\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
const CONNECT = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n";
const UPGRADE = upgradeRequest();
const TOO_MANY = upgradeRequest("/", Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`X-${index}`, "1"])));

describe("what comes behind a refused request on the same connection", () => {
  test.each<[string, string, number]>([
    ["an upgrade behind a plain request", PLAIN + UPGRADE, 426],
    ["an upgrade behind two plain requests", PLAIN + PLAIN + UPGRADE, 426],
    ["an upgrade behind HTTP/1.0 that wants to be kept", PLAIN.replace("1.1", "1.0") + UPGRADE, 505],
    ["an upgrade behind a request that expects something", EXPECTING + UPGRADE, 426],
    ["an upgrade behind a request with a body", POST + UPGRADE, 405],
    ["an upgrade behind one to something else", upgradeRequest("/", { Upgrade: "h2c" }) + UPGRADE, 426],
    ["an upgrade behind a refused one", upgradeRequest("/%zz") + UPGRADE, 400],
    ["an upgrade behind one with too many headers", TOO_MANY + UPGRADE, 431],
    ["an upgrade behind CONNECT", CONNECT + UPGRADE, 405],
    ["an upgrade with frames behind it", `${PLAIN}${UPGRADE}\x81\x80\x00\x00\x00\x00`, 426],
    ["a plain request", PLAIN + PLAIN, 426],
    ["CONNECT", PLAIN + CONNECT, 426],
    ["what is no HTTP", `${PLAIN}\x01\x02\r\n\r\n`, 426],
  ])("%s is not judged, not answered and not counted, and the connection closes", async (_, bytes, status) => {
    const { server, port, url, connections, errors } = await serve();
    const peer = await RawSocket.connect(port);
    peer.write(bytes);
    const answer = await peer.readAnswer();
    expect([answer.status, answer.headers.connection, /HTTP\/1\.1 \d/.test(answer.body)]).toEqual([status, "close", false]);
    peer.destroy();
    await turns();
    expect([connections.all, errors.all]).toEqual([[], []]);
    expect(server.stats()).toMatchObject({ accepted: 0, pendingHandshakes: 0, refusals: { [status]: 1 } });
    await TestClient.connect(url);
  });

  test("a peer who resets instead of reading the answer harms nobody", async () => {
    const { server, port, url } = await serve();
    for (let count = 1; count <= 50; count++) {
      const peer = await RawSocket.connect(port);
      peer.write(PLAIN + UPGRADE.repeat(100));
      peer.reset();
    }
    for (let count = 1; count <= 20; count++) {
      const peer = await RawSocket.connect(port);
      peer.socket.pause();
      const before = server.stats().refusals[426] ?? 0;
      peer.write(PLAIN + UPGRADE.repeat(1_000));
      await until("refused", () => (server.stats().refusals[426] ?? 0) > before);
      peer.reset();
    }
    await turns();
    expect(server.stats()).toMatchObject({ accepted: 0, pendingHandshakes: 0 });
    await TestClient.connect(url);
  });
});
