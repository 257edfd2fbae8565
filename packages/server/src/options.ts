import type { Codec, Packet, PacketCasing, StandardSchema, TokenPlace } from "@websockets-simple/shared";
import type { GuessLimitOptions } from "./addresses/guesses.ts";
import type { AuthConnection, Connection } from "./connection.ts";
import type { ConnectionManager } from "./connection-manager.ts";
import type { WebsocketHandler } from "./handler.ts";
import type { UpgradeRequest } from "./handshake/upgrade-request.ts";
import type { UserServiceLimits } from "./handshake/user-service.ts";
import type { VerifyHook } from "./handshake/verify-request.ts";
import type { HttpAuthenticationOptions } from "./http-authentication/options.ts";
import type { EndpointOptions } from "./listen/http-listener.ts";
import type { RequestListener } from "./listen/plain-requests.ts";
import type { ServerTlsOptions } from "./listen/tls.ts";
import type { Logger } from "./logger.ts";
import type { RateLimitOptions } from "./rate-limit.ts";
import type { SendQueueOptions } from "./send-queue.ts";

/** Options of which each may be undefined as well, which counts as left out: `{ passphrase: process.env.PASSPHRASE }`. */
export type OrUndefined<O> = { [Name in keyof O]: O[Name] | undefined };

/** Whom a broadcast is meant for. */
export interface BroadcastOptions<C = Connection> {
  /** Who is left out: one connection, the sender mostly. Default: nobody. */
  except?: C | undefined;
  /** Only connections with this `channel`. Default: all. */
  channel?: string | undefined;
  /** Not an option: with it a connection itself, which has a `channel` too, is no options for the compiler either. */
  terminate?: undefined;
}

/** Bounds of what comes before a connection is open. */
export interface ServerLimits {
  /**
   * How long the request's head may take, and a TLS handshake, `verifyRequest` and `createState`, each of them, in milliseconds,
   * 1 to 2,147,483,647. Default: 10,000.
   */
  headersTimeoutMs?: number | undefined;
  /** How often slow requests are looked for, in milliseconds, 10 to 60,000. Default: 2,000. */
  checkIntervalMs?: number | undefined;
  /** Bytes of request line and headers together, 512 to 1,048,576; more is HTTP 431. Default: 16,384. */
  maxHeaderBytes?: number | undefined;
  /** Number of headers, 8 to 10,000; more is HTTP 431. Default: 64. */
  maxHeaders?: number | undefined;
  /** Bytes of the URL, 16 to 65,536; more is HTTP 414. Default: 8,192. */
  maxUrlBytes?: number | undefined;
  /**
   * Upgrade requests and tokens being judged, `verifyRequest` and `createState` running, also for clients who have left, at the
   * same time, 1 to 1,000,000; more is HTTP 503. Default: 1,000.
   */
  maxPendingHandshakes?: number | undefined;
  /**
   * How late the event loop may be, twice in a row, before nobody is taken in, in milliseconds, 10 to Infinity: meanwhile upgrade
   * requests are HTTP 503, and those who are there are served. Default: 1,000.
   */
  maxEventLoopDelayMs?: number | undefined;
  /** TCP connections, 1 to Infinity; more is HTTP 503. Default: what the process's limit of open files allows, less a reserve. */
  maxConnections?: number | undefined;
  /**
   * Open and opening connections of one address, of IPv6 one /64, 1 to Infinity; more is HTTP 429, and far more is closed
   * without a word. Behind a proxy, all users have its address unless you set `trustProxy`. Default: 1,000 for public
   * addresses, which is many even for an office behind one, and Infinity for those of this machine and of private networks,
   * since a proxy has one mostly. A number holds for all addresses.
   */
  maxConnectionsPerAddress?: number | undefined;
  /** Upgrade requests of one address, counted likewise, a second in the long run, 1 to Infinity; more is HTTP 429. Default: Infinity. */
  maxUpgradesPerSecondPerAddress?: number | undefined;
  /** How many of them may come at once, 1 to Infinity. Default: as many as ten seconds allow. */
  upgradeBurstPerAddress?: number | undefined;
}

