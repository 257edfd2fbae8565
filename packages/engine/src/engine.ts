import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { CompressionOptions } from "./compression/options.ts";
import type { Unfinished } from "./frames/unfinished.ts";
import type { UpgradeHead } from "./upgrade-check.ts";

export type { CompressionOptions, Unfinished };

/**
 * An engine turns the bytes of an upgraded connection into WebSocket messages and back (RFC 6455). It owns what the
 * RFC negotiates; who may connect, and what messages mean, is the server's business.
 *
 * Whoever implements this runs `engineSuite` (testkit) on it. An engine:
 * - MUST keep the order of messages, both ways, and MUST NOT split or merge them.
 * - MUST NOT let anything the peer sends throw into its caller.
 * - MUST NOT retain much more than `maxPayload` bytes of what a peer sent, in however small pieces and among whatever frames
 *   they came, neither while it closes nor in pongs that wait.
 * - MUST call `closed` exactly once for each connection that it reported `opened`, and nothing after it.
 * - MUST NOT touch bytes that it has handed over: they belong to the receiver for ever.
 * - MUST answer pings (RFC 6455 section 5.5.3) by itself, whoever is told of them, and MUST bound the pongs that wait for a peer who does not read.
 * - MUST NOT call a listener from within `send`, `flush`, `close`, `terminate`, `pause` or `resume`.
 */
export interface Engine {
  /** A short name for logs and `server.stats()`. */
  readonly name: string;
  /** Makes an acceptor, which takes upgrade requests in. */
  createAcceptor(options: AcceptorOptions): Acceptor;
  /**
   * Opens a connection as client (RFC 6455 section 4.1): sends the upgrade request over a stream that is connected, and judges
   * the answer. It MUST call one of the listener's methods, once and later. Wherever it does not come to `opened`, the
   * stream is destroyed.
   */
  connect(stream: Duplex, options: ConnectOptions, listener: ConnectListener): void;
  /** Encodes a message once for any number of receivers and sends. Its bytes are copied. */
  prepare(message: string | Uint8Array): PreparedMessage;
}

/** How to connect, and the bounds of the connection. */
export interface ConnectOptions extends AcceptorOptions {
  /** The Host header. */
  readonly host: string;
  /** The request target: path and query. */
  readonly target: string;
  /** Further headers: none that the handshake needs. */
  readonly headers: Readonly<Record<string, string>>;
  /** What is offered, in order of preference. */
  readonly subprotocols: readonly string[];
  /** How long the answer may take, in milliseconds. */
  readonly handshakeTimeoutMs: number;
}

/** What comes of an attempt to connect. */
export interface ConnectListener {
  /** It is open; `response` is the 101. Its listener MUST be told nothing before this returns. */
  opened(socket: EngineSocket, response: IncomingMessage): SocketListener;
  /** The server answered otherwise. Its body may be read; whoever is done with it destroys it. */
  refused(response: IncomingMessage): void;
  /** The answer broke a rule of the RFC, did not come in time, or the network failed. */
  failed(error: Error): void;
}

/** Bounds that hold for every connection of an acceptor. */
export interface AcceptorOptions {
  /** The largest message in bytes, 1 to 2,147,483,647; a larger one is answered with close code 1009 before it is buffered. */
  readonly maxPayload: number;
  /** How long the peer has to answer a close frame, in milliseconds; then the connection is destroyed. */
  readonly closeTimeoutMs: number;
  /** The largest number of fragments of one message; more are answered with close code 1008. */
  readonly maxFragments: number;
  /** permessage-deflate (RFC 7692), with peers that agree; undefined: with none. */
  readonly compression?: CompressionOptions | undefined;
}

/** Takes upgrade requests and answers them with 101. */
export interface Acceptor {
  /**
   * Answers an upgrade request that `checkUpgrade` found to be well-formed. The acceptor:
   * - MUST treat bytes in `head` as the first of the connection.
   * - MUST call `opened` synchronously, after the 101 is written and before any message is delivered; if the stream is
   *   already gone it MUST return without calling it.
   */
  accept(
    request: UpgradeHead,
    stream: Duplex,
    head: Buffer,
    answer: Acceptance,
    opened: (socket: EngineSocket) => SocketListener,
  ): void;
}

/** What stands in the 101 besides what the RFC prescribes. */
export interface Acceptance {
  /** One of those that the client offered. */
  readonly subprotocol?: string | undefined;
  /**
   * Further headers. Each pair MUST become one line of its own, in this order, and in no other answer. Whoever gives them has
   * checked them: names are tokens, values visible ASCII and blanks, and none is one that the handshake needs.
   */
  readonly headers?: HeaderLines | undefined;
}

/** Headers as names and values; a name may stand there more than once. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** A message that an engine has encoded, for sockets of that same engine. */
export interface PreparedMessage {
  /** Its payload in bytes. */
  readonly bytes: number;
}

/** A message on its way out: a text, binary bytes, or either prepared. */
export type OutgoingMessage = string | Uint8Array | PreparedMessage;

