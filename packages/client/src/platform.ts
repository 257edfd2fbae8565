import type { Complete, DigestAlgorithm, OptionTable, TokenPlace, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { KnownChallenge } from "./challenge.node.ts";
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
  /** The client's own certificate and key in one: a PKCS #12 file's bytes. */
  pfx?: Uint8Array | undefined;
  /** What `pfx`, or `key`, is encrypted with. */
  passphrase?: string | undefined;
  /** The client's own private key, PEM. */
  key?: string | Uint8Array | undefined;
  /** The client's own certificate, PEM, followed by those between it and the root. */
  cert?: string | Uint8Array | undefined;
  /** The lowest version spoken. Default: `"TLSv1.2"`. */
  minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** The highest version spoken. Default: `"TLSv1.3"`. */
  maxVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /**
   * Judges a certificate that is trusted, in place of the check that it bears the host's name: undefined takes it, an
   * Error refuses it for good. For instance, compare `certificate.fingerprint256` with the one you know.
   */
  checkServerIdentity?: ((host: string, certificate: ServerCertificate) => Error | undefined) | undefined;
}

/** A server's certificate, as Node reads it. */
export interface ServerCertificate {
  /** Who it is for, by the names of X.509: `CN` is the common name. */
  readonly subject: Readonly<Record<string, string | string[] | undefined>>;
  /** The names it is for: `DNS:localhost, IP Address:127.0.0.1`. */
  readonly subjectaltname?: string;
  /** Who signed it. */
  readonly issuer: Readonly<Record<string, string | string[] | undefined>>;
  /** Its SHA-256 in hexadecimal, with colons. */
  readonly fingerprint256: string;
  readonly valid_from: string;
  readonly valid_to: string;
  /** In DER. */
  readonly raw: Uint8Array;
}

/** How messages are compressed. */
export interface CompressionOptions {
  /** Smaller messages are sent as they are, in bytes, 0 to 1,073,741,824. Default: 1,024. */
  threshold?: number | undefined;
  /** zlib's, 1 (fast) to 9 (small). Default: 6. */
  level?: number | undefined;
  /** Whether messages refer to those before them: smaller, but up to 32 KiB of memory a direction. Default: false. */
  contextTakeover?: boolean | undefined;
  /** The base-2 logarithm of how many bytes back a message may refer, 9 to 15. Default: 15. */
  windowBits?: number | undefined;
}

/** How a Node client shows who it is by user name and password (RFC 7617, RFC 7616). */
export interface CredentialsOptions {
  /** Not empty, without colons. */
  username: string;
  /** Sent by Basic alone; Digest proves that the client knows it. */
  password: string;
  /**
   * Whether Basic is sent before it is asked for, which saves a round trip. Digest is sent so in any case once the server has
   * asked for it, as long as its nonce lasts. Default: false.
   */
  preemptive?: boolean | undefined;
  /** What may be answered; of several challenges the strongest is. Default: `["basic", "digest"]`. */
  scheme?: readonly ("basic" | "digest")[] | undefined;
  /** The algorithms of Digest that may be used. Name MD5 only for servers that know nothing else. Default: `["SHA-256"]`. */
  algorithms?: readonly DigestAlgorithm[] | undefined;
  /** Whether Basic may go without TLS to elsewhere than this machine: anybody on the way reads the password. Default: false. */
  basicWithoutTls?: boolean | undefined;
}

/** The same, every option with its value; of one client alone. */
export interface CheckedCredentials extends Complete<CredentialsOptions> {
  /** What its last attempt was asked for. */
  known?: KnownChallenge;
}

/** How a Node client goes through an HTTP proxy, by CONNECT (RFC 9110 section 9.3.6). */
export interface ProxyOptions {
  /** `http:` or `https:`, host and port; a user name and a password may stand in front of the host, percent-encoded. */
  url: string;
  /**
   * Who the client is, to the proxy alone: as option `credentials`, but with `basicWithoutTls: true` by default, since proxies
   * without TLS are the rule.
   */
  credentials?: CredentialsOptions | undefined;
  /** How TLS to an `https:` proxy is done. TLS to the server is option `tls` of the client. */
  tls?: ClientTlsOptions | undefined;
  /** How long the proxy has for each attempt to reach the server, in milliseconds, 1 to 2,147,483,647. Default: 8,000. */
  timeoutMs?: number | undefined;
}

/** What a socket needs beside its target. */
export interface SocketOptions {
  readonly webSocket?: WebSocketClass | undefined;
  readonly tls?: ClientTlsOptions | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly origin?: string | undefined;
  readonly cookies?: Readonly<Record<string, string>> | undefined;
  readonly followRedirects?: number | undefined;
  readonly credentials?: CheckedCredentials | false | undefined;
  readonly proxy?: string | ProxyOptions | undefined;
  readonly compression?: Complete<CompressionOptions> | false | undefined;
  readonly streams?: boolean | undefined;
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