/** When silent peers are asked whether they are there. */
export interface HeartbeatOptions {
  /**
   * How long a peer may be silent, in milliseconds, 100 to 2,147,483,647: it gets a ping up to a quarter of that sooner, so that
   * many are not asked at the same moment. Default: 25,000.
   */
  intervalMs?: number | undefined;
  /** How long it then has for a sign of life, in milliseconds, 100 to 2,147,483,647. Default: 6,000. */
  timeoutMs?: number | undefined;
  /**
   * Who is sent pings. `"bandwidth"`: only who is silent. `"latency"`: everybody each `intervalMs`, whatever flows, so that
   * `connection.latencyMs` stays fresh; who is lost is found as before, and a peer that has not answered yet gets no other.
   * `"manual"`: nobody, and nobody is looked for, as with `heartbeat: false`; `connection.ping()` works in each of them.
   * Default: `"bandwidth"`.
   */
  mode?: "bandwidth" | "latency" | "manual" | undefined;
}

/** How messages are compressed. */
export interface CompressionOptions {
  /** Smaller messages are sent as they are, in bytes, 0 to 1,073,741,824. Default: 1,024. */
  threshold?: number | undefined;
  /** zlib's, 1 (fast) to 9 (small). Default: 6. */
  level?: number | undefined;
  /**
   * Whether messages refer to those before them: smaller, but up to 32 KiB of memory a connection and direction, and what
   * goes to many is compressed for each. Default: false.
   */
  contextTakeover?: boolean | undefined;
  /** The base-2 logarithm of how many bytes back a message may refer, 9 to 15. Default: 15. */
  windowBits?: number | undefined;
}

