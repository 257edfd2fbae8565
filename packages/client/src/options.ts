import {
  type Codec,
  type Complete,
  checkOptions,
  DEFAULT_LIMITS,
  MAX_TIMER_MS,
  type OptionTable,
  type Packet,
  type PacketCasing,
  type StandardSchema,
  type TokenPlace,
} from "@websockets-simple/shared";
import type { HeartbeatOptions } from "./heartbeat.ts";
import type { OutboxOptions } from "./outbox.ts";
import type {
  CheckedCredentials,
  ClientTlsOptions,
  CompressionOptions,
  CredentialsOptions,
  Platform,
  ProxyOptions,
  WebSocketClass,
} from "./platform.ts";
import type { AddressOptions } from "./target.ts";

/** How a client comes back. */
export interface ReconnectOptions {
  /** The bound of the first delay in milliseconds, 1 to 2,147,483,647; it doubles with each failure. Default: 500. */
  baseDelayMs?: number | undefined;
  /** The bound of every delay in milliseconds, 1 to 2,147,483,647. Default: 30,000. */
  maxDelayMs?: number | undefined;
  /** Attempts in a row without a lasting connection, the first one included; 1 and up. Default: Infinity. */
  maxAttempts?: number | undefined;
  /** How long a connection must last before failures are forgotten, in milliseconds. Default: 5,000. */
  settleMs?: number | undefined;
}

/** The options of a client. All are checked by the constructor, which throws `INVALID_OPTION`. */
export interface ClientOptions<P extends Packet = Packet> extends AddressOptions {
  /** Application subprotocols, best first. A server that picks none of them is refused. Default: none. */
  subprotocols?: readonly string[] | undefined;
  /**
   * Where the token travels. `"path"` and `"query"` put it into a URL, and so into logs on the way.
   * Default: `"header"` in Node, `"subprotocol"` in browsers; both are understood by our server.
   */
  tokenIn?: TokenPlace | undefined;
  /** Whether and how to come back. Default: true, with the defaults of `ReconnectOptions`. */
  reconnect?: boolean | ReconnectOptions | undefined;
  /** How long one attempt may take in milliseconds, 1 to 2,147,483,647. Default: 10,000. */
  connectTimeoutMs?: number | undefined;
  /** How long the server has to answer a close frame in milliseconds, 1 to 2,147,483,647. Default: 5,000. */
  closeTimeoutMs?: number | undefined;
  /** What waits while away; false: sends reject at once while away. Default: `{}`. */
  outbox?: boolean | OutboxOptions | undefined;
  /**
   * Whether to look for dead connections. Default: true in Node (RFC 6455 pings), false in browsers, which have none:
   * there it sends the text `ping`, which our server answers and other servers take for a message.
   */
  heartbeat?: boolean | HeartbeatOptions | undefined;
  /** What a packet must look like (Standard Schema: zod, valibot, arktype, …). Default: any packet. */
  packet?: StandardSchema<P> | undefined;
  /** The spelling of field names on the wire; `"pascal"` is .NET's. Default: `"camel"`. */
  packetCasing?: PacketCasing | undefined;
  /**
   * The form of packets on the wire; the server must have the same: `msgpack()` of `@websockets-simple/client/msgpack`, or a codec
   * of your own. Default: JSON.
   */
  codec?: Codec | undefined;
  /** The largest message taken in, in bytes, 1 to 2,147,483,647 (Node). Default: 1,048,576. */
  maxPayload?: number | undefined;
  /** Whether small frames leave at once (TCP_NODELAY), or wait a little for more (Nagle's algorithm; Node). Default: true. */
  noDelay?: boolean | undefined;
  /**
   * How many bytes Node reads ahead of a socket that is paused, before it stops, in bytes, 1,024 to 16,777,216: its
   * `highWaterMark` (Node). Default: Node's, 16,384 or 65,536 by its version.
   */
  socketBufferBytes?: number | undefined;
  /** While so many bytes wait inside the socket, further sends reject with NOT_SENT. Default: 16,777,216. */
  maxBufferedBytes?: number | undefined;
  /** The most messages that an async iterator keeps unread, 1 and up. Default: 1,000. */
  maxQueuedMessages?: number | undefined;
  /** Whom to trust, and who the client is (Node). Default: the system's authorities, and nobody. */
  tls?: ClientTlsOptions | undefined;
  /** Further headers of the upgrade request (Node). Names and values are ASCII; `Cookie` and `Origin` are options of their own. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** The Origin header (Node): `https://example.com`, or `null`. A browser sends its own. Default: none is sent. */
  origin?: string | undefined;
  /** Cookies by name (Node), sent as they are: encode what RFC 6265 section 4.1.1 does not allow. Default: none. */
  cookies?: Readonly<Record<string, string>> | undefined;
  /**
   * Who the client is, by HTTP Basic or Digest (Node). They go to the origin of `url` alone, also where redirects are followed.
   * A page's user is not asked by a WebSocket. Default: nobody.
   */
  credentials?: CredentialsOptions | undefined;
  /**
   * The HTTP proxy to go through (Node): its URL, such as `http://user:password@proxy:3128`; `"environment"` for what
   * HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say at each attempt; or `ProxyOptions`. Default: none.
   */
  proxy?: string | ProxyOptions | undefined;
  /**
   * How many redirects of the upgrade request are followed (Node), 0 to 20. Another origin gets no headers, cookies and
   * token; from TLS to none is refused. Default: 0, a redirect is a refusal.
   */
  followRedirects?: number | undefined;
  /** Compresses messages (permessage-deflate, RFC 7692) where the server agrees (Node). A browser decides by itself. Default: false. */
  compression?: boolean | CompressionOptions | undefined;
  /** Whether messages can be written and read piece by piece: `createMessageWriter`, `messageStreams` (Node). Default: false. */
  streams?: boolean | undefined;
  /** The wire. `"session"` is not available yet. Default: `"classic"`. */
  wire?: "classic" | undefined;
  /** Another WebSocket class (React Native, tests). Default: the platform's. */
  webSocket?: WebSocketClass | undefined;
}

