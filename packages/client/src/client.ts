import {
  checkClose,
  checkRaw,
  decodePacket,
  type ErrorCode,
  encodePacket,
  iterateMessages,
  type Packet,
  type Sendable,
  toError,
  WebsocketsSimpleError,
  wrong,
} from "@websockets-simple/shared";
import { type Connection, createConnection } from "./connection.ts";
import type { ClientState, ConnectionPolicy, Notice } from "./connection-state.ts";
import { getToken, type TokenSource } from "./credentials.ts";
import type { ClientEvents, ClientMessageEvent } from "./events.ts";
import { type CheckedOptions, type ClientOptions, checkClientOptions } from "./options.ts";
import { createOutbox } from "./outbox.ts";
import { ClientEmitter, platform } from "./platform.node.ts"; // For browsers the build puts platform.browser.ts in its place.
import { makeTarget, type PlaceToken, resolveAddress } from "./target.ts";
import { webSocketTransport } from "./websocket-transport.ts";

/** How to connect. */
export interface ConnectOptions {
  /** Ends the attempt when aborted; an open connection is left alone. */
  signal?: AbortSignal | undefined;
}

/** How a client comes back that shall not. */
const NEVER = { maxAttempts: 0 } as ConnectionPolicy;

/** `connect(controller.signal)`, say, would never be aborted: it is refused instead. */
function isConnectOptions(options: ConnectOptions): unknown {
  for (const name in options) if (name !== "signal") return false;
  const { signal } = options;
  return typeof options === "object" && (signal === undefined || signal?.addEventListener);
}

/**
 * A client that connects, comes back by itself, and says truthfully what became of every message.
 *
 * @typeParam P the packets it exchanges
 */
export class WebsocketClient<P extends Packet = Packet> extends ClientEmitter<ClientEvents<P>> {
  readonly #options: CheckedOptions<P>;
  readonly #connection: Connection;
  /** Who waits for a notice of the connection: callers of `connect` and `disconnect`, and iterators. */
  readonly #waiters = new Set<(notice: Notice) => void>();

