import type { Ending } from "./connection-state.ts";
import type { Target } from "./target.ts";

/** One WebSocket, from the attempt to open it to its end. Its user is deaf to what it tells after `drop`. */
export interface Transport {
  /** What the server chose; empty when nothing. */
  readonly subprotocol: string;
  /** Whether messages can be sent: neither side has begun to close. */
  readonly isOpen: boolean;
  /** Bytes given to `send` that the network has not taken yet. */
  readonly bufferedAmount: number;
  /**
   * A number that has grown since the last call when bytes arrived, of unfinished messages too, or when the network took
   * bytes that had to wait; as far as the platform tells.
   */
  readonly progress: () => number;
  /**
   * Sends one message: a string as text, bytes as binary. MUST NOT throw.
   *
   * @param done called once: without error when the bytes are handed to the socket and it does not hold too many, else with
   * NOT_SENT or UNKNOWN
   */
  send(message: string | Uint8Array, done: (error?: Error) => void): void;
  /** Starts the close handshake. */
  close(ending: Ending): void;
  /** Ends it at once; nothing more is told. */
  drop(): void;
  /** Sends an RFC 6455 ping if it is open; absent where the platform has none (browsers). */
  readonly ping?: (() => unknown) | undefined;
}

/** What a transport tells. Whoever is told `closed` calls `drop`. */
export interface TransportListener {
  opened(): void;
  message(message: string | Uint8Array): void;
  pong(): void;
  /** @param retryInMs the server's wish (Retry-After), in milliseconds */
  closed(ending: Ending, retryInMs?: number): void;
}

/** Opens a WebSocket. It may throw what makes opening impossible; all else is told by `closed`, later. */
export type OpenTransport = (target: Target, listener: TransportListener) => Transport;