/** Every option with its value. */
export type CheckedOptions<P extends Packet> = Omit<
  ClientOptions<P>,
  "reconnect" | "outbox" | "heartbeat" | "compression" | "credentials"
> & {
  readonly credentials?: CheckedCredentials | false;
  readonly compression?: Complete<CompressionOptions> | false;
  readonly subprotocols: readonly string[];
  readonly tokenIn: TokenPlace;
  readonly reconnect: Complete<ReconnectOptions> | false;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly outbox: Complete<OutboxOptions> | false;
  readonly heartbeat: Complete<HeartbeatOptions> | false;
  readonly packetCasing: PacketCasing;
  readonly maxPayload: number;
  readonly maxBufferedBytes: number;
  readonly maxQueuedMessages: number;
};

/** A time that a timer can hold. */
const ms = (byDefault: number, min = 1) => [[min, MAX_TIMER_MS], byDefault] as const;
/** How many there may be of something. */
const count = (byDefault: number, max = Number.MAX_SAFE_INTEGER) => [[1, max], byDefault] as const;

const RECONNECT: OptionTable = {
  baseDelayMs: ms(500),
  maxDelayMs: ms(30_000),
  maxAttempts: count(Infinity, Infinity),
  settleMs: ms(5_000),
};
const OUTBOX: OptionTable = { maxMessages: count(1_000, 1_000_000), maxBytes: count(1_048_576), maxAgeMs: ms(120_000) };
const HEARTBEAT: OptionTable = { intervalMs: ms(25_000, 100), timeoutMs: ms(6_000, 100) };

const OPTIONS: OptionTable = {
  url: ["string"],
  host: ["string"],
  port: [[1, 65_535]],
  secure: ["boolean"],
  path: ["string"],
  query: [
    (value) =>
      value && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every((text) => typeof text === "string")
        ? undefined
        : "an object of strings",
  ],
  // RFC 6455 section 4.1: subprotocol names are tokens of RFC 9110, each offered once. Ours would be taken for the wire's.
  subprotocols: [
    (value) =>
      Array.isArray(value) &&
      new Set(value).size === value.length &&
      value.every((name) => /^(?!websockets-simple\.)[!#$%&'*+\-.^`|~\w]+$/.test(name))
        ? undefined
        : "a list of different names without spaces, commas and quotes, none of websockets-simple.*",
    [],
  ],
  reconnect: [RECONNECT, true],
  connectTimeoutMs: ms(10_000),
  closeTimeoutMs: ms(DEFAULT_LIMITS.closeTimeoutMs),
  outbox: [OUTBOX, true],
  packet: [(value) => ((value as StandardSchema | null)?.["~standard"] ? undefined : "a Standard Schema (of zod, say)")],
  packetCasing: [["camel", "pascal"], "camel"],
  codec: [(value) => ((value as Codec | null)?.decode ? undefined : "a codec { name, encode, decode }")],
  maxBufferedBytes: count(16_777_216),
  maxQueuedMessages: count(1_000),
  wire: [["classic"]],
  webSocket: ["function"],
};

/**
 * Checks the options once and fills in the defaults.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
 */
export function checkClientOptions<P extends Packet>(given: ClientOptions<P>, platform: Platform): CheckedOptions<P> {
  const { heartbeat, options } = platform;
  const places = Object.keys(platform.tokenIn);
  return checkOptions(given, { ...OPTIONS, ...options, tokenIn: [places, places[0]], heartbeat: [HEARTBEAT, heartbeat] });
}
