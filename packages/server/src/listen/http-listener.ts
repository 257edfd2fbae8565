import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebsocketsSimpleError } from "@websockets-simple/shared";
import { type AttachedPlace, attachedDoor } from "./attached.ts";
import { createFront, type Front, type FrontEvents, type FrontSettings } from "./front.ts";
import { type ServerAddress, toAddress } from "./http-server.ts";
import type { ServerTls } from "./tls.ts";

/** One place to listen at: a port, or a socket of the file system. */
export interface EndpointOptions {
  /** The port, 0 to 65,535; 0: any free one. */
  port?: number;
  /** The address or name to listen on. Default: all interfaces, IPv6 and IPv4. */
  host?: string;
  /** How many connections may wait in the kernel to be taken in, 1 to 65,535. Default: 511. */
  backlog?: number;
  /** Instead of a port: the path of a Unix socket, which must not exist yet; on Windows a named pipe. */
  socketPath?: string;
}

/** Where to listen, and the bounds of what comes before a WebSocket. */
export interface ListenerSettings extends FrontSettings {
  readonly endpoints: readonly EndpointOptions[];
}

/** What a listener tells. */
export interface ListenerEvents extends FrontEvents {
  /** The listening socket failed; it may go on. */
  failed(error: Error): void;
}

/** Open ports, or sockets of the file system. */
export interface HttpListener {
  /** One for each endpoint, in the same order. */
  readonly addresses: readonly ServerAddress[];
  /** From now on new connections are shown this certificate; those that are there stay. */
  reloadTls(tls: ServerTls): void;
  /** Takes the upgrade requests of an HTTP server of the application's. Returns what ends that. */
  attach(place: AttachedPlace): () => void;
  /** Stops taking connections in, and closes those that are not upgraded, but for requests that are being answered. */
  stopAccepting(): void;
  /** Resolves when no request is being answered any more, at the latest when they have had their time. */
  finishRequests(timeoutMs: number): Promise<void>;
  /** Destroys what is left; resolves when nothing is. */
  end(): Promise<void>;
}

/**
 * Listens on all endpoints, or on none.
 *
 * Rejects with `LISTEN_FAILED`, naming address, cause and what to do.
 */
export async function listen(settings: ListenerSettings, events: ListenerEvents): Promise<HttpListener> {
  const sockets = new Set<Duplex>();
  const open: { front: Front; address: ServerAddress; whenClosed: Promise<unknown> }[] = [];
  const stopAccepting = (): void => {
    for (const { front } of open) front.stopAccepting();
  };
  const end = async (): Promise<void> => {
    const gone = [...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    for (const socket of sockets) socket.destroy();
    await Promise.all([...gone, ...open.map(({ whenClosed }) => whenClosed)]);
  };
  const finishRequests = async (timeoutMs: number): Promise<void> => {
    await Promise.all(open.map(({ front }) => front.finishRequests(timeoutMs)));
  };
  for (const endpoint of settings.endpoints) {
    const front = createFront(settings, endpoint.socketPath !== undefined, sockets, events);
    const { server } = front;
    try {
      const address = await openServer(server, endpoint);
      open.push({ front, address, whenClosed: new Promise((resolve) => server.once("close", resolve)) });
    } catch (error) {
      stopAccepting();
      await end();
      throw error;
    }
    server.on("error", events.failed);
  }
  const reloadTls = (tls: ServerTls): void => {
    for (const { front } of open) front.reloadTls(tls);
  };
  return {
    addresses: open.map(({ address }) => address),
    reloadTls,
    attach: attachedDoor(settings, sockets, events),
    stopAccepting,
    finishRequests,
    end,
  };
}

function openServer(server: Server, { port, host, socketPath, backlog }: EndpointOptions): Promise<ServerAddress> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const where = socketPath ?? `${host ?? "all interfaces"}, port ${port}`;
      const advice = (socketPath === undefined ? ADVICE : SOCKET_ADVICE)[error.code ?? ""] ?? "choose another place";
      reject(
        new WebsocketsSimpleError("LISTEN_FAILED", `cannot listen on ${where}: ${error.message}; ${advice}`, { cause: error }),
      );
    };
    server.once("error", failed);
    const place = socketPath === undefined ? { port, ...(host !== undefined && { host }) } : { path: socketPath };
    server.listen({ ...place, ...(backlog !== undefined && { backlog }) }, () => {
      server.off("error", failed);
      resolve(toAddress(server.address() as AddressInfo | string));
    });
  });
}

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "stop the other process that listens there, or choose another port (0: any free one)",
  EACCES: "choose a port above 1023, or grant the right to this one",
  EADDRNOTAVAIL: "the host is no address of this machine: leave it out, or choose one that is",
  ENOTFOUND: "the host's name cannot be resolved: check its spelling",
};
const SOCKET_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: "stop the other process that listens there; if there is none, remove the file that it left behind",
  // libuv says so of a missing folder, too.
  EACCES: "see that the folder is there and that this process may write to it",
};