  /**
   * @param options at least `url` or `host`
   * @param token a token, or a function that is asked for one anew at every attempt
   * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
   */
  constructor(options: ClientOptions<P>, token: TokenSource = "") {
    super(["message", "connection", "error", "ping", "pong"]);
    const checked = checkClientOptions(options, platform);
    const { outbox, tokenIn, subprotocols } = checked;
    // Its value is not shown: it may be the token, forgotten to be made a string.
    if (!/string|function/.test(typeof token)) throw wrong("token", typeof token, "a string or a function as second argument");
    const address = resolveAddress(checked, platform.page);
    this.#options = checked;
    const place = platform.tokenIn[tokenIn] as PlaceToken;
    this.#connection = createConnection(
      { ...checked, ...(checked.reconnect || NEVER), canRefresh: typeof token === "function" },
      outbox ? createOutbox(outbox) : undefined,
      async (fresh) => makeTarget(address, subprotocols, await getToken(token, { fresh }), place),
      webSocketTransport(platform, checked, this),
      platform.watch,
      {
        message: (message) => this.#receive(message),
        notice: (notice) => this.#notice(notice),
        failed: (error) => this.emit("error", { error }),
      },
    );
  }

  /** Where the client stands. */
  get state(): ClientState {
    return this.#connection.state;
  }

  /** The application subprotocol that the server chose; empty when none was asked for, or while not connected. */
  get subprotocol(): string {
    return this.#connection.subprotocol;
  }

  /** The last measured round trip in milliseconds; undefined before the first answer to a ping (option `heartbeat`, or `ping`). */
  get latencyMs(): number | undefined {
    return this.#connection.latencyMs;
  }

  /**
   * Connects, and keeps trying as option `reconnect` says. Resolves when connected. Calls at the same time share one fate:
   * a signal that ends one of them ends all.
   *
   * @throws WebsocketsSimpleError what ended it for good: `UNAUTHORIZED`, `REFUSED`, `TLS_FAILED`, or the last failure when
   * `maxAttempts` is reached; `ABORTED` after `signal`, `disconnect()` or `dispose()`; `INVALID_STATE` when disposed;
   * `INVALID_ARGUMENT` for anything but `{ signal }`
   */
  connect(given?: ConnectOptions): Promise<void> {
    const options = given ?? {};
    const { signal } = options;
    const failure = (code: ErrorCode, why: string) =>
      new WebsocketsSimpleError(code, `connect: ${why}`, { cause: signal?.reason });
    if (!isConnectOptions(options)) return Promise.reject(failure("INVALID_ARGUMENT", "expected nothing, or { signal }"));
    if (this.state === "connected") return Promise.resolve();
    if (this.state === "disposed") return Promise.reject(failure("INVALID_STATE", "disposed; make a new client"));
    if (signal?.aborted) return Promise.reject(failure("ABORTED", "signal is aborted"));
    const abort = (): Promise<void> => this.disconnect(1000, "aborted");
    const connecting = new Promise<void>((resolve, reject) => {
      this.#next(["connected", "disconnected"], ({ type, error }) => {
        // At once: a listener of this very notice may abort.
        signal?.removeEventListener("abort", abort);
        if (type === "connected") return resolve();
        // Whoever called disconnect() or dispose() knows: it needs no handler.
        if (!error) connecting.catch(() => {});
        reject(error ?? failure("ABORTED", "ended by disconnect(), dispose() or signal"));
      });
    });
    signal?.addEventListener("abort", abort);
    this.#connection.dispatch({ type: "connect" });
    return connecting;
  }

  /**
   * Sends a text (as a packet around it) or a packet. Resolves when the bytes are handed to the socket; while away the
   * message waits in the outbox. A rejection with `NOT_SENT` or `UNKNOWN` that nobody handles does no harm.
   *
   * @throws WebsocketsSimpleError `NOT_SENT`: it will never arrive · `UNKNOWN`: it arrived once or never ·
   * `INVALID_ARGUMENT`: it is no packet
   */
  send(input: Sendable<P>): Promise<void> {
    return this.#hand(() => encodePacket(input, this.#options, Date.now()));
  }

  /**
   * Sends a text or bytes as they are. Resolves as `send` does. The texts `ping` and `pong` belong to the classic wire's
   * heartbeat and reach no listener.
   *
   * @throws WebsocketsSimpleError as `send`
   */
  sendRaw(message: string | Uint8Array): Promise<void> {
    return this.#hand(() => ({ wire: checkRaw(message) }));
  }

  /**
   * Sends an RFC 6455 ping (Node). Resolves with the round trip in milliseconds when its pong comes, or that of a later ping;
   * there is no time limit but option `heartbeat`.
   *
   * @param payload at most 125 bytes of UTF-8, by which its pong is known. Default: four bytes of its own
   * @throws WebsocketsSimpleError `INVALID_STATE`: a browser, or another class as option `webSocket`, has no pings · `NOT_SENT`:
   * not connected, or 64 pings wait already · `UNKNOWN`: the connection ended before · `INVALID_ARGUMENT`
   */
  ping(payload?: string | Uint8Array): Promise<number> {
    return platform.ping(this.#connection.transport(), payload);
  }

  /**
   * Ends the connection; the client does not come back by itself. Resolves when it is over, at most `closeTimeoutMs`
   * later. What waits in the outbox rejects with `NOT_SENT`.
   *
   * @param code 1000 or 3000 to 4999
   * @param reason at most 123 bytes of UTF-8
   * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
   */
  async disconnect(code = 1000, reason = ""): Promise<void> {
    checkClose(code, reason);
    this.#connection.dispatch({ type: "disconnect", ending: { code, reason } });
    if (this.state === "disconnecting")
      await new Promise<Notice>((resolve) => this.#next(["disconnected", "connecting"], resolve));
  }

  /** Ends everything at once and for good: connection (with 1000, not waiting for the answer), timers, listeners. */
  dispose(): void {
    this.#connection.dispatch({ type: "dispose", ending: { code: 1000, reason: "" } }, () => this.removeAllListeners());
    this.#settle({ type: "disconnected" });
  }

  /** The same as `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Closes in an orderly way, then disposes, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
    this.dispose();
  }

  /** Received messages, from now until the connection ends for good; at once when disposed. Fails with OVERFLOW when `maxQueuedMessages` wait unread. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ClientMessageEvent<P>, void> {
    return iterateMessages((message, end) => {
      const listener = (event: ClientMessageEvent<P>): void => {
        if (event.type === "received") message(event);
      };
      this.on("message", listener);
      const forget = this.#next(["disconnected"], end);
      if (this.state === "disposed") queueMicrotask(end);
      return () => {
        this.off("message", listener);
        forget();
      };
    }, this.#options.maxQueuedMessages);
  }

  /**
   * Understands a text, and with option `codec` bytes as well. Override it to take over decoding: what it returns is the
   * packet of the `message` event; without a packet there is no event, unless you emit one yourself.
   */
  protected messageReceived(message: string | Uint8Array): P | undefined {
    const { packet, error } = decodePacket(message, this.#options, Date.now());
    if (error) this.emit("error", { error });
    else if (!packet) this.#tell("received", message);
    return packet;
  }

  protected override listenerFailed(event: keyof ClientEvents<P>, thrown: unknown): void {
    const error = toError("LISTENER_FAILED", `a listener of "${event}" failed`, thrown);
    // An error listener must not be told of its own failure for ever; a fault that nobody listens for must not vanish.
    if (event === "error" || this.listenerCount("error") === 0) console.error(error);
    else this.emit("error", { error });
  }

  #receive(message: string | Uint8Array): void {
    this.#guard(() => {
      if (typeof message !== "string" && !this.#options.codec) return this.#tell("received", message);
      const packet = this.messageReceived(message);
      if (packet) this.#tell("received", message, packet);
    });
  }

  #notice(notice: Notice): void {
    // Settled first: whoever begins to wait in a listener of this notice waits for the next one.
    this.#settle(notice);
    if (notice.error) this.emit("error", { error: notice.error });
    this.emit("connection", notice);
  }

  /** Calls `done` at the next notice of one of these types, unless the returned function was called before. */
  #next(types: Notice["type"][], done: (notice: Notice) => void): () => unknown {
    const forget = () => this.#waiters.delete(waiter);
    const waiter = (notice: Notice): void => {
      if (types.includes(notice.type) && forget()) done(notice);
    };
    this.#waiters.add(waiter);
    return forget;
  }

  #settle(notice: Notice): void {
    // An end that a new attempt has superseded already is not the end that anybody waits for.
    if (notice.type === "disconnected" && this.state === "connecting") return;
    for (const waiter of this.#waiters) waiter(notice);
  }

  /** What a subclass or a schema makes of a packet may throw, even when it is only looked at. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.listenerFailed("message", thrown);
    }
  }

  #tell(type: "received" | "sent", message: string | Uint8Array, packet?: P): void {
    this.emit("message", { type, message: packet?.data ?? message, ...(packet && { packet }) });
  }

  /** @param encode makes the message, with its packet where that is known; it may throw */
  #hand(encode: () => { wire: string | Uint8Array; packet?: P }): Promise<void> {
    try {
      const { wire, packet } = encode();
      const handing = new Promise<void>((resolve, reject) => {
        this.#connection.send(wire, (error) => {
          if (error) return reject(error);
          this.#guard(() => {
            if (this.listenerCount("message") > 0)
              this.#tell("sent", wire, packet ?? decodePacket(wire, this.#options, Date.now()).packet);
          });
          resolve();
        });
      });
      // Connections come and go: a send that nobody waits for must not end the process.
      handing.catch(() => {});
      return handing;
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
