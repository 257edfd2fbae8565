/// <reference lib="esnext.disposable" />
/**
 * The closed list of error codes. Test the code, never `instanceof`: an ES module and a CommonJS copy of this
 * library may meet in one process. `docs/errors.md` says what to do about each.
 *
 * | code | meaning | retryable |
 * |---|---|---|
 * | `INVALID_OPTION` | a constructor option is missing, unknown or out of its bounds | no |
 * | `INVALID_ARGUMENT` | an argument of a method is of the wrong kind or out of its bounds | no |
 * | `INVALID_STATE` | the object cannot do this now (disposed, already started) | no |
 * | `INVALID_PACKET` | a received text is not what the `packet` schema asks for | no |
 * | `NOT_SENT` | the message was never handed to the network | yes |
 * | `UNKNOWN` | the connection broke while the message was under way: it arrived once or never | no |
 * | `CONNECT_FAILED` | an attempt to connect failed or took too long | yes |
 * | `CONNECTION_LOST` | the connection broke without a close handshake | yes |
 * | `UNAUTHORIZED` | the server refused the token (HTTP 401 or close code 4401) | no |
 * | `REFUSED` | the server refused the connection for good (HTTP 4xx or close code 44xx) | no |
 * | `TLS_FAILED` | the server's certificate is not trusted | no |
 * | `TOKEN_FAILED` | the token function threw, rejected or answered with no string | yes |
 * | `ABORTED` | the caller's AbortSignal, `disconnect()` or `dispose()` ended it | no |
 * | `OVERFLOW` | an async iterator was read too slowly | no |
 * | `LISTEN_FAILED` | the server could not listen on its address | yes |
 * | `PROTOCOL_ERROR` | the peer broke the WebSocket protocol or a limit | no |
 * | `LISTENER_FAILED` | one of your listeners, handlers or hooks threw or rejected; see `cause` | no |
 * | `USER_SERVICE_FAILED` | the user service threw, rejected or took too long | yes |
 */
type ErrorCode = "INVALID_OPTION" | "INVALID_ARGUMENT" | "INVALID_STATE" | "INVALID_PACKET" | "NOT_SENT" | "UNKNOWN" | "CONNECT_FAILED" | "CONNECTION_LOST" | "UNAUTHORIZED" | "REFUSED" | "TLS_FAILED" | "TOKEN_FAILED" | "ABORTED" | "OVERFLOW" | "LISTEN_FAILED" | "PROTOCOL_ERROR" | "LISTENER_FAILED" | "USER_SERVICE_FAILED";
/** What may accompany an error. */
interface ErrorDetails {
    /** What caused it, as it was thrown. */
    cause?: unknown;
    /** The HTTP status of a refused handshake. */
    status?: number | undefined;
    /** The WebSocket close code, where there was one. */
    closeCode?: number | undefined;
}
/** The one error class of this library. `code` is stable; the message is for people and may change. */
declare class WebsocketsSimpleError extends Error {
    readonly name = "WebsocketsSimpleError";
    /** What happened: one of a closed list. */
    readonly code: ErrorCode;
    /** Whether doing the same again later may succeed. */
    readonly retryable: boolean;
    /** The HTTP status of a refused handshake. */
    readonly status: number | undefined;
    /** The WebSocket close code, where there was one. */
    readonly closeCode: number | undefined;
    constructor(code: ErrorCode, message: string, details?: ErrorDetails);
}

/** Where a token travels. */
type TokenPlace = "path" | "query" | "header" | "subprotocol" | "message";

/** What travels: a text and when it was made. Extend it with fields of your own. */
interface Packet {
    /** The payload. On the classic wire it may not be blank, unless a `packet` schema allows it. */
    data: string;
    /** When the packet was made, in UTC; on the wire an ISO 8601 string. */
    timestamp: Date;
}
/** A packet as `send` takes it: the timestamp may be left out and is then the time of sending. */
type PacketInput<P extends Packet = Packet> = P extends unknown ? Omit<P, "timestamp"> & {
    timestamp?: Date | undefined;
} : never;
/** What can be sent as a packet: one, or a text where a packet needs nothing else. */
type Sendable<P extends Packet = Packet> = PacketInput<P> | (Packet extends P ? string : never);
/**
 * Makes a packet around a text, stamped with the current time.
 *
 * @param data the payload
 * @param now the time in milliseconds since 1970; default: `Date.now()`
 */
