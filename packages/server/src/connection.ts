import type {
  AnyMessageStream,
  MessageStreamsOptions,
  MessageWriter,
  MessageWriterOptions,
  Packet,
  Sendable,
} from "@websockets-simple/shared";
import type { ClientCertificate, UpgradeRequest } from "./handshake/upgrade-request.ts";

/** Where a connection stands. `connecting` lasts until the success string is sent. */
export type ConnectionState = "connecting" | "open" | "closing" | "closed";

/** A message that came in, as a loop over a connection tells it: as a `message` event does. */
export interface ReceivedMessage<P extends Packet = Packet> {
  readonly type: "received";
  /** The packet's `data`, the text itself when it is no packet, or the bytes. */
  readonly message: string | Uint8Array;
  /** The packet; absent as in a `message` event. */
  readonly packet?: P;
}

/** How the messages of a connection are read in a loop. */
export interface MessagesOptions {
  /** Ends the loop when aborted: it fails with `ABORTED`. */
  signal?: AbortSignal | undefined;
}

/** What stands behind a connection; the server makes one for each. */
export interface ConnectionPeer<P extends Packet> {
  readonly id: string;
  readonly request: UpgradeRequest;
  readonly startedAtMs: number;
  readonly state: ConnectionState;
  readonly isAlive: boolean;
  /** As `Connection.send`. */
  send(input: Sendable<P>): Promise<void>;
  /** As `Connection.sendRaw`. */
  sendRaw(input: string | Uint8Array): Promise<void>;
  readonly latencyMs: number | undefined;
  /** As `Connection.ping`. */
  ping(payload: string | Uint8Array | undefined): Promise<number>;
  /** As `Connection.close`. */
  close(code: number, reason: string): Promise<void>;
  /** As `Connection.terminate`. */
  terminate(): void;
  /** As `Connection.createMessageWriter`. */
  createMessageWriter(options: MessageWriterOptions | undefined): MessageWriter;
  /** As `Connection.messages`. */
  messages(options: MessagesOptions | undefined): AsyncIterableIterator<ReceivedMessage<P>, void>;
  /** As `Connection.messageStreams`. */
  messageStreams(options: MessageStreamsOptions | undefined): AsyncIterableIterator<AnyMessageStream, void>;
}

/** One client, from the accepted upgrade to the end. */
export class Connection<P extends Packet = Packet, D = undefined> {
  readonly #peer: ConnectionPeer<P>;
  /** Your own state: what `createState` returned. */
  data: D;

  /** The server makes these. */
  constructor(peer: ConnectionPeer<P>, data: D) {
    this.#peer = peer;
    this.data = data;
  }

  /** A random UUID (RFC 9562 version 4). */
  get id(): string {
    return this.#peer.id;
  }

  /** Where it stands. */
  get state(): ConnectionState {
    return this.#peer.state;
  }

  /**
   * Whether messages can be sent: open, and neither side has begun to close. It is not a heartbeat's verdict: a peer that is
   * gone without a word counts as alive until that is found out.
   */
  get isAlive(): boolean {
    return this.#peer.isAlive;
  }

  /** The client's address; IPv4 in its own form even on a dual-stack socket. Behind a proxy it is the proxy's: see `trustProxy`. */
  get remoteAddress(): string {
    return this.#peer.request.remoteAddress;
  }

  /** The client's port; 0 where a proxy of `trustProxy` does not tell it. */
  get remotePort(): number {
    return this.#peer.request.remotePort;
  }

  /** The request's path, percent-decoded, without query and without a token that it carried. */
  get path(): string {
    return this.#peer.request.path;
  }

  /** What the path says after the service path: `room/42`; empty when it says nothing. */
  get channel(): string {
    return this.#peer.request.channel;
  }

  /** The query, without a token that it carried. Every access makes a copy. */
  get query(): URLSearchParams {
    return this.#peer.request.query;
  }

  /**
   * The request's headers as the client sent them, names in lower case, repeated ones joined. Frozen, without a prototype. With
   * option `httpAuthentication` they are without `authorization`, which may tell a password.
   */
  get headers(): Readonly<Record<string, string>> {
    return this.#peer.request.headers;
  }

  /** The request's cookies by name, values as they were sent (RFC 6265 section 5.4). */
  get cookies(): ReadonlyMap<string, string> {
    return this.#peer.request.cookies;
  }

  /** The Origin header; browsers always send one. */
  get origin(): string | undefined {
    return this.#peer.request.origin;
  }

  /** The Host header, or what a proxy of `trustProxy` says that it was. */
  get host(): string {
    return this.#peer.request.host;
  }

  /** Who the client has shown to be by user name and password; undefined without option `httpAuthentication`. */
  get userName(): string | undefined {
    return this.#peer.request.userName;
  }

  /** The application subprotocol that was agreed upon. */
  get subprotocol(): string | undefined {
    return this.#peer.request.subprotocol;
  }

  /** Whether the client's side runs over TLS: to the server, or to a proxy of `trustProxy`. */
  get secure(): boolean {
    return this.#peer.request.secure;
  }