/** One open WebSocket connection. */
export interface EngineSocket {
  /** False from the moment that no message can be sent any more: closing on either side, or gone. */
  readonly isOpen: boolean;
  /** Bytes that were sent but not yet handed to the kernel, with whatever frames add. */
  readonly bufferedBytes: number;
  /**
   * A count of the bytes that the kernel took so far, with whatever frames add. While the connection is open it MUST grow
   * when the kernel takes 64 KiB more or the rest of what waits, in the middle of a message too, and MUST NOT change
   * otherwise: by it a peer who reads slowly is told from one who does not read.
   */
  readonly takenBytes: number;
  /** A count of the bytes that were read so far, with whatever frames add. */
  readonly receivedBytes: number;
  /** Whether it reads what comes: not while it is paused, nor while another thread works on what came before. */
  readonly isReading: boolean;
  /**
   * What has begun to come and is not complete. Undefined where there is nothing, and of a message that a listener takes piece
   * by piece: of that nothing is kept. To ask MUST cost next to nothing: all connections are, again and again.
   */
  readonly unfinished: Unfinished | undefined;
  /**
   * Sends one message, at the latest when the turn of the event loop ends. What becomes of it the listener is told:
   * `taken`, or `closed` without it.
   *
   * A text MUST have no lone surrogates. Bytes are copied before it returns.
   *
   * @returns whether it was accepted: false on a connection that is closing or gone
   */
  send(message: OutgoingMessage): boolean;
  /**
   * Hands what was sent to the kernel now, not only when the turn ends.
   *
   * @returns whether the kernel has taken all that it was given; if not, the peer reads more slowly than is sent
   */
  flush(): boolean;
  /**
   * Begins a message that is sent piece by piece; other messages wait until it has ended. Absent on an engine that cannot.
   *
   * @returns undefined on a connection that is closing or gone
   */
  beginMessage?(isText: boolean): OutgoingPieces | undefined;
  /**
   * Sends a ping (RFC 6455 section 5.5.2); does nothing on a connection that is closing or gone. Between the pieces of a message
   * it MAY overtake what waits for the end of that.
   *
   * @param payload 125 bytes at most, which MUST be copied. Default: none
   */
  sendPing(payload?: Uint8Array): void;
  /** Starts the close handshake; later sends fail. Repeated calls do nothing. `code` and `reason` MUST be valid (section 7.4). */
  close(code: number, reason: string): void;
  /** Destroys the connection at once; what was sent before leaves if the kernel takes it at once. */
  terminate(): void;
  /** Stops reading: messages that were already read MAY still be delivered. */
  pause(): void;
  /** Goes on reading. */
  resume(): void;
  /**
   * From now on `begins` is asked of each message, or no longer. From the start it is, where the listener has it. Absent where
   * `beginMessage` is.
   */
  askForPieces?(asks: boolean): void;
  /** Raises or lowers the bound for the frames that begin from now on, in bytes; until then it is the acceptor's. */
  setMaxPayload(bytes: number): void;
}

/** A message on its way out, piece by piece; it leaves as fragments, uncompressed. */
export interface OutgoingPieces {
  /**
   * Sends a piece; its bytes are copied. Of a text, all pieces together MUST be UTF-8. `whenRoom`, or `blocked` and
   * `drained`, say when to wait and to go on.
   *
   * @returns whether it was accepted: false when the connection is closing or gone
   */
  write(bytes: Uint8Array): boolean;
  /**
   * Calls back, once and later, when the message's turn has come and the kernel has taken what waits: whoever writes no more
   * than a little in between holds no more than that. Never once the connection is gone.
   */
  whenRoom(go: () => void): void;
  /** Ends the message, which counts as one in `taken`. Without it nothing else is ever sent, but for a close frame. */
  end(): void;
}

/** A message on its way in, piece by piece. */
export interface IncomingPieces {
  /** How large it may become, in bytes: beyond it the connection is closed with 1009. */
  readonly maxBytes: number;
  /** Some bytes of it, never none: they belong to the receiver for ever. Text is UTF-8 that may be cut within a character. */
  piece(bytes: Uint8Array): void;
  /** It is complete. */
  end(): void;
  /** It will not be: the connection ends. */
  cut(): void;
}

/** What an engine tells of one connection. */
export interface SocketListener {
  /**
   * A message begins. Who returns something is told of it piece by piece, paused and resumed like all else; undefined: it is
   * told whole. A compressed message is not asked for: it is always told whole. Only engines that have `beginMessage` ask.
   */
  begins?: ((isText: boolean) => IncomingPieces | undefined) | undefined;
  /** A whole message: text or bytes. `size` is its payload in bytes. */
  message(message: string | Uint8Array, size: number): void;
  /**
   * A ping came, and is answered already where it can be; between a message's fragments too. Unlike a message's, its payload
   * is to be used during the call: whoever keeps it MUST copy it.
   */
  pinged?(payload: Uint8Array): void;
  /** A pong came, asked for or not; its payload likewise. */
  ponged?(payload: Uint8Array): void;
  /**
   * The kernel took so many more of the messages that `send` accepted, in order, and so many bytes of payload with them.
   * A message of which this is not told before `closed` may or may not have left.
   */
  taken(messages: number, bytes: number): void;
  /** The kernel does not take what was sent: it waits, and is counted in `bufferedBytes`. */
  blocked(): void;
  /** Nothing waits any more. */
  drained(): void;
  /** The peer broke the RFC or a bound (`"protocol"`), or the network failed; `closed` follows. */
  failed(error: Error, kind: "protocol" | "network"): void;
  /**
   * The connection is over. `code` is what the peer's close frame said: 1005 when it bore none, 1006 when there was no
   * close frame; when this side refused what the peer sent, it is the code this side closed with.
   */
  closed(code: number, reason: string): void;
}
