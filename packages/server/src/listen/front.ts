import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import { answer, answerHeaders, type Refusal } from "../http-answer.ts";
import { checkUpgrade, type UpgradeHead } from "../socket.ts";
import { decideBefore, firstReads } from "./first-read.ts";
import {
  checkHead,
  checkHost,
  refusalOfClientError,
  TOO_MANY_CONNECTIONS,
  TOO_SLOW,
  TURNED_AWAY_AT_ONCE,
} from "./http-limits.ts";
import { type OpeningLimits, Openings } from "./openings.ts";
import { PlainRequests, type RequestListener } from "./plain-requests.ts";
import type { ServerTls } from "./tls.ts";

/** The bounds of what comes before a WebSocket. */
export interface FrontSettings extends OpeningLimits {
  readonly tls: ServerTls | undefined;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxUrlBytes: number;
  readonly maxConnections: number;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  /** Of the sockets; undefined: Node's. */
  readonly socketBufferBytes?: number | undefined;
  readonly clock: Clock;
  readonly addresses: AddressCounts;
  /** Answers plain HTTP requests; undefined: each is told to upgrade. */
  readonly requestListener?: RequestListener | undefined;
}

/** Counts connections by address. */
export interface AddressCounts {
  /** A connection comes in. False: it is not worth a word. */
  arrive(socket: Duplex): boolean;
  /** Why a connection that came in cannot stay; undefined: it can. */
  judge(stream: Duplex): Refusal | undefined;
  /** A connection is closed. */
  leave(stream: Duplex): void;
}

/** What comes of connections. */
export interface FrontEvents {
  /**
   * An upgrade request whose head is within the bounds.
   *
   * @param isUnix whether it came by a socket of the file system
   * @param service the service path's segments, where they are others than the server's
   */
  upgrade(request: UpgradeHead, stream: Duplex, head: Buffer, isUnix: boolean, service?: readonly string[]): void;
  /** Whether there is a service at a request target. */
  isService(url: string): boolean;
  /** A request was answered with an HTTP status. */
  refused(status: number, reason: string, stream: Duplex): void;
  /** The listener of plain requests threw. */
  requestFailed(thrown: unknown): void;
}

/** An HTTP server that decides on every connection and request. */
export interface Front {
  readonly server: Server;
  /** From now on new connections are shown this certificate; those that are there stay. */
  reloadTls(tls: ServerTls): void;
  /** Stops taking connections in, and closes those that are not upgraded, but for requests that are being answered. */
  stopAccepting(): void;
  /** Resolves when no request is being answered any more, at the latest when they have had their time. */
  finishRequests(timeoutMs: number): Promise<void>;
}

/**
 * @param isUnix whether it is to listen at a socket of the file system
 * @param sockets where it keeps its connections; several may share it, and are then counted together
 */
