/// <reference lib="esnext.disposable" />
/// <reference types="node" />
import { X509Certificate } from 'node:crypto';
import { Duplex } from 'node:stream';
import { IncomingMessage, ServerResponse, Server } from 'node:http';
import { Server as Server$1 } from 'node:https';

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

/** Close codes that this library sends or gives a meaning of its own (RFC 6455 section 7.4, and 4000–4999). */
declare const CloseCode: {
    /** Both sides are done. A client does not come back after a server's 1000. */
    readonly normal: 1000;
    /** The server stops, or the page goes away. */
    readonly goingAway: 1001;
    /** The peer broke the protocol. */
    readonly protocolError: 1002;
    /** Reported, never sent: the close frame bore no code. */
    readonly noStatus: 1005;
    /** Reported, never sent: the connection broke without a close frame. */
    readonly abnormal: 1006;
    /** A text message was not UTF-8. */
    readonly invalidUtf8: 1007;
    /** A message was larger than `maxPayload`. */
    readonly tooBig: 1009;
    /** The token was refused. A client with a token function asks for one fresh token, then stops. */
    readonly unauthorized: 4401;
    /** The peer took too long: no pong, no reading, no token. A client comes back. */
    readonly timeout: 4408;
    /** More messages, wrong tokens or connections of a user than a limit allows. A client comes back, later. */
    readonly tooManyMessages: 4429;
};

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
/** A message as it was understood: a packet, or why it is none. */
type Decoded<P extends Packet> = {
    packet?: P;
    error?: WebsocketsSimpleError;
};

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

/**
 * Remembers whom the last event called, until listeners come or go: of a server's events most are alike, and to list the
 * listeners anew costs as much as to call one.
 */
declare abstract class RememberingEmitter<Events> extends IsolatingEmitter<Events> {
    #private;
    /** Adds a listener. Throws `INVALID_ARGUMENT` when there is no such event. */
    on<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Adds a listener that is called once. Throws `INVALID_ARGUMENT` when there is no such event. */
    once<E extends keyof Events>(event: E, listener: Listener<Events[E]>): this;
    /** Removes a listener, or all listeners of the event; with `once` only if it is a one-time listener. */
    off<E extends keyof Events>(event: E, listener?: Listener<Events[E]>, context?: undefined, once?: boolean): this;
    /** Removes a listener, or all listeners of the event. */
    removeListener<E extends keyof Events>(event: E, listener?: Listener<Events[E]>): this;
    /** Removes every listener, or every listener of one event. */
    removeAllListeners(event?: keyof Events): this;
    protected listenersOf<E extends keyof Events>(event: E): readonly Listener<Events[E]>[];
}

/** How connections are accepted. */
interface AcceptOptions {
    /** Ends the loop when aborted: it fails with `ABORTED`. */
    signal?: AbortSignal | undefined;
}
/** An emitter whose connections may be accepted in a loop as well. */
declare abstract class AcceptingEmitter<Events, C> extends RememberingEmitter<Events> {
    /**
     * Accepts connections in a loop, one loop at a time: those that come from now on, until the server stops, or the loop is left.
     * A connection is open before it is accepted, but not read: nothing of it is lost to a loop over its messages that begins
     * before the first `await` of the loop's body. More than `maxQueuedConnections` that wait are closed with 1013. Events are told
     * all the same.
     *
     * @throws WebsocketsSimpleError `INVALID_STATE`: there is a loop already, or the server is disposed · `INVALID_ARGUMENT`
     */
    accept(options?: AcceptOptions): AsyncIterableIterator<C, void>;
    /** The same as `accept()`, for `for await (const connection of server)`. */
    [Symbol.asyncIterator](): AsyncIterableIterator<C, void>;
}

/** How long an address that tells wrong tokens has to wait before its next one is looked at. */
interface GuessLimitOptions {
    /** Wrong tokens before it has to wait at all, 1 to 1,000,000. Default: 100. */
    free?: number | undefined;
    /** After how long one of them is forgotten, in milliseconds, 1 to 2,147,483,647. Default: 10,000. */
    forgetMs?: number | undefined;
    /** The first wait, in milliseconds, 1 to 3,600,000; after each further wrong token it is twice as long. Default: 1,000. */
    delayMs?: number | undefined;
    /** The longest wait, in milliseconds, 1 to 3,600,000, and not below `delayMs`. Default: 30,000. */
    maxDelayMs?: number | undefined;
}

/** Where a request came from: from the peer, or from whom a trusted proxy says it came. */
interface ClientOrigin {
    /** As the system writes it; empty for a socket of the file system. */
    readonly address: string;
    /** 0 when nobody knows. */
    readonly port: number;
    readonly isSecure: boolean;
    /** Undefined: it is the Host header. */
    readonly host: string | undefined;
    /** Whether the address is a trusted proxy's word. */
    readonly isForwarded: boolean;
}

/** A version of TLS; older ones are not spoken (RFC 8996). */
type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** The head of an upgrade request, as Node's HTTP server tells it. */
type UpgradeHead = Pick<IncomingMessage, "method" | "url" | "httpVersionMajor" | "httpVersionMinor" | "rawHeaders">;