  /** The certificate of the client, or of the proxy that connected to the server, where `tls.clientCertificate` asked for one and it has one. */
  get clientCertificate(): ClientCertificate | undefined {
    return this.#peer.request.clientCertificate;
  }

  /** When it was accepted. */
  get startedAt(): Date {
    return new Date(this.#peer.startedAtMs);
  }

  /**
   * Sends a text or a packet, as a packet. Resolves when the kernel took its bytes. A rejection that nobody handles
   * does no harm: clients come and go.
   *
   * Rejects with `NOT_SENT` (closing, closed, or the queue is full), `UNKNOWN` (the connection broke on the way) or
   * `INVALID_ARGUMENT`.
   */
  send(input: Sendable<P>): Promise<void> {
    return this.#peer.send(input);
  }

  /** Sends a text or bytes as they are; bytes are copied. Settles as `send` does. */
  sendRaw(input: string | Uint8Array): Promise<void> {
    return this.#peer.sendRaw(input);
  }

  /**
   * The last measured round trip in milliseconds, by any RFC 6455 ping: your own, or those of option `heartbeat`; undefined
   * before the first answer.
   */
  get latencyMs(): number | undefined {
    return this.#peer.latencyMs;
  }

  /**
   * Sends an RFC 6455 ping, which browsers and WebSocket libraries answer by themselves. Resolves with the round trip in
   * milliseconds when the pong comes, or that of a later ping: then this one was read as well. It has no time limit of its own,
   * and ends no connection: see option `heartbeat`.
   *
   * Rejects with `NOT_SENT` (not open, or 64 pings wait already), `UNKNOWN` (the connection ended before) or
   * `INVALID_ARGUMENT`.
   *
   * @param payload a text or bytes, at most 125 bytes of UTF-8, by which the pong is known: of pings that wait at the same time
   *   each should have its own. Default: four bytes that no other ping of the connection has
   */
  ping(payload?: string | Uint8Array): Promise<number> {
    return this.#peer.ping(payload);
  }

  /**
   * Closes it. Resolves when it is over: at the latest after `closeTimeoutMs`. What the peer sent before it knew is still
   * told. Rejects with `INVALID_ARGUMENT`.
   *
   * @param code 1000 or 3000 to 4999. Default: 1000, after which our client stays away for good; 4000 lets it come back
   * @param reason at most 123 bytes of UTF-8. Default: empty
   */
  close(code = 1000, reason = ""): Promise<void> {
    return this.#peer.close(code, reason);
  }

  /**
   * Sends one message piece by piece, from a loop or a Web Stream, and never holds more of it than is on its way: see
   * `MessageWriter`. It is sent uncompressed, and no `sent` event tells of it. Whatever else is sent meanwhile waits behind it,
   * within the bounds of `sendQueue`: beyond `maxBytes` the connection is treated as one that does not read.
   *
   * @throws WebsocketsSimpleError `INVALID_STATE` with `engine: "ws"`, which cannot · `INVALID_ARGUMENT`
   */
  createMessageWriter(options?: MessageWriterOptions): MessageWriter {
    return this.#peer.createMessageWriter(options);
  }

  /**
   * The messages that come from now on, until the connection ends; each goes to the listeners of `message` as well. Fails with
   * `OVERFLOW` when more than `maxQueuedMessages` wait unread, and with `ABORTED` after `signal`.
   *
   * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
   */
  messages(options?: MessagesOptions): AsyncIterableIterator<ReceivedMessage<P>, void> {
    return this.#peer.messages(options);
  }

  /** The same as `messages()`, for `for await (const { packet, message } of connection)`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedMessage<P>, void> {
    return this.messages();
  }

  /**
   * The messages that begin from now on, each piece by piece while it comes: see `MessageStream`. Meanwhile no listener and no
   * other loop is told of messages. What is not read is not taken from the network: the sender waits. A compressed message
   * comes whole, within `maxPayload`. One loop at a time.
   *
   * @throws WebsocketsSimpleError `INVALID_STATE`: there is a loop already, or `engine: "ws"`, which cannot · `INVALID_ARGUMENT`
   */
  messageStreams(options?: MessageStreamsOptions): AsyncIterableIterator<AnyMessageStream, void> {
    return this.#peer.messageStreams(options);
  }

  /** Destroys it at once, without a close frame: the other side sees 1006. */
  terminate(): void {
    this.#peer.terminate();
  }
}

/** A connection of any server, whatever its packets and its state: for helpers that only send, close or compare. */
export type AnyConnection = Connection<Packet, unknown>;

/** A connection whose user is known. */
export class AuthConnection<T, P extends Packet = Packet, D = undefined> extends Connection<P, D> {
  /** What the user service answered. */
  readonly userId: T;

  /** The server makes these. */
  constructor(peer: ConnectionPeer<P>, data: D, userId: T) {
    super(peer, data);
    this.userId = userId;
  }
}

/** By its shape, not its class: an ES module and a CommonJS copy of this library may meet in one process. */
export function isConnection(value: unknown): boolean {
  return typeof (value as Partial<Connection> | null | undefined)?.terminate === "function";
}