declare function createPacket(data: string, now?: number): Packet;

/**
 * The part of the Standard Schema interface (version 1, https://standardschema.dev) that is used here, so that zod,
 * valibot, arktype and others fit without a dependency.
 */
interface StandardSchema<Output = unknown> {
    readonly "~standard": {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
        readonly types?: {
            readonly input: unknown;
            readonly output: Output;
        } | undefined;
    };
}
/** What a schema answers: the value as it shall be used, or what is wrong with it. */
type SchemaResult<Output> = {
    readonly value: Output;
    readonly issues?: undefined;
} | {
    readonly issues: readonly SchemaIssue[];
};
/** One complaint of a schema, with the place in the value. */
interface SchemaIssue {
    readonly message: string;
    readonly path?: readonly (PropertyKey | {
        readonly key: PropertyKey;
    })[] | undefined;
}

/** How a packet's field names are spelt on the wire: `data` (camel) or .NET's `Data` (pascal). */
type PacketCasing = "camel" | "pascal";
/**
 * Another form than JSON for packets on the wire, of which both sides must be told: `msgpack()` of `…/client/msgpack` and
 * `…/server/msgpack`, or one of your own.
 */
interface Codec {
    /** What it is called, where an application shows or compares codecs. */
    readonly name: string;
    /**
     * Writes a packet, its field names spelt as `packetCasing` says. It MUST NOT change the packet. What it throws, the send rejects
     * with, as `INVALID_ARGUMENT`; and so it does for anything but bytes and well-formed text.
     */
    encode(packet: object): string | Uint8Array;
    /**
     * Reads a message, text or bytes: an object with the fields of a packet, where `timestamp` is a Date or an ISO 8601 text. For
     * a message that is none of its own it MUST throw or return anything but an object: such bytes have no packet, and such a text
     * becomes a packet around itself. What comes is whatever a peer likes to send, so it MUST bound what it builds of it.
     */
    decode(message: string | Uint8Array): unknown;
}

/** The algorithms of HTTP Digest that are spoken here (RFC 7616 section 6.1), the strongest first. */
declare const DIGEST_ALGORITHMS: readonly ["SHA-256", "MD5"];
/** One of them. MD5 is for old peers only. */
type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** A listener: takes the event's one argument; what it returns is ignored, but a rejected promise is reported. */
type Listener<Payload> = (payload: Payload) => unknown;
/** eventemitter3 typed for events of one argument each. */
interface TypedEmitter<Events> {
    /** Adds a listener. */
    on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Adds a listener. */
    addListener<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Adds a listener that is called once. */
    once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Removes a listener, or all listeners of the event; with `once` only if it is a one-time listener. */
    off<E extends keyof Events>(event: E, listener?: Listener<Events[E]>, context?: undefined, once?: boolean): this;
    /** Removes a listener, or all listeners of the event. */
    removeListener<E extends keyof Events>(event: E, listener?: Listener<Events[E]>): this;
    /** Removes every listener, or every listener of one event. */
    removeAllListeners(event?: keyof Events): this;
    /** The listeners of an event. */
    listeners<E extends keyof Events>(event: E): Listener<Events[E]>[];
    /** How many listeners an event has. */
    listenerCount(event: keyof Events): number;
    /** The events that have listeners. */
    eventNames(): (keyof Events)[];
    /** Calls the listeners of an event; true when there were any. */
    emit<E extends keyof Events>(event: E, payload: Events[E]): boolean;
}
declare const TypedEmitter: new <Events>() => TypedEmitter<Events>;
/**
 * eventemitter3 on which a failing listener harms nobody: what it throws, or rejects with, goes to `listenerFailed`, and
 * the other listeners are called all the same. Where it rejects since a message could not be sent, nothing is wrong with
 * it: `() => connection.send("hello")` hands on the promise of a send, for which nobody has to wait.
 */
