import type { OptionTable, TokenPlace, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { ClientPingEvent } from "./events.ts";
import type { PlaceToken, Target } from "./target.ts";

/** What a platform notices that a connection should know. */
export type PlatformSignal = "woken" | "offline" | "suspended" | "restored";

/** TLS settings of a Node client. A browser decides on trust by itself and takes none. */
export interface ClientTlsOptions {
  /** The certificates of your own authority, PEM. Default: the system's authorities. */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** The name that the certificate must bear. Default: the URL's host. */
  servername?: string | undefined;
  /** false accepts any certificate: for tests on your own machine only. Default: true. */
  rejectUnauthorized?: boolean | undefined;
}

/** What a socket needs beside its target. */
export interface SocketOptions {
  readonly tls?: ClientTlsOptions | undefined;
  readonly maxPayload: number;
  readonly closeTimeoutMs: number;
  readonly noDelay?: boolean | undefined;
  readonly socketBufferBytes?: number | undefined;
}

/** The parts of a WHATWG WebSocket that are used. Types that differ from library to library are left open (`never`). */
export interface SocketLike {
  /** Set to `"arraybuffer"`. */
  binaryType: string;
  /** 1 while open. */
  readonly readyState: number;
  /** The subprotocol that the server chose; empty without one. */
  readonly protocol: string;
  /** Bytes given to `send` that the network has not taken yet. */
  readonly bufferedAmount: number;
  /** Called when it is open. */
  onopen: ((event: never) => void) | null;
  /** Called with `{ data }`: a string, or an ArrayBuffer. */
  onmessage: ((event: never) => void) | null;
  /** Called with `{ code, reason }` when it is over. */
  onclose: ((event: never) => void) | null;
  /** Called before `onclose` when something went wrong. */
  onerror: ((event: never) => void) | null;
  /** Sends a string or a Uint8Array. */
  send(message: never): void;
  /** Starts the close handshake. */
  close(code?: number, reason?: string): void;
}

/** A WebSocket class, such as the browser's, `ws`, or React Native's. */
export type WebSocketClass = new (url: string, protocols?: string | string[], options?: never) => SocketLike;

/** Who is told of RFC 6455 pings and pongs: the client. */
export interface PingListener {
  listenerCount(event: "ping" | "pong"): number;
  emit(event: "ping" | "pong", told: ClientPingEvent): unknown;
}

/** Why a socket did not open, as far as the platform knows. */
export interface Refusal {
  readonly error: WebsocketsSimpleError;
  readonly retryInMs?: number | undefined;
}

/** All that differs between browsers and Node. */
export interface Platform {
  /** Where a token can travel, and how it gets there; the first is the default. */
  readonly tokenIn: Readonly<Partial<Record<TokenPlace, PlaceToken>>>;
  /** Whether a client sends pings unless told otherwise. */
  readonly heartbeat: boolean;
  /** The options that work on this platform only. */
  readonly options: OptionTable;
  /** The page's URL, where there is one. */
  readonly page: string | undefined;
  /**
   * Makes the socket. It may throw what the WebSocket class throws.
   *
   * @param refused told why the socket did not open, or broke, before its close event
   * @param pong told of every RFC 6455 pong, with the round trip in milliseconds where it answers a ping
   * @param pings told of what RFC 6455 pings and pongs bear
   */
  createSocket(
    implementation: WebSocketClass,
    target: Target,
    options: SocketOptions,
    refused: (refusal: Refusal) => void,
    pong: (latencyMs?: number) => void,
    pings: PingListener,
  ): PlatformSocket;
  /** As `WebsocketClient.ping`, of the current socket, if there is one. */
  ping(socket: PlatformSocket | undefined, payload: string | Uint8Array | undefined): Promise<number>;
  /** Calls the listener on each signal until the returned function is called. */
  watch(listener: (signal: PlatformSignal) => void): () => void;
}

/** A socket with what the WHATWG interface leaves to the platform. Its class may throw where it should not. */
export interface PlatformSocket {
  readonly socket: SocketLike;
  /**
   * Sends one message on an open socket: a string as text, bytes as binary.
   *
   * @param done called once: without error when the bytes are handed to the socket and it does not hold too many
   */
  send(message: string | Uint8Array, done: (error?: Error) => void): void;
  /** Ends it at once. */
  drop(): void;
  /**
   * A number that has grown since the last call when bytes arrived, of unfinished messages too, or when the network took
   * bytes that had to wait; as far as the platform tells.
   */
  readonly progress: () => number;
  /** Sends an RFC 6455 ping of the heartbeat's if it is open; absent where the platform has none (browsers). */
  readonly ping?: (() => unknown) | undefined;
  /** Sends one of the application's; absent likewise. */
  readonly roundTrip?: ((payload: string | Uint8Array | undefined) => Promise<number>) | undefined;
}