/** The options of a server. All are checked by the constructor, which throws `INVALID_OPTION`. */
export interface ServerOptions<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> {
  /** The port, 0 to 65,535; 0: any free one, which `start()` tells, another one at each start. Default: 0. */
  port?: number | undefined;
  /** The address or name to listen on. Default: all interfaces, IPv6 and IPv4. */
  host?: string | undefined;
  /**
   * How many connections may wait in the kernel to be taken in, 1 to 65,535; the kernel has a bound of its own
   * (`net.core.somaxconn`). Default: 511.
   */
  backlog?: number | undefined;
  /** Several places to listen at, instead of `port`, `host` and `backlog`. TLS and limits hold for all; `maxConnections` for their sum. */
  endpoints?: readonly OrUndefined<EndpointOptions>[] | undefined;
  /**
   * Answers plain HTTP requests on the server's own port, as a listener of `request` of Node's HTTP server does; an Express app is
   * one. Of the options for WebSockets only `limits` hold for them. Where it throws, or returns a promise that rejects, the
   * client gets HTTP 500 and `error` tells of it. Default: plain requests are HTTP 426.
   */
  requestListener?: RequestListener | undefined;
  /** Whether small frames leave at once (TCP_NODELAY), or wait a little for more (Nagle's algorithm). Default: true. */
  noDelay?: boolean | undefined;
  /**
   * How many bytes Node reads ahead of a connection that is paused, before it stops, in bytes, 1,024 to 16,777,216: the
   * `highWaterMark` of its sockets; under TLS Node keeps its own. The kernel's buffers (SO_SNDBUF, SO_RCVBUF) cannot be set from
   * Node. Default: Node's, 16,384 or 65,536 by its version.
   */
  socketBufferBytes?: number | undefined;
  /** The certificate; with it the server speaks `wss:` and nothing else. Default: none. */
  tls?: OrUndefined<ServerTlsOptions> | undefined;
  /**
   * The service path. Requests elsewhere are HTTP 404; what follows it is the connection's channel. False: none, so that only the
   * services of `server.service` are served. Default: `"/"`.
   */
  path?: string | false | undefined;
  /** Sent raw to each new connection, before `connected`. Default: nothing is sent. */
  connectionSuccessString?: string | undefined;
  /** Subprotocols; the first of the client's that is among them is chosen. Default: none. */
  availableSubprotocols?: readonly string[] | undefined;
  /** What a packet must look like (Standard Schema: zod, valibot, arktype, …). Default: any packet. */
  packet?: StandardSchema<P> | undefined;
  /** The spelling of field names on the wire; `"pascal"` is .NET's. Both are read. Default: `"camel"`. */
  packetCasing?: PacketCasing | undefined;
  /**
   * The form of packets on the wire; clients must have the same: `msgpack()` of `@websockets-simple/server/msgpack`, or a codec
   * of your own. Default: JSON.
   */
  codec?: Codec | undefined;
  /**
   * The origins of the pages that may connect: `"https://example.com"`, with a port where it is not the scheme's own. A leading
   * `*.` stands for exactly one label: `"https://*.example.com"` lets in `https://chat.example.com`, but neither
   * `https://example.com` nor `https://a.b.example.com`. `"null"` stands for pages without an origin of their own, such as those
   * of files and sandboxed frames: of anybody, that is. All others are HTTP 403, before `verifyRequest` and before the user
   * service. Default: any.
   */
  origins?: readonly string[] | undefined;
  /**
   * Whether a request without an Origin header is refused as well, with HTTP 403. Browsers always send one, other clients
   * mostly none, and may send whatever they like. Only beside `origins`. Default: false.
   */
  requireOrigin?: boolean | undefined;
  /**
   * The hosts that this server speaks for: `"example.com"` on every port, `"example.com:8443"` on that one alone, a leading `*.`
   * as in `origins`. A request for another one is HTTP 421. It keeps out pages that have bent their own name to this server's
   * address (DNS rebinding). Default: any.
   */
  hosts?: readonly string[] | undefined;
  /**
   * Lets in who knows a user name and its password, by HTTP Basic or Digest; all others get HTTP 401, before `verifyRequest` and
   * the user service are asked. For clients that are no pages: a browser's WebSocket does not ask its user for a password.
   * Default: that is not asked.
   */
  httpAuthentication?: HttpAuthenticationOptions | undefined;
  /**
   * How long an address that tells wrong tokens or passwords, of IPv6 one /64, has to wait before its next one is looked at: until
   * then it is HTTP 429, or 4429 in the first message, and neither user service nor `httpAuthentication.credentials` is asked.
   * True: the defaults of `GuessLimitOptions`; false: no time. Default: as true, but for public addresses only, since behind one
   * of a private network there may be a proxy, and all users behind that.
   */
  guessLimit?: boolean | GuessLimitOptions | undefined;
  /**
   * Judges each upgrade request that `origins` and `hosts` let pass and that has a token where one is needed, before the user
   * service does. True lets it go on, and so does `{ headers, cookies }`, which the 101 then bears; false is HTTP 403,
   * `{ status, reason, headers }` another refusal. When it throws, rejects or answers anything else, the client gets HTTP 500;
   * when it takes longer than `limits.headersTimeoutMs`, HTTP 503; and `error` tells of it. Default: all go on.
   */
  verifyRequest?: VerifyHook | undefined;
  /**
   * Makes `connection.data` from the upgrade request, before `connected`. When it throws, rejects or takes longer than
   * `limits.headersTimeoutMs`, the client gets HTTP 500 and `error` tells of it. Default: data is undefined.
   */
  createState?: ((request: UpgradeRequest) => D | Promise<D>) | undefined;
  /**
   * How often each connection gets the text `ping`, in milliseconds, 0 to 2,147,483,647; without a `pong` by the next
   * one it is closed with 4408. 0: never. Default: 120,000.
   */
  pingIntervalMs?: number | undefined;
  /**
   * Whether to look for peers that are gone without a word, or frozen: by RFC 6455 pings, which browsers and other WebSocket
   * libraries answer by themselves. Any byte that comes is a sign of life, and so is a slow download that goes on; a peer that
   * shows none is closed with 4408, at once. It takes longer where much was sent since the peer last answered: by 30 s at most,
   * or by `sendQueue.stallTimeoutMs` where that is more. Some answer only while they read, .NET's `ClientWebSocket` for one:
   * give those that pause for long a longer `timeoutMs`.
   * Default: true, with the defaults of `HeartbeatOptions`.
   */
  heartbeat?: boolean | HeartbeatOptions | undefined;
  /** How long a peer has to answer a close frame, in milliseconds, 1 to 2,147,483,647. Default: 5,000. */
  closeTimeoutMs?: number | undefined;
  /** The largest message taken in, in bytes, 1 to 268,435,456; a larger one closes the connection with 1009. Default: 1,048,576. */
  maxPayload?: number | undefined;
  /** The most fragments of one message, 1 to 2,147,483,647; more close the connection with 1008. Default: 16,384. */
  maxFragments?: number | undefined;
  /** The most messages that a loop over a connection keeps unread, 1 to 1,000,000; more end it with `OVERFLOW`. Default: 1,000. */
  maxQueuedMessages?: number | undefined;
  /**
   * The most connections that may wait for a loop over the server to accept them, 1 to 1,000,000; more are closed with 1013.
   * Default: 1,000.
   */
  maxQueuedConnections?: number | undefined;
  /**
   * How long a message that has begun may take to come to its end, in milliseconds, 0 to 2,147,483,647; each 4,096 bytes of
   * it begin that time anew, and time in which the server does not read does not count. Beyond it the connection is closed with
   * 1008. With `engine: "ws"` it depends on fields of ws that are not public. 0: any time. Default: 30,000, which is 137
   * bytes a second; 550 under TLS, whose records of 16 KiB come whole.
   */
  messageTimeoutMs?: number | undefined;
  /**
   * Compresses messages (permessage-deflate, RFC 7692) with clients that offer it, as browsers do. It costs CPU time:
   * switch it on where bytes are dear. `maxPayload` bounds what is inflated. Default: false.
   */
  compression?: boolean | CompressionOptions | undefined;
  /** What may wait for a peer who reads slowly. */
  sendQueue?: OrUndefined<SendQueueOptions> | undefined;
  /** How many messages a connection may send: beyond it they are held back, then it is closed with 4429. Default: false, any number. */
  rateLimit?: boolean | OrUndefined<RateLimitOptions> | undefined;
  /** Bounds of what comes before a connection is open. */
  limits?: ServerLimits | undefined;
  /**
   * The proxies whose word is taken on where a request came from: addresses, networks such as `"10.0.0.0/8"`, `"loopback"`,
   * and `"unix"` for who comes by a socket of the file system. `X-Forwarded-For`, `-Proto` and `-Host` of theirs then decide
   * `remoteAddress`, `secure` and `host` of a connection, what limits by address count, and what is logged. Of the addresses
   * it is the last that is none of a proxy's. They must write these headers themselves, or a client does. Default: false,
   * nobody's.
   */
  trustProxy?: false | readonly string[] | undefined;
  /** Which headers they write: `"forwarded"` is RFC 7239's. The others are not looked at. Default: `"x-forwarded"`. */
  proxyHeaders?: "x-forwarded" | "forwarded" | undefined;
  /** Where log lines go: `console`, pino, or the like. Default: nowhere. */
  logger?: Logger | undefined;
  /** Reads texts in its own way. Default: a `WebsocketHandler`, which decodes packets. */
  handler?: WebsocketHandler<P, D> | undefined;
  /** Keeps the open connections in its own way. Default: a `ConnectionManager`. */
  connectionManager?: ConnectionManager<C> | undefined;
  /**
   * What turns bytes into messages: our own engine, or the package `ws`. Both keep the same promises, and ours costs a
   * fraction; what they do differently with peers that break the rules stands in docs/threats.md, rows 17 to 22. Only ours
   * has messages in pieces (`connection.createMessageWriter`, `connection.messageStreams`). Default: `"own"`.
   */
  engine?: "own" | "ws" | undefined;
  /** The wire. `"session"` is not available yet. Default: `"classic"`. */
  wire?: "classic" | undefined;
}