declare abstract class IsolatingEmitter<Events> extends TypedEmitter<Events> {
    #private;
    /** @param events their names; listeners of others are refused, since they would never be called */
    constructor(events: readonly (keyof Events)[]);
    /** Adds a listener. Throws `INVALID_ARGUMENT` when there is no such event. */
    on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Adds a listener. Throws `INVALID_ARGUMENT` when there is no such event. */
    addListener<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Adds a listener that is called once. Throws `INVALID_ARGUMENT` when there is no such event. */
    once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Told of what a listener of `event` threw or rejected with. It MUST NOT emit `event` again without end. */
    protected abstract listenerFailed(event: keyof Events, thrown: unknown): void;
    /** Whom an event calls: no list that changes meanwhile. */
    protected listenersOf<E extends keyof Events>(event: E): readonly Listener<Events[E]>[];
    /** Calls the listeners of an event; true when there were any. */
    emit<E extends keyof Events>(event: E, payload: Events[E]): boolean;
}

/**
 * One message, as it comes, piece by piece. Read it once, in one of these ways. What is not read is not taken from the network;
 * who leaves the loop, cancels `readable` or asks for the next message skips the rest of this one.
 */
interface MessageStream<Piece extends string | Uint8Array = string | Uint8Array> extends AsyncIterable<Piece> {
    /** What it is. The pieces of a text are strings, cut between characters; those of binary are bytes, your own for ever. */
    readonly type: Piece extends string ? "text" : "binary";
    /**
     * As a Web Stream. It fails with `CONNECTION_LOST` when the connection ends before the message does, and with `ABORTED`
     * after the signal of `messageStreams`.
     */
    readonly readable: ReadableStream<Piece>;
    /** All of it as a text; bytes as UTF-8. Rejects as `readable` does, and with `PROTOCOL_ERROR` beyond `maxPayload` bytes. */
    text(): Promise<string>;
    /** All of it as bytes; rejects likewise. */
    bytes(): Promise<Uint8Array>;
}
/** Any message as it comes; its `type` says which. */
type AnyMessageStream = MessageStream<string> | MessageStream<Uint8Array>;

/** How messages are read piece by piece. */
interface MessageStreamsOptions {
    /**
     * The largest message in bytes, 1 to Infinity; beyond it the connection is closed with 1009. `maxPayload` does not bound what
     * is never held as a whole. Default: 1,073,741,824, a GiB.
     */
    maxBytes?: number | undefined;
    /**
     * How long what has come may lie unread, in milliseconds, 100 to 2,147,483,647 or Infinity; then the connection is closed with
     * 1011: this side is what does not get on. Meanwhile nothing is read from the network, and the other side hears pings. It is
     * looked at every 2 s. Default: 30,000.
     */
    stallTimeoutMs?: number | undefined;
    /** Ends it when aborted: the loop fails with `ABORTED`, and what has not come yet of the message under way is skipped. */
    signal?: AbortSignal | undefined;
}

/** How a message is written piece by piece. */
interface MessageWriterOptions {
    /** What the message is. Pieces of a text are strings, or bytes of UTF-8. Default: `"binary"`. */
    type?: "text" | "binary" | undefined;
    /** Gives the message up when it is aborted, as `abort` does. */
    signal?: AbortSignal | undefined;
}
/**
 * One message, written piece by piece: none of it is held but what is on its way, 64 KiB or so. It begins with its first
 * piece. Until it is complete, whatever else is sent on the connection waits behind it (RFC 6455 section 5.4); pings, pongs
 * and the close frame do not.
 */