/** What was read from the request line. */
interface UpgradeTarget {
    readonly path: string;
    readonly channel: string;
    readonly query: string;
    readonly subprotocol: string | undefined;
    /** Who it is by HTTP authentication. */
    readonly userName?: string | undefined;
}
/** Who a client is by its certificate: see `tls.clientCertificate`. */
interface ClientCertificate {
    /** The certificate: its subject, fingerprint, dates and all else. */
    readonly x509: X509Certificate;
    /** Whether an authority of `tls.ca` has signed it, and it is valid now. Always true with `"require"`. */
    readonly isTrusted: boolean;
    /** Why it is not trusted, as OpenSSL names it. */
    readonly reason?: string;
}
/** The upgrade request that a connection began with. What is seldom asked for is computed when it is. */
declare class UpgradeRequest {
    #private;
    /** The path, percent-decoded, without query and without a token that it carried. */
    readonly path: string;
    /** What the path says after the service path; empty when it says nothing. */
    readonly channel: string;
    /** The application subprotocol that was agreed upon. */
    readonly subprotocol: string | undefined;
    /** Who the client has shown to be by user name and password; undefined without option `httpAuthentication`. */
    readonly userName: string | undefined;
    /** The client's address; IPv4 in its own form even on a dual-stack socket. Of whom it is told by a proxy: see `trustProxy`. */
    readonly remoteAddress: string;
    /** The client's port; 0 where a proxy does not tell it. */
    readonly remotePort: number;
    /** Whether the client came over TLS: to the server, or to a proxy of `trustProxy`. */
    readonly secure: boolean;
    /** The certificate of who connected to the server, be it a proxy; undefined without one, and where none was asked for. */
    readonly clientCertificate: ClientCertificate | undefined;
    constructor(request: Pick<UpgradeHead, "rawHeaders">, stream: Duplex, origin: ClientOrigin, target: UpgradeTarget);
    /**
     * The headers as the client sent them, names in lower case, repeated ones joined. Frozen, without a prototype. With option
     * `httpAuthentication` they are without `authorization`, which may tell a password.
     */
    get headers(): Readonly<Record<string, string>>;
    /** The cookies by name, values as they were sent. */
    get cookies(): ReadonlyMap<string, string>;
    /** The query, without a token that it carried. */
    get query(): URLSearchParams;
    /** The Origin header. */
    get origin(): string | undefined;
    /** The Host header, or what a proxy of `trustProxy` says that it was. */
    get host(): string;
}

