import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { RawSocket } from "./raw-socket.ts";

/** A server in the hands of the test: it tells the request's head, and answers what it is told. */
export async function serveRaw(answer: (accept: string, head: string) => string | Buffer) {
  const peers: RawSocket[] = [];
  const heads: string[] = [];
  const server = createServer((socket: Socket) => {
    const peer = RawSocket.of(socket);
    peers.push(peer);
    void peer.readHeadText().then((head) => {
      heads.push(head);
      const key = /^sec-websocket-key: (.*)$/im.exec(head)?.[1] ?? "";
      const accept = createHash("sha1").update(`${key.trim()}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      peer.write(answer(accept, head));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const peer of peers) peer.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, peers, heads };
}

/** A well-formed 101 with further header lines. */
export const switching = (accept: string, more = ""): string =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
