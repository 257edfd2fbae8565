import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import {
  type Acceptance,
  type AcceptorOptions,
  checkUpgrade,
  type Engine,
  type EngineSocket,
  type SocketListener,
} from "../packages/engine/src/index.ts";
import { makeCertificates } from "./certificates.ts";
import { RawSocket, within } from "./raw-socket.ts";

/** What an engine told of one connection. */
export interface Seen {
  readonly socket: EngineSocket;
  readonly messages: (string | Uint8Array)[];
  readonly failures: string[];
  /** Pings and pongs that came, by what they bear. */
  readonly beats: string[];
  readonly closings: { code: number; reason: string }[];
  /** Messages that the kernel took. */
  readonly taken: number;
  /** `blocked` and `drained`, in order. */
  readonly flow: string[];
  /** Resolves when so many messages are taken. */
  hasTaken(count: number): Promise<void>;
  /** Resolves when there are so many messages. */
  has(count: number): Promise<(string | Uint8Array)[]>;
  readonly whenClosed: Promise<{ code: number; reason: string }>;
}

const BOUNDS: AcceptorOptions = { maxPayload: 1_048_576, closeTimeoutMs: 2_000, maxFragments: 64 };

/** How engines are tested. */
export interface EngineSetting {
  readonly makeEngine: () => Engine;
  readonly isSecure: boolean;
}

/** An engine behind a port. */
export interface ServedEngine {
  readonly port: number;
  /** A peer that has connected, and not upgraded yet. */
  connect(): Promise<RawSocket>;
  /** A peer that has upgraded, with such headers besides. */
  open(headers?: Record<string, string>): Promise<RawSocket>;
  /** Resolves with each connection in turn. */
  next(): Promise<Seen>;
}

/** Puts an engine behind a port until the test ends. `answerTo`: what stands in the 101. */
export async function serveEngine(
  { makeEngine, isSecure }: EngineSetting,
  bounds: Partial<AcceptorOptions> = {},
  answerTo: (request: IncomingMessage) => Acceptance = () => ({}),
): Promise<ServedEngine> {
  const engine = makeEngine();
  const acceptor = engine.createAcceptor({ ...BOUNDS, ...bounds });
  const seen: Seen[] = [];
  let wake = (): void => {};
  const tls = isSecure ? makeCertificates() : undefined;
  const server = tls ? createTlsServer(tls.localhost) : createServer();
  server.on("upgrade", (request, stream, head) => {
    if (checkUpgrade(request)) return void stream.destroy();
    acceptor.accept(request, stream, head, answerTo(request), (socket) => {
      const { connection, listener } = watch(socket);
      seen.push(connection);
      wake();
      return listener;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const { socket } of seen) socket.terminate();
    server.close();
    server.closeAllConnections();
  });
  let taken = 0;
  const take = async (): Promise<Seen> => {
    while (seen.length <= taken) await new Promise<void>((resolve) => (wake = resolve));
    return seen[taken++] as Seen;
  };
  const { port } = server.address() as AddressInfo;
  const options = tls ? { tls: { ca: tls.ca, servername: "localhost" } } : {};
  return {
    port,
    connect: () => RawSocket.connect(port, options),
    open: (headers = {}) => RawSocket.open(port, "/", headers, options),
    next: () => within("a connection", take()),
  };
}

/** One connection: the test's end and the engine's. */
export async function enginePair(
  setting: EngineSetting,
  bounds: Partial<AcceptorOptions> = {},
): Promise<{ peer: RawSocket; seen: Seen }> {
  const { open, next } = await serveEngine(setting, bounds);
  const peer = await open();
  onTestFinished(() => peer.destroy());
  return { peer, seen: await next() };
}

/** Listens to a connection. */
export function watch(socket: EngineSocket): { connection: Seen; listener: SocketListener } {
  const messages: Seen["messages"] = [];
  const failures: string[] = [];
  const beats: string[] = [];
  const closings: Seen["closings"] = [];
  const flow: string[] = [];
  let taken = 0;
  let wake = (): void => {};
  let closed = (_: { code: number; reason: string }): void => {};
  const whenClosed = new Promise<{ code: number; reason: string }>((resolve) => (closed = resolve));
  return {
    connection: {
      socket,
      messages,
      failures,
      beats,
      closings,
      flow,
      get taken() {
        return taken;
      },
      hasTaken: (count) =>
        within(
          `${count} messages taken`,
          (async () => {
            while (taken < count) await new Promise<void>((resolve) => (wake = resolve));
          })(),
        ),
      has: (count) =>
        within(
          `${count} messages`,
          (async () => {
            while (messages.length < count) await new Promise<void>((resolve) => (wake = resolve));
            return messages;
          })(),
        ),
      get whenClosed() {
        return within("closed", whenClosed);
      },
    },
    listener: {
      message(message) {
        messages.push(message);
        wake();
      },
      pinged: (payload) => void beats.push(`ping ${Buffer.from(payload).toString("latin1")}`),
      ponged: (payload) => void beats.push(`pong ${Buffer.from(payload).toString("latin1")}`),
      taken(count) {
        taken += count;
        wake();
      },
      blocked: () => void flow.push("blocked"),
      drained: () => void flow.push("drained"),
      failed: (_, kind) => void failures.push(kind),
      closed(code, reason) {
        closings.push({ code, reason });
        closed({ code, reason });
      },
    },
  };
}