interface MessageWriter {
    /** What the message is. */
    readonly type: "text" | "binary";
    /** The same as a Web Stream: `await file.pipeTo(writer.writable)`. */
    readonly writable: WritableStream<string | Uint8Array>;
    /**
     * Writes a piece, which may be cut anywhere, within a character too. Resolves when there is room for more: wait for that,
     * and leave its bytes alone until then. A rejection that nobody handles does no harm.
     *
     * Rejects with `NOT_SENT` (not connected when the first piece came), `UNKNOWN` (the connection broke), `ABORTED`,
     * `INVALID_STATE` (the message is complete) or `INVALID_ARGUMENT`; what is no text ends the message as `abort` does.
     */
    write(piece: string | Uint8Array): Promise<void>;
    /** Completes the message. Resolves when the kernel took all of it; rejects as `write` does. */
    close(): Promise<void>;
    /**
     * Gives the message up. What has left cannot be taken back, and nothing else could ever follow it: so the connection is
     * closed, with 1011, unless no piece was written yet. The receiver never takes the part for the whole.
     */
    abort(reason?: unknown): Promise<void>;
}

/** A message that went either way: test `type`, or your own messages come back to you. */
interface ClientMessageEvent<P extends Packet = Packet> {
    readonly type: "received" | "sent";
    /** The packet's `data`, the text itself when it is no packet, or the bytes. */
    readonly message: string | Uint8Array;
    /** The packet; absent for binary, and for a text that is no JSON object and does not fit the `packet` schema. */
    readonly packet?: P;
}
/** Where the connection stands. */
interface ClientConnectionEvent {
    readonly type: "connecting" | "connected" | "reconnecting" | "disconnected";
    /** The close code of what ended (`reconnecting`, `disconnected`); 1006 when there was none. */
    readonly code?: number;
    /** The close reason of what ended, fit for a log: on one line, and without the token. */
    readonly reason?: string;
    /** Milliseconds to the next attempt (`reconnecting`). */
    readonly retryInMs?: number;
    /** Whether this continues a session with nothing lost (`connected`); always false on the classic wire. */
    readonly resumed?: boolean;
    /** What went wrong (`reconnecting`, `disconnected`); absent when the end was orderly. The event `error` told it before. */
    readonly error?: WebsocketsSimpleError | undefined;
}
/** What went wrong. Nothing here ends the client by itself: `connection` says when it ends. */
interface ClientErrorEvent {
    readonly error: WebsocketsSimpleError;
}
/** An RFC 6455 ping or pong that came (Node). Pings are answered by themselves; pongs are told whether or not they answer one. */
interface ClientPingEvent {
    /** What it bears, at most 125 bytes; your own copy. */
    readonly payload: Uint8Array;
}
/** The events of a client. */
interface ClientEvents<P extends Packet = Packet> {
    message: ClientMessageEvent<P>;
    connection: ClientConnectionEvent;
    error: ClientErrorEvent;
    /** In Node; browsers tell of none. */
    ping: ClientPingEvent;
    /** In Node; browsers tell of none. */
    pong: ClientPingEvent;
}

/**
 * Where a client stands.
 *
 * - `disconnected`: not connected, and not about to be
 * - `connecting`: getting the token, then opening the socket
 * - `connected`
 * - `reconnecting`: waiting for the next attempt
 * - `suspended`: the page is put aside (bfcache); it goes on when the page is taken up again
 * - `disconnecting`: waiting for the answer to our close frame
 * - `disposed`: over for good
 */
type ClientState = "disconnected" | "connecting" | "connected" | "reconnecting" | "suspended" | "disconnecting" | "disposed";

/** A token, or a function that is asked for one anew at every attempt. */
type TokenSource = string | ((request: TokenRequest) => string | Promise<string>);
/** Why a token is asked for. */
interface TokenRequest {
    /** true when the last one was just refused: do not answer from a cache. */
    readonly fresh: boolean;
}

/** When a client asks whether the connection is alive. */
interface HeartbeatOptions {
    /** Milliseconds from one ping to the next, 100 to 2,147,483,647. Default: 25,000. */
    intervalMs?: number | undefined;
    /** Milliseconds to wait for a sign of life after a ping, 100 to 2,147,483,647. Default: 6,000. */
    timeoutMs?: number | undefined;
}

/** Bounds of what waits while the client is away. */
interface OutboxOptions {
    /** The largest number of messages, 1 to 1,000,000. Default: 1,000. */
    maxMessages?: number | undefined;
    /** The largest number of bytes in all, 1 and up. Default: 1,048,576. */
    maxBytes?: number | undefined;
    /** How long a message waits, in milliseconds, 1 to 2,147,483,647. Default: 120,000. */
    maxAgeMs?: number | undefined;
}

