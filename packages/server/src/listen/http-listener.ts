import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";
import { WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import { answer, answerHeaders, type Refusal } from "../http-answer.ts";
import { checkUpgrade } from "../socket.ts";
import { checkHead, refusalOfClientError, TOO_MANY_CONNECTIONS, TURNED_AWAY_AT_ONCE } from "./http-limits.ts";

/** One place to listen at: a port, or a socket of the file system. */
export interface EndpointOptions {
  /** The port, 0 to 65,535; 0: any free one. */
  port?: number;
  /** The address or name to listen on. Default: all interfaces, IPv6 and IPv4. */
  host?: string;
  /** Instead of a port: the path of a Unix socket, which must not exist yet; on Windows a named pipe. */
  socketPath?: string;
}

/** Where a server listens. */
export interface ServerAddress {
  /** The address as the system tells it: `::` is all interfaces, IPv6 and IPv4. Empty for a socket of the file system. */
  readonly host: string;
  /** The port; 0 for a socket of the file system. */
  readonly port: number;
  /** `IPv6`, `IPv4` or `unix`. */
  readonly family: string;
  /** The path of a socket of the file system. */
  readonly socketPath?: string;
}

/** Where to listen, and the bounds of what comes before a WebSocket. */
export interface ListenerSettings {
  readonly endpoints: readonly EndpointOptions[];
  readonly tls: SecureContextOptions | undefined;
  readonly headersTimeoutMs: number;
  readonly checkIntervalMs: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxUrlBytes: number;
  readonly maxConnections: number;
  readonly clock: Clock;
}

/** What a listener tells. */
export interface ListenerEvents {
  /** An upgrade request whose head is within the bounds. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void;
  /** A request was answered with an HTTP status. */
  refused(status: number, reason: string, stream: Duplex): void;
  /** The listening socket failed; it may go on. */
  failed(error: Error): void;
}

/** Open ports, or sockets of the file system. */
export interface HttpListener {
  /** One for each endpoint, in the same order. */
  readonly addresses: readonly ServerAddress[];
  /** Stops taking connections in, and closes those that are not upgraded. */
  stopAccepting(): void;
  /** Destroys what is left; resolves when nothing is. */
  end(): Promise<void>;
}

/**
 * Listens on all endpoints, or on none.
 *
 * Rejects with `LISTEN_FAILED`, naming address, cause and what to do.
 */
export async function listen(settings: ListenerSettings, events: ListenerEvents): Promise<HttpListener> {
  const sockets = new Set<Socket>();
  const open: { server: Server; address: ServerAddress; whenClosed: Promise<unknown> }[] = [];
  const stopAccepting = (): void => {
    for (const { server } of open) {
      server.close();
      server.closeAllConnections();
    }
  };
  const end = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(open.map(({ whenClosed }) => whenClosed));
  };
  for (const endpoint of settings.endpoints) {
    const server = createHttpServer(settings);
    judge(server, sockets, settings, events);
    try {
      const address = await openServer(server, endpoint);
      open.push({ server, address, whenClosed: new Promise((resolve) => server.once("close", resolve)) });
    } catch (error) {
      stopAccepting();
      await end();
      throw error;
    }
    server.on("error", events.failed);
  }
  return { addresses: open.map(({ address }) => address), stopAccepting, end };
}