/** The options of an authenticated server. */
export interface AuthServerOptions<T, P extends Packet = Packet, D = undefined>
  extends Omit<ServerOptions<P, D, AuthConnection<T, P, D>>, "createState"> {
  /** As for a server without authentication; it is told the user as well. */
  createState?: ((request: UpgradeRequest, userId: T) => D | Promise<D>) | undefined;
  /** What a refused client gets: the body of the HTTP 401, or a message before the close. Default: a plain sentence in the body. */
  connectionUnauthorizedString?: string | undefined;
  /**
   * Where the token is: one place, or several that are looked at in this order, the path always last. In `"path"` and
   * `"query"` it lands in the logs of whatever the request passes. `"message"`, the first text message, goes with no
   * other place. Default: `["header", "subprotocol", "query", "path"]`.
   */
  tokenIn?: TokenPlace | readonly TokenPlace[] | undefined;
  /**
   * How to refuse: `"http"` by HTTP 401, `"close"` by accepting and closing with 4401, `"auto"` by the latter for
   * requests with an `Origin`: browsers cannot see a 401. Default: `"auto"`.
   */
  onUnauthorized?: "auto" | "http" | "close" | undefined;
  /** How long a client has to send its token as the first message, in milliseconds, 1 to 2,147,483,647. Default: 5,000. */
  authTimeoutMs?: number | undefined;
  /** The largest such message in bytes, 1 to 268,435,456. Default: 4,096. */
  maxPayloadBeforeAuth?: number | undefined;
  /** How the user service may be used. */
  userServiceLimits?: OrUndefined<UserServiceLimits> | undefined;
  /** Open connections of one user, 1 to Infinity; one more is HTTP 429, or 4429 after a token in the first message. Default: Infinity. */
  maxConnectionsPerUser?: number | undefined;
}
