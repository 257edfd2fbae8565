import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type EngineSocket, ownEngine, type SocketListener } from "@websockets-simple/engine/own";
import {
  CloseCode,
  heartbeatText,
  MAX_TIMER_MS,
  type PiecesOut,
  toError,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
import { dial, secure } from "./dial.node.ts";
import { askedWho, because, headersOf, loginOf, withoutPassword } from "./login-request.node.ts";
import { lost } from "./outbox.ts";
import { SocketPings } from "./pings.node.ts";
import type { PingListener, PlatformSocket, Refusal, SocketLike, SocketOptions } from "./platform.ts";
import { Progress } from "./progress.node.ts";
import { proxyFor } from "./proxy-option.node.ts";
import { isRedirect, type Request, redirected } from "./redirect.node.ts";
import { explain, readRefusal } from "./refusal.node.ts";
import { requestHeaders } from "./request.node.ts";
import type { PieceReader, StreamingSocket } from "./streams.node.ts";
import type { Target } from "./target.ts";
import { openTunnel, type Tunnel } from "./tunnel.node.ts";

type Done = (error?: Error) => void;

/**
 * A WebSocket over our own engine, for what `ws` cannot do: to follow redirects without giving anything away, to compress
 * within bounds, to show by a password who it is, to go through a proxy, and to tell of messages piece by piece.
 */
export class EngineWebSocket implements SocketLike, PlatformSocket, SocketListener, StreamingSocket {
  readonly socket = this;
  binaryType = "";
  #isOver = false;
  protocol = "";
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  readonly #target: Target;
  readonly #options: SocketOptions;
  readonly #refused: (refusal: Refusal) => void;
  readonly #pings: SocketPings;
  /** What leads to the server, or is on its way there. */
  #stream: Socket | Tunnel | undefined;
  #socket: EngineSocket | undefined;
  #progress: Progress | undefined;
  #redirects = 0;
  /** Who reads piece by piece, and what the engine asks for him. */
  #reader: PieceReader | undefined;
  begins: SocketListener["begins"];
  #isHeld = false;
  /** How often it was asked for progress while nothing was read by its own will. */
  #heldAsks = 0;
  /** Who waits for a message to be taken, in order. */
  readonly #waiting: Done[] = [];

  constructor(
    target: Target,
    options: SocketOptions,
    refused: (refusal: Refusal) => void,
    pong: (latencyMs?: number) => void,
    events: PingListener,
  ) {
    const { credentials } = options;
    this.#target = credentials ? withoutPassword(target, credentials) : target;
    this.#options = options;
    this.#refused = refused;
    this.#pings = new SocketPings(
      (payload) => this.#socket?.sendPing(payload),
      () => this.readyState === 1,
      events,
      pong,
    );
    const headers = requestHeaders(options, target);
    const login = credentials ? loginOf(credentials, headers) : undefined;
    this.#ask({ url: new URL(target.url), headers, subprotocols: target.protocols, login });
  }

  /** As WHATWG numbers them: connecting, open, closing, closed. */
  get readyState(): number {
    if (this.#isOver) return 3;
    if (!this.#socket) return 0;
    return this.#socket.isOpen ? 1 : 2;
  }

  get bufferedAmount(): number {
    return this.#socket?.bufferedBytes ?? 0;
  }

  progress = (): number => {
    // That this side does not read says nothing of the other.
    if (this.#isHeld) this.#heldAsks++;
    return (this.#progress?.count(this.bufferedAmount) ?? 0) + this.#heldAsks;
  };

  send(message: string | Uint8Array, done: Done = () => {}): void {
    if (!this.#socket?.send(message)) throw new Error("the connection is closing");
    this.#waiting.push(done);
  }

  beginMessage(isText: boolean, done: Done): PiecesOut | undefined {
    const pieces = this.#socket?.beginMessage?.(isText);
    if (pieces) this.#waiting.push(done);
    return pieces;
  }

  readBy(reader: PieceReader | undefined): void {
    this.#reader = reader;
    this.begins = reader && ((isText) => reader.begins(isText));
    this.#socket?.askForPieces?.(reader !== undefined);
  }

  hold(): void {
    this.#isHeld = true;
    // Whatever still comes of one that closes is read, or the close frame would never be.
    if (this.readyState === 1) this.#socket?.pause();
  }

  release(): void {
    this.#isHeld = false;
    this.#socket?.resume();
  }

  showLife(): void {
    this.#pings.beat?.();
  }

  beat(word: string): void {
    this.onmessage?.({ data: word } as never);
  }

  ping = (): void => this.#pings.beat?.();

  roundTrip = (payload: string | Uint8Array | undefined): Promise<number> => this.#pings.send(payload);

  close(code: number = CloseCode.normal, reason = ""): void {
    if (!this.#socket) return void this.drop();
    this.#socket.close(code, reason);
    this.#reader?.cutOff();
    this.readBy(undefined);
    this.release();
  }

  // Like the others above it is called by itself, without its object.
  drop = (): void => {
    this.#pings.end();
    if (this.#socket) this.#socket.terminate();
    else this.#stream?.destroy();
  };

  message(message: string | Uint8Array): void {
    if (this.#reader && !heartbeatText(message)) return void this.#reader.whole(message);
    // Bytes are the receiver's own, and fill their memory.
    this.onmessage?.({ data: typeof message === "string" ? message : message.buffer } as never);
  }

  pinged(payload: Uint8Array): void {
    this.#pings.pinged(payload);
  }

  ponged(payload: Uint8Array): void {
    this.#pings.ponged(payload);
  }

  taken(messages: number): void {
    for (const done of this.#waiting.splice(0, messages)) done();
  }

  blocked(): void {}

  drained(): void {
    this.#progress?.waited();
  }

  failed(error: Error): void {
    this.#refused(explain(this.#target, error, this.#options.maxPayload));
  }

  closed(code: number, reason: string): void {
    this.#isOver = true;
    for (const done of this.#waiting.splice(0)) done(lost(undefined));
    this.onclose?.({ code, reason } as never);
  }

  #ask(request: Request): void {
    const { url } = request;
    // It may throw: that has to be before there is a stream, which nobody would let go of.
    const headers = headersOf(request);
    const proxy = proxyFor(this.#options, url);
    if (!proxy) return void this.#upgrade(request, headers, dial(url, this.#options));
    this.#stream = openTunnel(proxy, url, this.#options, this.#target.label, {
      opened: (stream) => this.#upgrade(request, headers, secure(stream, url, this.#options)),
      failed: (error) => this.#gone({ error }),
    });
  }

  #upgrade(request: Request, headers: Request["headers"], stream: Socket): void {
    const { maxPayload, closeTimeoutMs, compression } = this.#options;
    const { url, subprotocols } = request;
    this.#stream = stream;
    const settings = {
      host: url.host,
      target: url.pathname + url.search,
      headers,
      subprotocols,
      maxPayload,
      closeTimeoutMs,
      // A kilobyte each is more than honest servers make.
      maxFragments: Math.max(1_024, Math.ceil(maxPayload / 1_024)),
      // Who connects has a time limit of its own.
      handshakeTimeoutMs: MAX_TIMER_MS,
      compression: compression || undefined,
    };
    ownEngine.connect(stream, settings, {
      opened: (socket, response) => this.#opened(socket, response, stream),
      refused: (response) => this.#answered(request, response),
      failed: (error) => this.#gone(explain(this.#target, error, maxPayload)),
    });
  }

  #opened(socket: EngineSocket, response: IncomingMessage, stream: Socket): SocketListener {
    this.#socket = socket;
    this.readBy(this.#reader);
    this.#progress = new Progress(stream);
    this.protocol = response.headers["sec-websocket-protocol"] ?? "";
    // Messages may come in one read with the 101. Whoever awaited connect() has a turn to listen before they are told.
    socket.pause();
    setImmediate(() => this.#isHeld || socket.resume());
    process.nextTick(() => this.readyState === 1 && this.onopen?.({} as never));
    return this;
  }

  #answered(request: Request, response: IncomingMessage): void {
    const { followRedirects = 0 } = this.#options;
    const asked = askedWho(request, response);
    if (!asked?.isAgain && (followRedirects === 0 || !isRedirect(response))) {
      const read = readRefusal(this.#target, response, () => this.#gone(asked ? because(read(), asked.why) : read()));
      return;
    }
    response.destroy();
    try {
      if (asked) return void this.#ask(request);
      if (this.#redirects++ === followRedirects) {
        const why = `more than ${followRedirects} redirects (option followRedirects)`;
        throw new WebsocketsSimpleError("REFUSED", `${this.#target.label}: ${why}`, { status: response.statusCode ?? 0 });
      }
      this.#ask(redirected(request, response, this.#target));
    } catch (thrown) {
      this.#gone({ error: toError("CONNECT_FAILED", this.#target.label, thrown) });
    }
  }

  /** It did not come to a connection. */
  #gone(refusal: Refusal): void {
    this.#stream?.destroy();
    this.#refused(refusal);
    this.closed(CloseCode.abnormal, "");
  }
}
