import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ServerOptions, WebSocket, WebSocketServer } from "ws";
import type { Acceptor, AcceptorOptions, Engine, EngineSocket, OutgoingMessage, SocketListener } from "./engine.ts";
import { exactCopy } from "./exact-copy.ts";
import { keepSmall } from "./keep-small.ts";
import { kernelBytes } from "./kernel-bytes.ts";

/**
 * Pongs that may wait for a peer who pings and does not read; one more, and the connection is destroyed. It is not
 * lower, since pings that arrive in one read are all answered before the kernel is asked.
 */
const MAX_PENDING_PONGS = 60;

/** An option that ws 8.23 documents and its types do not know yet. */
interface WsOptions extends ServerOptions {
  closeTimeout: number;
}

/** The `ws` package behind the interface; without compression. */
export const wsEngine: Engine = Object.freeze({ name: "ws", createAcceptor });

function createAcceptor(options: AcceptorOptions): Acceptor {
  const settings: WsOptions = {
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    autoPong: false,
    skipUTF8Validation: false,
    maxPayload: options.maxPayload,
    maxFragments: options.maxFragments,
    maxBufferedChunks: options.maxFragments * 4,
    closeTimeout: options.closeTimeoutMs,
  };
  const server = new WebSocketServer(settings);

  return {
    accept(request, stream, head, answer, opened) {
      // ws judges requests once more, by rules that differ in detail. It is shown only what was decided already.
      const headers: Record<string, string | undefined> = {
        upgrade: "websocket",
        "sec-websocket-key": request.headers["sec-websocket-key"],
        "sec-websocket-version": "13",
      };
      if (answer.subprotocol !== undefined) headers["sec-websocket-protocol"] = answer.subprotocol;
      const judged = { method: "GET", url: "/", headers } as unknown as IncomingMessage;
      server.handleUpgrade(judged, stream, head, (socket) => {
        listen(socket, stream, opened(new WsSocket(socket, stream)));
        answerPings(socket);
        keepSmall(socket, stream);
      });
    },
  };
}

class WsSocket implements EngineSocket {
  readonly #socket: WebSocket;
  readonly #stream: Duplex;
  #takenBytes = 0;

  constructor(socket: WebSocket, stream: Duplex) {
    this.#socket = socket;
    this.#stream = stream;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get takenBytes(): number {
    // A destroyed stream has no handle any more.
    if (!this.#stream.destroyed) this.#takenBytes = kernelBytes(this.#stream);
    return this.#takenBytes;
  }

  get receivedBytes(): number {
    return (this.#stream as Partial<Socket>).bytesRead ?? 0;
  }

  send(message: OutgoingMessage, done?: (error?: Error) => void): void {
    const bytes = typeof message === "string" || message instanceof Uint8Array ? message : message.utf8;
    let isTaken = false;
    this.#socket.send(bytes, { binary: message instanceof Uint8Array }, (error) => {
      // Node reports no error for writes that a destroyed socket cancelled.
      const isLost = !error && !isTaken && this.#stream.destroyed;
      done?.(isLost ? new Error("the connection was destroyed before the kernel took all bytes") : (error ?? undefined));
    });
    isTaken = this.isOpen && this.bufferedBytes === 0;
  }

  close(code: number, reason: string): void {
    if (this.isOpen) this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  setMaxPayload(bytes: number): void {
    // No public option of ws changes a live connection's bound. Should this field ever be gone, the acceptor's bound
    // holds, and the suite fails.
    const { _receiver } = this.#socket as unknown as { _receiver?: { _maxPayload?: number } };
    if (typeof _receiver?._maxPayload === "number") _receiver._maxPayload = bytes;
  }
}

/** What ws would do by itself, but with a slice of what was read, which would keep all of that while the pong waits. */
function answerPings(socket: WebSocket): void {
  let pending = 0;
  socket.on("ping", (data: Buffer) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (pending >= MAX_PENDING_PONGS) return socket.terminate();
    pending++;
    socket.pong(exactCopy([data]), false, () => pending--);
  });
}

function listen(socket: WebSocket, stream: Duplex, listener: SocketListener): void {
  let refused: { code: number; reason: string } | undefined;
  socket.on("message", (data: Buffer, isBinary) => listener.message(isBinary ? ownBytes(data) : data.toString("utf8")));
  socket.on("error", (error: Error & { code?: string }) => {
    const code = closeCodeOf(error.code);
    if (code !== undefined) refused = { code, reason: error.message };
    listener.failed(error, code === undefined ? "network" : "protocol");
  });
  socket.on("close", (code, reason) => {
    if (refused) listener.closed(refused.code, refused.reason);
    else listener.closed(code, reason.toString("utf8"));
  });
  // ws takes a network error for a silent close.
  stream.on("error", (error) => {
    if (socket.readyState !== WebSocket.CLOSED) listener.failed(error, "network");
  });
}

/** The close code that ws answers an error with; undefined when the error is not about what the peer sent. */
function closeCodeOf(code: string | undefined): number | undefined {
  switch (code) {
    case "WS_ERR_INVALID_UTF8":
      return 1007;
    case "WS_ERR_TOO_MANY_BUFFERED_PARTS":
      return 1008;
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
      return 1009;
    default:
      return code?.startsWith("WS_ERR_") ? 1002 : undefined;
  }
}

/** Bytes that nobody else holds: ws hands out slices of what the socket read, or of Node's pool. */
function ownBytes(data: Buffer): Uint8Array {
  return data.byteLength === data.buffer.byteLength ? new Uint8Array(data.buffer) : new Uint8Array(data);
}