/** Where a connection stands. `connecting` lasts until the success string is sent. */
type ConnectionState = "connecting" | "open" | "closing" | "closed";
/** A message that came in, as a loop over a connection tells it: as a `message` event does. */
interface ReceivedMessage<P extends Packet = Packet> {
    readonly type: "received";
    /** The packet's `data`, the text itself when it is no packet, or the bytes. */
    readonly message: string | Uint8Array;
    /** The packet; absent as in a `message` event. */
    readonly packet?: P;
}
/** How the messages of a connection are read in a loop. */
interface MessagesOptions {
    /** Ends the loop when aborted: it fails with `ABORTED`. */
    signal?: AbortSignal | undefined;
}
/** What stands behind a connection; the server makes one for each. */
interface ConnectionPeer<P extends Packet> {
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
declare class Connection<P extends Packet = Packet, D = undefined> {
    #private;
    /** Your own state: what `createState` returned. */
    data: D;
    /** The server makes these. */
    constructor(peer: ConnectionPeer<P>, data: D);
    /** A random UUID (RFC 9562 version 4). */
    get id(): string;
    /** Where it stands. */
    get state(): ConnectionState;
    /**
     * Whether messages can be sent: open, and neither side has begun to close. It is not a heartbeat's verdict: a peer that is
     * gone without a word counts as alive until that is found out.
     */
    get isAlive(): boolean;
    /** The client's address; IPv4 in its own form even on a dual-stack socket. Behind a proxy it is the proxy's: see `trustProxy`. */
    get remoteAddress(): string;
    /** The client's port; 0 where a proxy of `trustProxy` does not tell it. */
    get remotePort(): number;
    /** The request's path, percent-decoded, without query and without a token that it carried. */
    get path(): string;
    /** What the path says after the service path: `room/42`; empty when it says nothing. */
    get channel(): string;
    /** The query, without a token that it carried. Every access makes a copy. */
    get query(): URLSearchParams;
    /**
     * The request's headers as the client sent them, names in lower case, repeated ones joined. Frozen, without a prototype. With
     * option `httpAuthentication` they are without `authorization`, which may tell a password.
     */
    get headers(): Readonly<Record<string, string>>;
    /** The request's cookies by name, values as they were sent (RFC 6265 section 5.4). */
    get cookies(): ReadonlyMap<string, string>;
    /** The Origin header; browsers always send one. */
    get origin(): string | undefined;
    /** The Host header, or what a proxy of `trustProxy` says that it was. */
    get host(): string;
    /** Who the client has shown to be by user name and password; undefined without option `httpAuthentication`. */
    get userName(): string | undefined;
    /** The application subprotocol that was agreed upon. */
    get subprotocol(): string | undefined;
    /** Whether the client's side runs over TLS: to the server, or to a proxy of `trustProxy`. */
    get secure(): boolean;
    /** The certificate of the client, or of the proxy that connected to the server, where `tls.clientCertificate` asked for one and it has one. */
    get clientCertificate(): ClientCertificate | undefined;
    /** When it was accepted. */
    get startedAt(): Date;
    /**
     * Sends a text or a packet, as a packet. Resolves when the kernel took its bytes. A rejection that nobody handles
     * does no harm: clients come and go.
     *
     * Rejects with `NOT_SENT` (closing, closed, or the queue is full), `UNKNOWN` (the connection broke on the way) or
     * `INVALID_ARGUMENT`.
     */
    send(input: Sendable<P>): Promise<void>;
    /** Sends a text or bytes as they are; bytes are copied. Settles as `send` does. */
    sendRaw(input: string | Uint8Array): Promise<void>;
    /**
     * The last measured round trip in milliseconds, by any RFC 6455 ping: your own, or those of option `heartbeat`; undefined
     * before the first answer.
     */
    get latencyMs(): number | undefined;
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
    ping(payload?: string | Uint8Array): Promise<number>;
    /**
     * Closes it. Resolves when it is over: at the latest after `closeTimeoutMs`. What the peer sent before it knew is still
     * told. Rejects with `INVALID_ARGUMENT`.
     *
     * @param code 1000 or 3000 to 4999. Default: 1000, after which our client stays away for good; 4000 lets it come back
     * @param reason at most 123 bytes of UTF-8. Default: empty
     */
    close(code?: number, reason?: string): Promise<void>;
    /**
     * Sends one message piece by piece, from a loop or a Web Stream, and never holds more of it than is on its way: see
     * `MessageWriter`. It is sent uncompressed, and no `sent` event tells of it. Whatever else is sent meanwhile waits behind it,
     * within the bounds of `sendQueue`: beyond `maxBytes` the connection is treated as one that does not read.
     *
     * @throws WebsocketsSimpleError `INVALID_STATE` with `engine: "ws"`, which cannot · `INVALID_ARGUMENT`
     */
    createMessageWriter(options?: MessageWriterOptions): MessageWriter;
    /**
     * The messages that come from now on, until the connection ends; each goes to the listeners of `message` as well. Fails with
     * `OVERFLOW` when more than `maxQueuedMessages` wait unread, and with `ABORTED` after `signal`.
     *
     * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
     */
    messages(options?: MessagesOptions): AsyncIterableIterator<ReceivedMessage<P>, void>;
    /** The same as `messages()`, for `for await (const { packet, message } of connection)`. */
    [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedMessage<P>, void>;
    /**
     * The messages that begin from now on, each piece by piece while it comes: see `MessageStream`. Meanwhile no listener and no
     * other loop is told of messages. What is not read is not taken from the network: the sender waits. A compressed message
     * comes whole, within `maxPayload`. One loop at a time.
     *
     * @throws WebsocketsSimpleError `INVALID_STATE`: there is a loop already, or `engine: "ws"`, which cannot · `INVALID_ARGUMENT`
     */
    messageStreams(options?: MessageStreamsOptions): AsyncIterableIterator<AnyMessageStream, void>;
    /** Destroys it at once, without a close frame: the other side sees 1006. */
    terminate(): void;
}
/** A connection of any server, whatever its packets and its state: for helpers that only send, close or compare. */
type AnyConnection = Connection<Packet, unknown>;
/** A connection whose user is known. */
declare class AuthConnection<T, P extends Packet = Packet, D = undefined> extends Connection<P, D> {
    /** What the user service answered. */
    readonly userId: T;
    /** The server makes these. */
    constructor(peer: ConnectionPeer<P>, data: D, userId: T);
}

/**
 * Keeps the open connections. Subclass it to look at who comes and goes, and call `super`; give one instance to one
 * server, which alone calls `add` and `remove`. Broadcasts go to `connections`.
 */
declare class ConnectionManager<C extends Connection<Packet, unknown> = Connection> {
    #private;
    /** The connections by id, open or closing: see `state`. */
    get connections(): ReadonlyMap<string, C>;
    /** Takes a connection in, just before `connected`. */
    add(connection: C): void;
    /** Lets a connection go, just before `disconnected`. */
    remove(connection: C): void;
    /** The connection with this id. */
    get(id: string): C | undefined;
}

/** A message that came in, or was handed over for sending. */
type ServerMessageEvent<P extends Packet = Packet, C = Connection> = {
    readonly type: "received";
    /** The packet's `data`, the text itself when it is no packet, or the bytes. */
    readonly message: string | Uint8Array;
    /**
     * The packet; absent for binary, and for a text that is no JSON object and does not fit the `packet` schema. It may be
     * made when it is first looked at: take it from the event itself, since a copy by `{ ...event }` may lack it.
     */
    readonly packet?: P;
    /** Who sent it. */
    readonly connection: C;
    readonly recipients?: undefined;
} | {
    readonly type: "sent";
    readonly message: string | Uint8Array;
    /** The packet as it was sent, or as the receiver of a raw text reads it; absent for binary. */
    readonly packet?: P;
    /** To whom; absent when it went to several. */
    readonly connection?: C;
    /** To how many connections it went. */
    readonly recipients: number;
};
/** Where a connection stands. Each `connecting` is followed by one `disconnected`, whatever comes between. */
type ServerConnectionEvent<C = Connection> = {
    /** `connecting`: accepted, not in `connections` yet; `connected`: in it, success string sent. */
    readonly type: "connecting" | "connected";
    readonly connection: C;
    readonly code?: undefined;
    readonly reason?: undefined;
} | {
    readonly type: "disconnected";
    readonly connection: C;
    /** The code of the side that closed first; 1005 when the peer gave none, 1006 when the connection broke. */
    readonly code: number;
    /** The reason that went with it; for 1006 what the network said, where it said something. */
    readonly reason: string;
};
/** What went wrong. Nothing here stops the server. */
interface ServerErrorEvent<C = Connection> {
    readonly error: WebsocketsSimpleError;
    /** The connection that it is about, where there is one. */
    readonly connection?: C;
}
/** An RFC 6455 ping or pong that came in. Pings are answered by themselves; pongs are told whether or not they answer one. */
interface ServerPingEvent<C = Connection> {
    /** Who sent it. */
    readonly connection: C;
    /** What it bears, at most 125 bytes; your own copy. */
    readonly payload: Uint8Array;
}
/** The server itself. */
interface ServerStateEvent {
    readonly type: "started" | "stopped";
}
/** The events of what serves connections: of a server, and of each of its services. */
interface ServiceEvents<P extends Packet = Packet, C = Connection> {
    message: ServerMessageEvent<P, C>;
    connection: ServerConnectionEvent<C>;
    error: ServerErrorEvent<C>;
    ping: ServerPingEvent<C>;
    pong: ServerPingEvent<C>;
}
/** The events of a server. */
interface ServerEvents<P extends Packet = Packet, C = Connection> extends ServiceEvents<P, C> {
    server: ServerStateEvent;
}

/**
 * Turns received texts into packets, and with option `codec` bytes as well. Subclass it and override `messageReceived` to take decoding over; give one
 * instance to one server.
 */
declare class WebsocketHandler<P extends Packet = Packet, D = undefined> {
    #private;
    /**
     * Reads one message that is no heartbeat: a text, or with option `codec` bytes. What it returns is the `packet` of the `message` event; undefined:
     * no event. What it throws is reported as `error`, and the message is not delivered.
     *
     * @throws WebsocketsSimpleError `INVALID_PACKET` when the `packet` schema refuses it
     */
    protected messageReceived(message: string | Uint8Array, _connection: Connection<P, D>): P | undefined;
    /** For the server: how messages are read. */
    bind(decode: (message: string | Uint8Array) => Decoded<P>): void;
    /** For the server: whether texts are read as without a handler. */
    get isUsual(): boolean;
    /** For the server: what to tell listeners; undefined: nothing. Without a packet, the message fits no schema and is told raw. */
    receive(message: string | Uint8Array, connection: Connection<P, D>): {
        packet?: P;
    } | undefined;
}

/** A cookie to set with the answer to an upgrade request (RFC 6265 section 4.1.1). */
interface ResponseCookie {
    /** A token: letters, digits and ``!#$%&'*+-.^_`|~``. With `__Host-` or `__Secure-` in front, browsers ask for more, and so does this. */
    readonly name: string;
    /** Visible ASCII without `"`, `,`, `;` and `\`: encode all else, by `encodeURIComponent` for one. */
    readonly value: string;
    /** Begins with `/`. Default: the path of the request up to its last `/`. */
    readonly path?: string | undefined;
    /** The host and all below it. Default: the host of the request alone. */
    readonly domain?: string | undefined;
    /** How long it is kept, in seconds as on the wire, 0 to 2,147,483,647; 0 deletes it. Default: until the browser ends. */
    readonly maxAge?: number | undefined;
    /** Until when it is kept, years 1601 to 9999; `maxAge` goes before it. Default: until the browser ends. */
    readonly expires?: Date | undefined;
    /** Scripts do not see it. Default: false. */
    readonly httpOnly?: boolean | undefined;
    /** It is sent over TLS alone. Default: false. */
    readonly secure?: boolean | undefined;
    /** Whether it goes along when another site's page asks; `"none"` needs `secure`. Default: the browser's, mostly `"lax"`. */
    readonly sameSite?: "strict" | "lax" | "none" | undefined;
}

/** What `verifyRequest` answers: true and false, or with more to say. */
type RequestVerdict = boolean | RequestRefusal | RequestAcceptance;
/** A request that is refused, and how. */
interface RequestRefusal {
    /** The HTTP status, 400 to 599. */
    readonly status: number;
    /** The body: one plain sentence, of at most 1,024 characters. Default: a plain sentence. */
    readonly reason?: string | undefined;
    /** Further headers, such as `Retry-After`: as in `RequestAcceptance`. */
    readonly headers?: Readonly<Record<string, string>> | undefined;
    readonly cookies?: undefined;
}
/** A request that is not refused, with what the answer shall bear. */
interface RequestAcceptance {
    /**
     * Further headers of the 101: names are tokens, values visible ASCII and blanks. None that the handshake writes itself, such as
     * `Upgrade` and `Sec-WebSocket-…`; no `Set-Cookie`, which `cookies` writes. With the cookies 8,192 bytes at most.
     */
    readonly headers?: Readonly<Record<string, string>> | undefined;
    /** Cookies that the client shall keep. */
    readonly cookies?: readonly ResponseCookie[] | undefined;
    readonly status?: undefined;
    readonly reason?: undefined;
}

/** Tells users by their tokens. Write one for your application. */
interface UserService<T> {
    /**
     * Says whose token this is. It MAY be asynchronous. To refuse, it MUST return null or undefined (false and NaN refuse
     * as well); every other value is an id, 0 and "" included. To throw, reject or take longer than
     * `userServiceLimits.timeoutMs` is a failure: nobody is let in, and `error` tells of it.
     *
     * @param token never empty: an empty token is none
     * @param options.signal aborted when the call is given up: it failed, or the server stops
     */
    getId(token: string, options: {
        readonly signal: AbortSignal;
    }): T | null | undefined | Promise<T | null | undefined>;
}
/** How the user service may be used. */
interface UserServiceLimits {
    /** How long one answer may take, waiting included, in milliseconds, 1 to 2,147,483,647. Default: 3,000. */
    timeoutMs?: number;
    /** Calls at once, 1 to 100,000; others wait. Default: 64. */
    concurrency?: number;
}

/** What goes with a request that the application is to verify. */
interface VerifyOptions {
    /** Aborted when the answer is not waited for any more: the client has left, it came too late, or the server stops. */
    readonly signal: AbortSignal;
}
/** The application's hook. */
type VerifyHook = (request: UpgradeRequest, options: VerifyOptions) => RequestVerdict | Promise<RequestVerdict>;

/** How a password is known: as it is, or by its digest. */
type KnownPassword = 
/** The password itself. */
string
/**
 * H(A1) of RFC 7616 section 3.4.2 in hexadecimal digits, SHA-256 or MD5 by its length, or both: the digest of
 * `username:realm:password`. In its realm it is worth as much as the password.
 */
 | {
    readonly ha1: string | readonly string[];
};
/**
 * Says what password a user has. It MAY be asynchronous. For a user that it does not know it MUST return null or undefined; it
 * SHOULD take the same time for those. To throw, reject, take longer than `limits.headersTimeoutMs` or answer anything else is a
 * failure: nobody is let in, and `error` tells of it.
 *
 * @param username never empty, without colons and control characters
 * @param request what is asked for; its `headers` are without `authorization`
 */
type FindPassword = (username: string, request: UpgradeRequest) => KnownPassword | null | undefined | Promise<KnownPassword | null | undefined>;
/** A scheme of HTTP authentication. */
type HttpAuthenticationScheme = "basic" | "digest";
/** How clients show who they are by user name and password (RFC 7617, RFC 7616). */
interface HttpAuthenticationOptions {
    /** Says what password a user has. */
    credentials: FindPassword;
    /**
     * How passwords travel: `"digest"` proves that the client knows it, `"basic"` tells it. One of them, or both. Default:
     * `"digest"`.
     */
    scheme?: HttpAuthenticationScheme | readonly HttpAuthenticationScheme[] | undefined;
    /** What users are told they log in to; 1 to 128 characters of ASCII, without quotes and backslashes. Default: `"WebSocket"`. */
    realm?: string | undefined;
    /** The algorithms of Digest. Name MD5 only for clients that know nothing else. Default: `["SHA-256"]`. */
    algorithms?: readonly DigestAlgorithm[] | undefined;
    /**
     * How long a nonce of Digest is good for, in milliseconds, 1,000 to 3,600,000. A client with an older one is told so, and
     * comes once more by itself. Default: 60,000.
     */
    nonceLifetimeMs?: number | undefined;
    /**
     * Whether Basic may come without TLS from elsewhere than this machine: anybody on the way reads the password. A proxy that ends
     * TLS is believed by `trustProxy`. Default: false.
     */
    basicWithoutTls?: boolean | undefined;
}

/** A user and the connections that are open for it: never none. */
interface Identity<T, C = Connection> {
    readonly userId: T;
    /** By connection id. */
    readonly connections: ReadonlyMap<string, C>;
}

/** Answers plain HTTP requests; what it returns is only looked at where it is a promise that rejects. */
type RequestListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** The server's certificate: PKCS #12 (`pfx`), or PEM (`key` and `cert`). */
interface ServerTlsOptions {
    /** A PKCS #12 file's bytes, certificate and key in one. */
    pfx?: Uint8Array;
    /** What `pfx`, or `key`, is encrypted with. */
    passphrase?: string;
    /** The private key in PEM. */
    key?: string | Uint8Array;
    /** The certificate in PEM, followed by those between it and the root. */
    cert?: string | Uint8Array;
    /** Certificates in PEM that complete the chain; with `clientCertificate` the authorities whose clients are trusted. */
    ca?: string | Uint8Array | readonly (string | Uint8Array)[];
    /** The lowest version spoken. Default: `"TLSv1.2"`. */
    minVersion?: TlsVersion;
    /** The highest version spoken. Default: `"TLSv1.3"`. */
    maxVersion?: TlsVersion;
    /**
     * Whether clients are asked for a certificate: `"require"` ends the TLS handshake of those without one that `ca` has
     * signed, `"request"` lets everybody in and leaves the judgement to you; see `connection.clientCertificate`.
     * Default: `"none"`.
     */
    clientCertificate?: "none" | "request" | "require";
}

/** An HTTP server of the application's own. */
type OwnHttpServer = Server | Server$1;
/** Where a server listens. */
interface ServerAddress {
    /** The address as the system tells it: `::` is all interfaces, IPv6 and IPv4. Empty for a socket of the file system. */
    readonly host: string;
    /** The port; 0 for a socket of the file system. */
    readonly port: number;
    /** `IPv6`, `IPv4` or `unix`. Empty for an attached HTTP server that does not listen yet. */
    readonly family: string;
    /** The path of a socket of the file system. */
    readonly socketPath?: string;
}

/** How a server is attached to an HTTP server. */
interface AttachOptions {
    /** The service path there: requests for it and below it are this server's. Default: option `path`. */
    path?: string | undefined;
}

/** One place to listen at: a port, or a socket of the file system. */
interface EndpointOptions {
    /** The port, 0 to 65,535; 0: any free one. */
    port?: number;
    /** The address or name to listen on. Default: all interfaces, IPv6 and IPv4. */
    host?: string;
    /** How many connections may wait in the kernel to be taken in, 1 to 65,535. Default: 511. */
    backlog?: number;
    /** Instead of a port: the path of a Unix socket, which must not exist yet; on Windows a named pipe. */
    socketPath?: string;
}

/** What an event is about: plain values, of which those that come from a peer are escaped. */
type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
/**
 * Where the server's log lines go: `console` and pino fit as they are. Tokens are never logged, control characters are
 * escaped, and one event is one line.
 */
interface Logger {
    /** What happens all the time. */
    debug(fields: LogFields, message: string): void;
    /** Connections, refusals, start and stop. */
    info(fields: LogFields, message: string): void;
    /** Connections that were severed. */
    warn(fields: LogFields, message: string): void;
    /** Whatever is an `error` event as well. */
    error(fields: LogFields, message: string): void;
}

/** How many messages a connection may send. */
interface RateLimitOptions {
    /** Messages a second in the long run, 1 to 1,000,000; heartbeats are counted apart, 50 a second. Default: 50. */
    messagesPerSecond?: number;
    /** Messages at once before any are held back, 1 to 1,000,000. Default: 100. */
    burst?: number;
}

/** What may wait for a peer who reads slowly. */
interface SendQueueOptions {
    /**
     * Bytes a connection that may wait for its peer, 1 to 1,073,741,824; also the largest message that can be sent. In memory
     * they may count twice, since a text is kept besides until it has left. Default: 1,048,576.
     */
    maxBytes?: number;
    /** What happens beyond it: close the connection with 4408, or refuse the new message. Default: `"disconnect"`. */
    onOverflow?: "disconnect" | "drop-newest";
    /**
     * How long a queue may stand still before the connection is closed with 4408, in milliseconds, 1 to 2,147,483,647. It
     * moves when the system takes 64 KiB more of it, or its rest; and the system takes more only when about a third of its
     * own send buffer has become free. Who reads too slowly for that is closed as who does not read: lines of less than
     * 20 kB/s need more than the default, and so do slow readers behind a proxy on the same machine. Default: 10,000.
     */
    stallTimeoutMs?: number;
}

/** Options of which each may be undefined as well, which counts as left out: `{ passphrase: process.env.PASSPHRASE }`. */
type OrUndefined<O> = {
    [Name in keyof O]: O[Name] | undefined;
};
/** Whom a broadcast is meant for. */
interface BroadcastOptions<C = Connection> {
    /** Who is left out: one connection, the sender mostly. Default: nobody. */
    except?: C | undefined;
    /** Only connections with this `channel`. Default: all. */
    channel?: string | undefined;
    /** Not an option: with it a connection itself, which has a `channel` too, is no options for the compiler either. */
    terminate?: undefined;
}
/** Bounds of what comes before a connection is open. */
interface ServerLimits {
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
interface HeartbeatOptions {
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
interface CompressionOptions {
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
interface ServerOptions<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> {
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
interface AuthServerOptions<T, P extends Packet = Packet, D = undefined> extends Omit<ServerOptions<P, D, AuthConnection<T, P, D>>, "createState"> {
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

/** How a sweep is made. */
interface SweepOptions {
    /** How long each has to show that it is there, in milliseconds, 100 to 2,147,483,647. Default: 6,000. */
    timeoutMs?: number | undefined;
}
/** What a sweep has found. */
interface SweepResult {
    /** The ids of those that are there, or that were left alone. */
    readonly active: readonly string[];
    /** The ids of those that showed no sign of life, and were closed. */
    readonly ended: readonly string[];
}

/** The connections of a server or a service by their ids: for who keeps ids, and not connections. */
declare class Sessions<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> {
    #private;
    private constructor();
    /** How many there are, open or closing. */
    get count(): number;
    /** The ids of all. */
    get ids(): string[];
    /** The ids of those to which messages can be sent: see `connection.isAlive`. To find out who is still there: `sweep()`. */
    get activeIds(): string[];
    /** The ids of the others: those that are closing. */
    get inactiveIds(): string[];
    /** The connection with this id; undefined when there is none, or none any more. */
    get(id: string): C | undefined;
    /** Sends a text or a packet to one: settles as `connection.send`, and rejects with `NOT_SENT` when there is none with this id. */
    sendTo(input: Sendable<P>, id: string): Promise<void>;
    /** Sends a text or bytes as they are to one: settles as `sendTo` does. */
    sendToRaw(input: string | Uint8Array, id: string): Promise<void>;
    /**
     * Sends an RFC 6455 ping to one. Resolves with the round trip in milliseconds; settles as `connection.ping`, and rejects with
     * `NOT_SENT` when there is none with this id.
     */
    pingTo(id: string, payload?: string | Uint8Array): Promise<number>;
    /**
     * Closes one. Resolves when it is over with true, or at once with false when there is none with this id. Code and reason as for
     * `connection.close`.
     */
    closeSession(id: string, code?: number, reason?: string): Promise<boolean>;
    /** Sends a text or a packet to all: the same as `broadcast` of the server or the service. */
    broadcast(input: Sendable<P>, options?: BroadcastOptions<C>): Promise<number>;
    /** Sends a text or bytes as they are to all: the same as `broadcastRaw` of the server or the service. */
    broadcastRaw(input: string | Uint8Array, options?: BroadcastOptions<C>): Promise<number>;
    /**
     * Asks all that are open by an RFC 6455 ping whether they are there, and closes with 4408 those of whom nothing comes in time.
     * Any byte is a sign of life. Left alone is who is in the middle of a message either way, or whom this side does not read; who
     * may still have much to read before the ping has more time, by 30 s at most or `sendQueue.stallTimeoutMs` where that is more; and
     * time in which this process was blocked does not count.
     *
     * Resolves with the ids of both, once all have answered or are closed. Rejects with `INVALID_ARGUMENT`. Option `heartbeat` finds
     * silent peers by itself, and so this is for who has switched that off, or does not want to wait for it.
     */
    sweep(options?: SweepOptions): Promise<SweepResult>;
}

/** A message that has come in: see the event `message`. */
interface BehaviorMessageEvent<P extends Packet = Packet> {
    /** The packet's `data`, the text itself when it is no packet, or the bytes. */
    readonly message: string | Uint8Array;
    /** The packet; absent for binary, and for a text that is no JSON object and does not fit the `packet` schema. */
    readonly packet?: P;
}
/** The end of a connection: see `disconnected` of the event `connection`. */
interface BehaviorCloseEvent {
    /** The code of the side that closed first; 1005 when the peer gave none, 1006 when the connection broke. */
    readonly code: number;
    /** The reason that went with it. */
    readonly reason: string;
}
/** What went wrong with a connection: see the event `error`. */
interface BehaviorErrorEvent {
    /** What it was. */
    readonly error: WebsocketsSimpleError;
}
/** How a behavior is told of what happens. */
interface BehaviorCalls<P extends Packet> {
    /** It is open. */
    open(): unknown;
    /** A message has come in. */
    message(event: BehaviorMessageEvent<P>): unknown;
    /** It is over. */
    close(event: BehaviorCloseEvent): unknown;
    /** Something went wrong with it. */
    error(event: BehaviorErrorEvent): unknown;
}
/** A behavior as its service sees it: whoever fits all connections fits some of them, but not the other way round. */
interface Behavior<P extends Packet, D, C extends Connection<P, D>> {
    /** Says whose it is, and returns how it is told of what happens. */
    readonly bind: (connection: C, sessions: Sessions<P, D, C>) => BehaviorCalls<P>;
}
/**
 * What a service does with one connection: subclass it, and override what you need. The service makes one instance for each
 * connection, just before `onOpen`, so that what belongs to a connection may be a field. What a method throws or rejects with is
 * told as `error`, and harms nobody else.
 */
declare abstract class WebsocketBehavior<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> {
    #private;
    /** The connection; not there yet in the constructor, where it throws `INVALID_STATE`. */
    protected get connection(): C;
    /** All connections of the service; not there yet in the constructor, where it throws `INVALID_STATE`. */
    protected get sessions(): Sessions<P, D, C>;
    /** The connection is open: `connected`. */
    protected onOpen(): unknown;
    /** A message has come in: the event `message`. The next one does not wait for a promise that this one returns. */
    protected onMessage(_event: BehaviorMessageEvent<P>): unknown;
    /** The connection is over: `disconnected`. Each `onOpen` is followed by one. */
    protected onClose(_event: BehaviorCloseEvent): unknown;
    /** Something went wrong with the connection: the event `error`. It is not told of what it does wrong itself. */
    protected onError(_event: BehaviorErrorEvent): unknown;
    /** Sends a text or a packet to the connection: the same as `connection.send(input)`. */
    protected send(input: Sendable<P>): Promise<void>;
    /** Sends a text or bytes as they are: the same as `connection.sendRaw(input)`. */
    protected sendRaw(input: string | Uint8Array): Promise<void>;
    /** Closes the connection: the same as `connection.close(code, reason)`. */
    protected close(code?: number, reason?: string): Promise<void>;
    /** For the service: says whose it is, and returns how it is told of what happens. */
    bind(connection: C, sessions: Sessions<P, D, C>): BehaviorCalls<P>;
}
/** What makes the behavior of each connection: a subclass whose constructor needs nothing, or a function that is told the connection. */
type BehaviorSource<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> = (new () => Behavior<P, D, C>) | ((connection: C) => Behavior<P, D, C>);

/** Plain counters since the server was made; `connections` is the number of now. */
interface ServerStats {
    /** The engine's name. */
    readonly engine: string;
    /** Open connections, now. */
    readonly connections: number;
    /** Upgrade requests being judged, tokens being waited for, and `verifyRequest` or `createState` running for who has left; now. */
    readonly pendingHandshakes: number;
    /** Connections that were accepted. */
    readonly accepted: number;
    /** Messages taken in, heartbeats aside, and their payload bytes. */
    readonly messagesReceived: number;
    readonly bytesReceived: number;
    /** Messages that the kernel took, heartbeats aside, and their payload bytes. */
    readonly messagesSent: number;
    readonly bytesSent: number;
    /** Requests that were refused, by HTTP status, or by close code where they were accepted for that. */
    readonly refusals: Readonly<Record<number, number>>;
    /** Connections that this side severed, by close code. */
    readonly severed: Readonly<Record<number, number>>;
}

/** What a server and each of its services have in common: connections, events about them, and sending to them. */
declare abstract class ServiceBase<P extends Packet, D, C extends Connection<P, D>, E extends ServiceEvents<P, C>> extends AcceptingEmitter<E, C> {
    #private;
    /** The connections by id, open or closing: see `state`. */
    get connections(): ReadonlyMap<string, C>;
    /** The same connections by id: to send to, ping, close and sweep. */
    get sessions(): Sessions<P, D, C>;
    /** Sends a text or a packet to one connection: the same as `connection.send(input)`. */
    sendToConnection(input: Sendable<P>, connection: C): Promise<void>;
    /** Sends a text or bytes to one connection as they are: the same as `connection.sendRaw(input)`. */
    sendToConnectionRaw(input: string | Uint8Array, connection: C): Promise<void>;
    /**
     * Sends a text or a packet to all open connections, waiting for none. Resolves with the number of those whose send
     * queue took it; one `sent` event tells it. Rejects with `INVALID_ARGUMENT`, also for options that do not exist.
     */
    broadcast(input: Sendable<P>, options?: BroadcastOptions<C>): Promise<number>;
    /** Sends a text or bytes as they are to all open connections; settles as `broadcast` does. */
    broadcastRaw(input: string | Uint8Array, options?: BroadcastOptions<C>): Promise<number>;
    /** Closes one connection: the same as `connection.close(code, reason)`. */
    disconnectConnection(connection: C, code?: number, reason?: string): Promise<void>;
    /** For subclasses: sends one message, encoded once, to those of several connections that are meant. */
    protected sendToMany(connections: Iterable<C>, input: Sendable<P> | string | Uint8Array, isRaw: boolean, options: BroadcastOptions<C>): Promise<number>;
    protected listenerFailed(event: keyof E, thrown: unknown): void;
}

/**
 * What a server serves at one path: with connections, events and options of its own. `server.service(path, …)` makes it. Events:
 * `message`, `connection`, `error`, `ping`, `pong`; see `ServiceEvents`.
 */
declare class WebsocketService<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> extends ServiceBase<P, D, C, ServiceEvents<P, C>> {
    #private;
    /** Where it is, percent-decoded and without a slash at the end: `/chat`, `/rooms/*`. */
    readonly path: string;
    private constructor();
    /** Whether it was removed: then it takes nobody in any more, and never will again. */
    get isRemoved(): boolean;
    /** Its counters since it was made. Those of the server count them in, also when the service is removed. */
    stats(): ServerStats;
    /**
     * Takes the service away, also while the server runs: from now on its path is one without a service, requests that are being
     * judged are HTTP 404, and its connections are closed. Resolves when they are: at the latest after `closeTimeoutMs`. Another one
     * may have the path at once. Rejects with `INVALID_ARGUMENT`; to remove it once more does nothing.
     *
     * @param code 1001, or as for `connection.close`. Default: 1001, after which clients come back, to be told that it is gone
     * @param reason at most 123 bytes of UTF-8. Default: "the service is removed"
     */
    remove(code?: number, reason?: string): Promise<void>;
}
/** A service of any server, whatever its packets and its state. */
type AnyService = WebsocketService<Packet, unknown, AnyConnection>;

/** The type of user ids where connections have users; unknown where they have none. */
type UserIdOf<C> = C extends {
    readonly userId: infer T;
} ? T : unknown;
/** What the connections of a service are, on a server whose own are `C`: with a user where those have one. */
type ServiceConnection<C, P extends Packet, D> = C extends {
    readonly userId: infer T;
} ? AuthConnection<T, P, D> : Connection<P, D>;
/** What a service does not take over from its server: what it says and understands. */
type Own = "connectionSuccessString" | "availableSubprotocols" | "packet" | "codec" | "handler";
/** What it takes over, unless it has its own: who may connect, and how much. */
type Inherited = ("origins" | "requireOrigin" | "httpAuthentication" | "verifyRequest" | "packetCasing" | "pingIntervalMs" | "heartbeat" | "closeTimeoutMs") | ("maxQueuedMessages" | "maxQueuedConnections" | "maxPayload" | "maxFragments" | "messageTimeoutMs" | "compression" | "sendQueue" | "rateLimit");
/**
 * The options of a service. What you leave out of who may connect and how much (`origins`, `requireOrigin`, `httpAuthentication`, `verifyRequest`,
 * `packetCasing`, `pingIntervalMs`, `heartbeat`, `closeTimeoutMs`, `maxPayload`, `maxFragments`, `maxQueuedMessages`, `maxQueuedConnections`, `messageTimeoutMs`,
 * `compression`, `sendQueue`, `rateLimit`) is the server's; all else has the default that it has for a server.
 */
interface ServiceOptions<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>, U = UserIdOf<C>> extends Pick<ServerOptions<P, D, C>, Own | Inherited> {
    /**
     * As for a server; on a server with authentication it is told the user as well. It is the service's alone: the server's is not
     * called for its connections.
     */
    createState?: ((request: UpgradeRequest, userId: U) => D | Promise<D>) | undefined;
    /** As for a server: one instance for one service. */
    connectionManager?: ConnectionManager<Connection<P, D>> | undefined;
    /** What it does, one instance for each connection: a subclass of `WebsocketBehavior`, or a function that makes one. */
    behavior?: BehaviorSource<P, D, C> | undefined;
}

/**
 * A WebSocket server. Events: `message`, `connection`, `error`, `ping`, `pong`, `server`; see `ServerEvents`. `P` is the type of packets,
 * `D` that of `connection.data`, `C` that of connections.
 */
declare class WebsocketServer<P extends Packet = Packet, D = undefined, C extends Connection<P, D> = Connection<P, D>> extends ServiceBase<P, D, C, ServerEvents<P, C>> {
    #private;
    /**
     * Checks the options; nothing is opened before `start()`.
     *
     * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
     */
    constructor(options?: ServerOptions<P, D, C>);
    /** Where it listens, the first endpoint; undefined while it does not. */
    get address(): ServerAddress | undefined;
    /** Where it listens, one for each endpoint; empty while it does not. */
    get addresses(): readonly ServerAddress[];
    /** Counters since the server was made, those of its services included. */
    stats(): ServerStats;
    /** The services by path, those aside that were removed. */
    get services(): ReadonlyMap<string, AnyService>;
    /**
     * Serves a path with connections, events and options of its own, before `start()` or while the server runs, until
     * `service.remove()`. What is at no service's path goes to the server itself: see option `path`. `connections`, `broadcast` and all
     * else of the server are of its own connections alone; `stats()` and `stop()` are of all.
     *
     * @param path `"/chat"`: this path alone, with or without a slash at the end, percent-decoded, case counting; `"/rooms/*"`: all below
     *   `/rooms`, what follows being `connection.channel`. The longest path wins. Option `path` is not put before it
     * @param given options; or a subclass of `WebsocketBehavior`, or a function that makes one, as of option `behavior`
     * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound; `INVALID_STATE` when there is a service at this path
     *   already, or the server is disposed
     */
    service<P2 extends Packet = Packet, D2 = undefined>(path: string, given?: ServiceOptions<P2, D2, ServiceConnection<C, P2, D2>, UserIdOf<C>> | BehaviorSource<P2, D2, ServiceConnection<C, P2, D2>>): WebsocketService<P2, D2, ServiceConnection<C, P2, D2>>;
    /**
     * Takes the upgrade requests of an HTTP server of yours: those for the service path and below. While this server is not started
     * they get HTTP 503, so that clients try again.
     * Others are HTTP 404; where others listen for `upgrade` too they are left to them, and with path `"/"` all but `"/"` itself.
     * Returns what detaches it; connections stay.
     *
     * @throws WebsocketsSimpleError `INVALID_ARGUMENT` unless it is a server of `node:http` or `node:https`; `INVALID_OPTION`;
     *   `INVALID_STATE` where another server is attached to it at the same path
     */
    attach(httpServer: OwnHttpServer, options?: AttachOptions): () => void;
    /**
     * Listens. Resolves with the bound address (of the first endpoint) once clients can connect. Attached, it opens no port of its
     * own unless you gave one, and tells the HTTP server's: 0 where that does not listen yet. May be called again, after a failure too.
     *
     * Rejects with `LISTEN_FAILED` (address, cause and what to do), or `INVALID_STATE` unless the server is stopped.
     */
    start(): Promise<ServerAddress>;
    /**
     * Stops: takes nobody in any more, closes every connection with 1001, waits for them up to `closeTimeoutMs`, destroys
     * what is left. Resolves when no socket and no timer is left; when already stopped, at once.
     */
    stop(): Promise<void>;
    /**
     * Shows a renewed certificate to whoever connects from now on; who is there stays. Give what has changed, `pfx` and
     * `passphrase`, or `key` and `cert`; all else stays as it was.
     *
     * @throws WebsocketsSimpleError `INVALID_OPTION` when it cannot be used, and then nothing has changed; `INVALID_STATE` on a
     *   server without option `tls`
     */
    reloadTls(renewed: ServerTlsOptions): void;
    /** Stops for good, and removes all listeners. */
    dispose(): Promise<void>;
    /** The same as `dispose()`, for `await using`. */
    [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A WebSocket server that lets in whom a user service knows by token. `T` is the type of user ids, `P` that of packets,
 * `D` that of `connection.data`.
 */
declare class WebsocketServerAuth<T, P extends Packet = Packet, D = undefined> extends WebsocketServer<P, D, AuthConnection<T, P, D>> {
    #private;
    /**
     * Checks the options; nothing is opened before `start()`.
     *
     * `T` is what `getId` answers. TypeScript reads the options first: beside a `createState`, make the service beforehand
     * or write `getId: (token: string) => …`, else `T` is unknown.
     *
     * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound; `INVALID_ARGUMENT` without a user service
     */
    constructor(options: AuthServerOptions<NoInfer<T>, P, D>, userService: UserService<T>);
    /**
     * Who is connected, by user id. A user comes with the first connection and goes with the last one. Connections of services are not
     * among them, nor are they sent to by `sendToUser`: each has its `userId`.
     */
    get identities(): ReadonlyMap<T, Identity<T, AuthConnection<T, P, D>>>;
    /**
     * Sends a text or a packet to all connections of a user, waiting for none. Resolves with the number of those whose
     * send queue took it: 0 when the user has none. Rejects with `INVALID_ARGUMENT`.
     */
    sendToUser(input: Sendable<P>, userId: T): Promise<number>;
    /** Sends a text or bytes as they are to all connections of a user; settles as `sendToUser` does. */
    sendToUserRaw(input: string | Uint8Array, userId: T): Promise<number>;
    /** Sends a text or a packet to all users: every connection here has one, so this is `broadcast`. */
    broadcastToAllAuthorizedUsers(input: Sendable<P>, options?: BroadcastOptions<AuthConnection<T, P, D>>): Promise<number>;
    /** Sends a text or bytes as they are to all users: `broadcastRaw`. */
    broadcastToAllAuthorizedUsersRaw(input: string | Uint8Array, options?: BroadcastOptions<AuthConnection<T, P, D>>): Promise<number>;
    /**
     * Closes all connections of a user, those of services included. Resolves with their number when they are closed: at the latest after
     * `closeTimeoutMs`. Code and reason as for `connection.close`.
     */
    disconnectUser(userId: T, code?: number, reason?: string): Promise<number>;
}

export { AuthConnection, CloseCode, Connection, ConnectionManager, Sessions, UpgradeRequest, WebsocketBehavior, WebsocketHandler, WebsocketServer, WebsocketServerAuth, WebsocketService, WebsocketsSimpleError, createPacket };
export type { AcceptOptions, AnyConnection, AnyMessageStream, AnyService, AttachOptions, AuthServerOptions, Behavior, BehaviorCalls, BehaviorCloseEvent, BehaviorErrorEvent, BehaviorMessageEvent, BehaviorSource, BroadcastOptions, ClientCertificate, Codec, CompressionOptions, ConnectionPeer, ConnectionState, DigestAlgorithm, EndpointOptions, ErrorCode, FindPassword, GuessLimitOptions, HeartbeatOptions, HttpAuthenticationOptions, HttpAuthenticationScheme, Identity, KnownPassword, LogFields, Logger, MessageStream, MessageStreamsOptions, MessageWriter, MessageWriterOptions, MessagesOptions, OrUndefined, OwnHttpServer, Packet, PacketCasing, PacketInput, RateLimitOptions, ReceivedMessage, RequestAcceptance, RequestListener, RequestRefusal, RequestVerdict, ResponseCookie, SendQueueOptions, Sendable, ServerAddress, ServerConnectionEvent, ServerErrorEvent, ServerEvents, ServerLimits, ServerMessageEvent, ServerOptions, ServerPingEvent, ServerStateEvent, ServerStats, ServerTlsOptions, ServiceConnection, ServiceEvents, ServiceOptions, StandardSchema, SweepOptions, SweepResult, TlsVersion, TokenPlace, UserIdOf, UserService, UserServiceLimits, VerifyHook, VerifyOptions };