export function createFront(settings: FrontSettings, isUnix: boolean, sockets: Set<Duplex>, events: FrontEvents): Front {
  const { clock, maxConnections, tls, addresses, requestListener } = settings;
  const server = createHttpServer(settings);
  const requests = requestListener && new PlainRequests(requestListener, events.requestFailed);
  /** Connections with a refused request: whatever comes behind it is neither judged nor answered. */
  const refused = new WeakSet<Duplex>();
  const openings = new Openings(clock, settings, (stream) => {
    if (!refused.has(stream)) refuse(stream, TOO_SLOW);
  });

  function refuse(stream: Duplex, refusal: Refusal): void {
    openings.remove(stream);
    refused.add(stream);
    events.refused(refusal.status, refusal.reason, stream);
    answer(stream, refusal, clock);
  }

  /** Drops what comes behind a refused request, until the answer to that has left and its connection closes. */
  function ignore(stream: Duplex): void {
    stream.on("error", () => {}).resume();
  }

  function forget(this: Duplex): void {
    sockets.delete(this);
    openings.remove(this);
    addresses.leave(this);
  }

  const toNode = decideBefore(server, "connection", (socket) => {
    if (sockets.size >= maxConnections + TURNED_AWAY_AT_ONCE || !addresses.arrive(socket)) return void socket.destroy();
    sockets.add(socket);
    socket.on("close", forget);
    if (tls) toNode(socket);
    else begin(socket);
  });
  const secureToNode = decideBefore(server, "secureConnection", (socket) => {
    socket.on("close", forget);
    begin(socket);
  });
  const readFirst = firstReads(settings, judge, tls ? secureToNode : toNode);

  function begin(stream: Duplex): void {
    if (sockets.size > maxConnections) return void refuse(stream, TOO_MANY_CONNECTIONS);
    const crowded = addresses.judge(stream);
    if (crowded) return void refuse(stream, crowded);
    openings.add(stream);
    readFirst(stream);
  }

  function judge(request: UpgradeHead, stream: Duplex, head: Buffer): void {
    if (refused.has(stream)) return void ignore(stream);
    // It has not waited for an answer that is under way, into which the next one would be written.
    if (requests?.isAnswering(stream)) return void stream.destroy();
    openings.remove(stream);
    const refusal = checkHead(request, settings);
    if (refusal) refuse(stream, refusal);
    else events.upgrade(request, stream, head, isUnix);
  }

  function takeRequest(request: IncomingMessage, response: ServerResponse): void {
    if (refused.has(request.socket)) return;
    openings.remove(request.socket);
    if (requests?.isFull(request.socket)) {
      refused.add(request.socket);
      return void request.socket.destroy();
    }
    const refusal = checkHead(request, settings) ?? (requests ? checkHost(request) : (checkUpgrade(request) ?? NOT_UPGRADED));
    if (!refusal) return void requests?.take(request, response);
    refused.add(request.socket);
    events.refused(refusal.status, refusal.reason, request.socket);
    response.writeHead(refusal.status, answerHeaders(refusal)).end(refusal.reason);
  }

  server.on("upgrade", judge);
  // What a refused request expects (RFC 9110 section 10.1.1) is no reason to keep its connection: Node would answer by itself.
  for (const event of requests ? ["request"] : ["request", "checkContinue", "checkExpectation"]) server.on(event, takeRequest);
  server.on("connect", (_request, stream) => {
    if (refused.has(stream)) ignore(stream);
    else refuse(stream, { status: 405, reason: "This is no proxy.", headers: { Allow: "GET" } });
  });
  server.on("clientError", (error: Error & { code?: string }, stream) => {
    const refusal = refusalOfClientError(error.code);
    // Where an answer is on its way, the connection closes after it.
    if (refusal && refused.has(stream)) return;
    if (!refusal || !stream.writable || requests?.isAnswering(stream)) stream.destroy();
    else refuse(stream, refusal);
  });
  return {
    server,
    reloadTls: (renewed) => (server as TlsServer).setSecureContext(renewed),
    stopAccepting() {
      server.close();
      if (requests) requests.stop(() => server.closeIdleConnections());
      else server.closeAllConnections();
      openings.end();
    },
    finishRequests: async (timeoutMs) => requests?.finished(timeoutMs, clock),
  };
}

/** A request that Node does not take for an upgrade, though it is a well-formed one. */
const NOT_UPGRADED: Refusal = { status: 400, reason: "The request is no WebSocket upgrade." };

/** How long a plain request may take to come whole, and how long its connection is then kept for another: Node's own defaults. */
const BODY_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 5_000;

function createHttpServer(settings: FrontSettings): Server {
  const options = {
    headersTimeout: settings.headersTimeoutMs,
    // A body may take longer; without anybody who reads one there is none.
    requestTimeout: settings.requestListener ? Math.max(BODY_TIMEOUT_MS, settings.headersTimeoutMs) : settings.headersTimeoutMs,
    connectionsCheckingInterval: settings.checkIntervalMs,
    maxHeaderSize: settings.maxHeaderBytes,
    // Its own answer to that has no sentence, and nobody would count it.
    requireHostHeader: false,
    keepAliveTimeout: settings.requestListener ? KEEP_ALIVE_MS : 1,
    noDelay: settings.noDelay,
    ...(settings.socketBufferBytes !== undefined && { highWaterMark: settings.socketBufferBytes }),
  };
  const { tls } = settings;
  const server = tls
    ? createTlsServer({ ...options, ...tls, handshakeTimeout: settings.headersTimeoutMs })
    : createServer(options);
  // Node drops further headers in silence: it is shown one more than allowed, which is then refused aloud.
  server.maxHeadersCount = settings.maxHeaders + 1;
  return server;
}