/** Decides on every connection and request of one HTTP server. */
function judge(server: Server, sockets: Set<Socket>, settings: ListenerSettings, events: ListenerEvents): void {
  const { clock, maxConnections } = settings;
  /** Connections with a refused request: whatever comes behind it is neither judged nor answered. */
  const refused = new WeakSet<Duplex>();

  function refuse(stream: Duplex, refusal: Refusal): void {
    refused.add(stream);
    events.refused(refusal.status, refusal.reason, stream);
    answer(stream, refusal, clock);
  }

  /** Drops what comes behind a refused request, until the answer to that has left and its connection closes. */
  function ignore(stream: Duplex): void {
    stream.on("error", () => {}).resume();
  }

  takeOver(server, "connection", (socket, next) => {
    if (sockets.size >= maxConnections + TURNED_AWAY_AT_ONCE) return void socket.destroy();
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (settings.tls || sockets.size <= maxConnections) next();
    else refuse(socket, TOO_MANY_CONNECTIONS);
  });
  if (settings.tls) {
    takeOver(server, "secureConnection", (socket, next) => {
      if (sockets.size <= maxConnections) next();
      else refuse(socket, TOO_MANY_CONNECTIONS);
    });
  }

  server.on("upgrade", (request, stream, head) => {
    if (refused.has(stream)) return ignore(stream);
    const refusal = checkHead(request, settings);
    if (refusal) refuse(stream, refusal);
    else events.upgrade(request, stream, head);
  });
  const refuseRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (refused.has(request.socket)) return;
    refused.add(request.socket);
    const refusal = checkHead(request, settings) ?? checkUpgrade(request) ?? NOT_UPGRADED;
    events.refused(refusal.status, refusal.reason, request.socket);
    response.writeHead(refusal.status, answerHeaders(refusal)).end(refusal.reason);
  };
  // What a request expects (RFC 9110 section 10.1.1) is no reason to keep its connection: Node would answer by itself.
  for (const event of ["request", "checkContinue", "checkExpectation"]) server.on(event, refuseRequest);
  server.on("connect", (_request, stream) => {
    if (refused.has(stream)) ignore(stream);
    else refuse(stream, { status: 405, reason: "This is no proxy.", headers: { Allow: "GET" } });
  });
  server.on("clientError", (error: Error & { code?: string }, stream) => {
    const refusal = refusalOfClientError(error.code);
    // Where an answer is on its way, the connection closes after it.
    if (refusal && refused.has(stream)) return;
    if (!refusal || !stream.writable) stream.destroy();
    else refuse(stream, refusal);
  });
}

/** A request that Node does not take for an upgrade, though it is a well-formed one. */
const NOT_UPGRADED: Refusal = { status: 400, reason: "The request is no WebSocket upgrade." };

function createHttpServer(settings: ListenerSettings): Server {
  const options = {
    headersTimeout: settings.headersTimeoutMs,
    requestTimeout: settings.headersTimeoutMs,
    connectionsCheckingInterval: settings.checkIntervalMs,
    maxHeaderSize: settings.maxHeaderBytes,
    keepAliveTimeout: 1,
    noDelay: true,
  };
  const { tls } = settings;
  const server = tls
    ? createTlsServer({ ...options, ...tls, handshakeTimeout: settings.headersTimeoutMs })
    : createServer(options);
  // Node drops further headers in silence: it is shown one more than allowed, which is then refused aloud.
  server.maxHeadersCount = settings.maxHeaders + 1;
  return server;
}

/** Puts a decision before what Node does with a new connection. */
function takeOver(
  server: Server,
  event: "connection" | "secureConnection",
  decide: (socket: Socket, next: () => void) => void,
): void {
  const listeners = server.listeners(event) as ((socket: Socket) => void)[];
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    decide(socket, () => {
      for (const listener of listeners) listener.call(server, socket);
    });
  });
}

function openServer(server: Server, { port, host, socketPath }: EndpointOptions): Promise<ServerAddress> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const where = socketPath ?? `${host ?? "all interfaces"}, port ${port}`;
      const advice = (socketPath === undefined ? ADVICE : SOCKET_ADVICE)[error.code ?? ""] ?? "choose another place";
      reject(
        new WebsocketsSimpleError("LISTEN_FAILED", `cannot listen on ${where}: ${error.message}; ${advice}`, { cause: error }),
      );
    };
    server.once("error", failed);
    server.listen(socketPath === undefined ? { port, ...(host !== undefined && { host }) } : { path: socketPath }, () => {
      server.off("error", failed);
      const bound = server.address() as AddressInfo | string;
      if (typeof bound === "string") resolve({ host: "", port: 0, family: "unix", socketPath: bound });
      else resolve({ host: bound.address, port: bound.port, family: bound.family });
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
