import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

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
 * - MUST answer pings (RFC 6455 section 5.5.3) by itself, and MUST bound the pongs that wait for a peer who does not read.
 */
export interface Engine {
  /** A short name for logs and `server.stats()`. */
  readonly name: string;
  /** Makes an acceptor, which takes upgrade requests in. */
  createAcceptor(options: AcceptorOptions): Acceptor;
}

/** Bounds that hold for every connection of an acceptor. */
export interface AcceptorOptions {
  /** The largest message in bytes, 1 to 2,147,483,647; a larger one is answered with close code 1009 before it is buffered. */
  readonly maxPayload: number;
  /** How long the peer has to answer a close frame, in milliseconds; then the connection is destroyed. */
  readonly closeTimeoutMs: number;
  /** The largest number of fragments of one message; more are answered with close code 1008. */
  readonly maxFragments: number;
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
    request: IncomingMessage,
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
}

/** A text message as its bytes of UTF-8, so that one encoding serves many receivers. They MUST be valid UTF-8. */
export interface TextBytes {
  readonly utf8: Uint8Array;
}

/** A message on its way out: a text, a text as its bytes, or a binary message. */
export type OutgoingMessage = string | TextBytes | Uint8Array;

/** One open WebSocket connection, as the server sees it. */
export interface EngineSocket {
  /** False from the moment that no message can be sent any more: closing on either side, or gone. */
  readonly isOpen: boolean;
  /** Bytes that were sent but not yet handed to the kernel. */
  readonly bufferedBytes: number;
  /**
   * A count of the bytes that the kernel took so far, with whatever frames and encryption add. While the connection is
   * open it MUST grow when the kernel takes any, in the middle of a message too where the platform tells of that (not on
   * Windows), and MUST NOT change otherwise: by it a peer who reads slowly is told from one who does not read.
   */
  readonly takenBytes: number;
  /** A count of the bytes that were read so far, with whatever frames add. */
  readonly receivedBytes: number;
  /**
   * Sends one message. MUST NOT throw: a send on a connection that is closing or gone ends in `done` with an error.
   * The bytes MUST stay as they are until `done` is called.
   *
   * @param done called once: without error when the kernel took all bytes, else with the reason it did not
   */
  send(message: OutgoingMessage, done?: (error?: Error) => void): void;
  /** Starts the close handshake; later sends fail. Repeated calls do nothing. `code` and `reason` MUST be valid (section 7.4). */
  close(code: number, reason: string): void;
  /** Destroys the connection at once. */
  terminate(): void;
  /** Stops reading: messages that were already read MAY still be delivered. */
  pause(): void;
  /** Goes on reading. */
  resume(): void;
  /** Raises or lowers the bound for the frames that begin from now on, in bytes; until then it is the acceptor's. */
  setMaxPayload(bytes: number): void;
}

/** What an engine tells of one connection. */
export interface SocketListener {
  /** A whole message: text or bytes. */
  message(message: string | Uint8Array): void;
  /** The peer broke the RFC or a bound (`"protocol"`), or the network failed; `closed` follows. */
  failed(error: Error, kind: "protocol" | "network"): void;
  /**
   * The connection is over. `code` is what the peer's close frame said: 1005 when it bore none, 1006 when there was no
   * close frame; when this side refused what the peer sent, it is the code this side closed with.
   */
  closed(code: number, reason: string): void;
}
