import { createServer, type Server } from "node:http";
import type { AddressInfo, createServer as createTcpServer, Socket } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { type ClientOptions, type TokenSource, WebsocketClient } from "../../src/index.ts";

/** Makes a server listen on a loopback port, any free one by default, and closes it, and all its sockets, after the test. */
export async function listen(server: Server | ReturnType<typeof createTcpServer>, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("close", () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => kill(server, sockets));
  return (server.address() as AddressInfo).port;
}

function kill(server: Server | ReturnType<typeof createTcpServer>, sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
  server.close();
}

/** A client, disposed of after the test. */
export function client(port: number, options: Partial<ClientOptions> = {}, token?: TokenSource) {
  const made = new WebsocketClient({ url: `ws://127.0.0.1:${port}/`, reconnect: false, ...options }, token);
  onTestFinished(() => made.dispose());
  return made;
}

/** The next event that fits; the test's own time limit is the deadline. */
export function next<T>(on: (listener: (event: T) => void) => unknown, fits: (event: T) => boolean = () => true): Promise<T> {
  return new Promise((resolve) => on((event) => fits(event) && resolve(event)));
}

/** An echo over `ws`. */
export async function echoServer(options: object = {}, server: Server = createServer()) {
  const wss = new WebSocketServer({ server, ...options });
  wss.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  return { wss, port: await listen(server) };
}