/** The options that say where to connect: `url`, or the parts of one. */
interface AddressOptions {
    /** `ws:`, `wss:`, `http:` or `https:`; in a page also relative to it. */
    url?: string | undefined;
    /** Instead of `url`: the host. */
    host?: string | undefined;
    /** Instead of `url`: the port, 1 to 65535. Default: the scheme's own. */
    port?: number | undefined;
    /** Instead of `url`: whether to use TLS. Default: false, in a page as the page does. */
    secure?: boolean | undefined;
    /** Instead of `url`: the path. Default: `/`. */
    path?: string | undefined;
    /** Parameters added to the URL's query. */
    query?: Readonly<Record<string, string>> | undefined;
}

/** TLS settings of a Node client. A browser decides on trust by itself and takes none. */
interface ClientTlsOptions {
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
interface ServerCertificate {
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
interface CompressionOptions {
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
interface CredentialsOptions {
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
/** How a Node client goes through an HTTP proxy, by CONNECT (RFC 9110 section 9.3.6). */
interface ProxyOptions {
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
/** The parts of a WHATWG WebSocket that are used. Types that differ from library to library are left open (`never`). */
interface SocketLike {
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
type WebSocketClass = new (url: string, protocols?: string | string[], options?: never) => SocketLike;

/** How a client comes back. */
interface ReconnectOptions {
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
interface ClientOptions<P extends Packet = Packet> extends AddressOptions {
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

/** What a client does with messages in pieces, in Node. For browsers the build puts an emitter without it in its place. */
declare abstract class ClientEmitter<Events> extends IsolatingEmitter<Events> {
    #private;
    abstract [Symbol.asyncIterator](): AsyncIterableIterator<unknown, void>;
    /**
     * Sends one message piece by piece, from a loop or a Web Stream (Node, with option `streams`), and never holds more of it than
     * is on its way: see `MessageWriter`. It needs an open connection when the first piece is written, and does not wait in the
     * outbox. It is sent uncompressed, and no `sent` event tells of it. Whatever else is sent meanwhile waits behind it, in the
     * socket: see `maxBufferedBytes`.
     *
     * @throws WebsocketsSimpleError `INVALID_STATE` without option `streams` · `INVALID_ARGUMENT`
     */
    createMessageWriter(options?: MessageWriterOptions): MessageWriter;
    /**
     * The messages that begin from now on, each piece by piece while it comes (Node, with option `streams`): see `MessageStream`.
     * It goes on when the client has come back, and ends with the connection for good. Meanwhile no listener and no other loop is
     * told of messages. What is not read is not taken from the network: the server waits, no longer than its own bounds allow. A
     * compressed message comes whole, within `maxPayload`. One loop at a time.
     *
     * @throws WebsocketsSimpleError `INVALID_STATE`: without option `streams`, or there is a loop already · `INVALID_ARGUMENT`
     */
    messageStreams(options?: MessageStreamsOptions): AsyncIterableIterator<AnyMessageStream, void>;
}

/** How to connect. */
interface ConnectOptions {
    /** Ends the attempt when aborted; an open connection is left alone. */
    signal?: AbortSignal | undefined;
}
/**
 * A client that connects, comes back by itself, and says truthfully what became of every message.
 *
 * @typeParam P the packets it exchanges
 */
declare class WebsocketClient<P extends Packet = Packet> extends ClientEmitter<ClientEvents<P>> {
    #private;
    /**
     * @param options at least `url` or `host`
     * @param token a token, or a function that is asked for one anew at every attempt
     * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
     */
    constructor(options: ClientOptions<P>, token?: TokenSource);
    /** Where the client stands. */
    get state(): ClientState;
    /** The application subprotocol that the server chose; empty when none was asked for, or while not connected. */
    get subprotocol(): string;
    /** The last measured round trip in milliseconds; undefined before the first answer to a ping (option `heartbeat`, or `ping`). */
    get latencyMs(): number | undefined;
    /**
     * Connects, and keeps trying as option `reconnect` says. Resolves when connected. Calls at the same time share one fate:
     * a signal that ends one of them ends all.
     *
     * @throws WebsocketsSimpleError what ended it for good: `UNAUTHORIZED`, `REFUSED`, `TLS_FAILED`, or the last failure when
     * `maxAttempts` is reached; `ABORTED` after `signal`, `disconnect()` or `dispose()`; `INVALID_STATE` when disposed;
     * `INVALID_ARGUMENT` for anything but `{ signal }`
     */
    connect(given?: ConnectOptions): Promise<void>;
    /**
     * Sends a text (as a packet around it) or a packet. Resolves when the bytes are handed to the socket; while away the
     * message waits in the outbox. A rejection with `NOT_SENT` or `UNKNOWN` that nobody handles does no harm.
     *
     * @throws WebsocketsSimpleError `NOT_SENT`: it will never arrive · `UNKNOWN`: it arrived once or never ·
     * `INVALID_ARGUMENT`: it is no packet
     */
    send(input: Sendable<P>): Promise<void>;
    /**
     * Sends a text or bytes as they are. Resolves as `send` does. The texts `ping` and `pong` belong to the classic wire's
     * heartbeat and reach no listener.
     *
     * @throws WebsocketsSimpleError as `send`
     */
    sendRaw(message: string | Uint8Array): Promise<void>;
    /**
     * Sends an RFC 6455 ping (Node). Resolves with the round trip in milliseconds when its pong comes, or that of a later ping;
     * there is no time limit but option `heartbeat`.
     *
     * @param payload at most 125 bytes of UTF-8, by which its pong is known. Default: four bytes of its own
     * @throws WebsocketsSimpleError `INVALID_STATE`: a browser, or another class as option `webSocket`, has no pings · `NOT_SENT`:
     * not connected, or 64 pings wait already · `UNKNOWN`: the connection ended before · `INVALID_ARGUMENT`
     */
    ping(payload?: string | Uint8Array): Promise<number>;
    /**
     * Ends the connection; the client does not come back by itself. Resolves when it is over, at most `closeTimeoutMs`
     * later. What waits in the outbox rejects with `NOT_SENT`.
     *
     * @param code 1000 or 3000 to 4999
     * @param reason at most 123 bytes of UTF-8
     * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
     */
    disconnect(code?: number, reason?: string): Promise<void>;
    /** Ends everything at once and for good: connection (with 1000, not waiting for the answer), timers, listeners. */
    dispose(): void;
    /** The same as `dispose`, for `using`. */
    [Symbol.dispose](): void;
    /** Closes in an orderly way, then disposes, for `await using`. */
    [Symbol.asyncDispose](): Promise<void>;
    /** Received messages, from now until the connection ends for good; at once when disposed. Fails with OVERFLOW when `maxQueuedMessages` wait unread. */
    [Symbol.asyncIterator](): AsyncIterableIterator<ClientMessageEvent<P>, void>;
    /**
     * Understands a text, and with option `codec` bytes as well. Override it to take over decoding: what it returns is the
     * packet of the `message` event; without a packet there is no event, unless you emit one yourself.
     */
    protected messageReceived(message: string | Uint8Array): P | undefined;
    protected listenerFailed(event: keyof ClientEvents<P>, thrown: unknown): void;
}

export { WebsocketClient, WebsocketsSimpleError, createPacket };
export type { AddressOptions, AnyMessageStream, ClientConnectionEvent, ClientErrorEvent, ClientEvents, ClientMessageEvent, ClientOptions, ClientPingEvent, ClientState, ClientTlsOptions, Codec, CompressionOptions, ConnectOptions, CredentialsOptions, ErrorCode, HeartbeatOptions, MessageStream, MessageStreamsOptions, MessageWriter, MessageWriterOptions, OutboxOptions, Packet, PacketCasing, PacketInput, ProxyOptions, ReconnectOptions, Sendable, ServerCertificate, SocketLike, StandardSchema, TokenPlace, TokenRequest, TokenSource, WebSocketClass };
