import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { DEFAULT_LIMITS, judgeStatus, toError, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Platform, Refusal, SocketLike } from "./platform.ts";
import { misplaced, type Target, TOKEN_PLACES } from "./target.ts";

/** How much of a refusal's body is read, and for how long: enough for a sentence, not for a flood or a trickle. */
const MAX_BODY_BYTES = 4096;
const MAX_BODY_MS = 1000;

/** OpenSSL's and Node's names of "this certificate is not to be trusted". */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/;

/** What OpenSSL makes of an answer that is no TLS; the words depend on its version. */
const NO_TLS = /wrong version number|packet length too long/i;

/** What libuv knows of a stream: bytes that it was given, and those that the kernel has not taken yet. */
interface Handle {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
  /** Under TLS: the handle below. */
  readonly _parent?: Handle;
}
type Stream = Socket & { readonly _handle?: Handle | null };

/** What `ws` has besides the WHATWG interface. */
interface NodeSocket {
  send(message: string | Uint8Array, done: (error?: Error) => void): void;
  terminate(): void;
  ping(): void;
  pause(): void;
  resume(): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Node, where the socket is `ws`. */
export const platform: Platform = {
  tokenIn: {
    header(token) {
      // RFC 6750 section 2.1; anything else Node's HTTP refuses, without a word of the token.
      if (!/^[!-~]+( +[!-~]+)*$/.test(token)) throw misplaced("not plain ASCII, as a header needs");
      return { headers: { authorization: `Bearer ${token}` } };
    },
    ...TOKEN_PLACES,
  },
  heartbeat: true,
  options: { tls: ["object"], maxPayload: [[1, 2_147_483_647], DEFAULT_LIMITS.maxPayload] },
  page: undefined,

  createSocket(Implementation, target, { tls, maxPayload }, refused, pong) {
    // ws keeps a read of up to 64 KiB for a fragment, however small. A kilobyte each is more than honest servers make.
    const maxFragments = Math.max(1_024, Math.ceil(maxPayload / 1_024));
    const options = { ...tls, headers: target.headers, maxPayload, maxFragments, perMessageDeflate: false };
    const socket = new Implementation(target.url, [...target.protocols], options as never) as SocketLike & Partial<NodeSocket>;
    const drop = (): void => (socket.terminate ? socket.terminate() : socket.close());
    let stream: Stream | undefined;
    let hadToWait = false;
    let lastTaken = 0;
    let drained = 0;
    let answer: (() => Refusal) | undefined;
    socket.on?.("upgrade", (response: IncomingMessage) => {
      stream = response.socket;
    });
    socket.on?.("unexpected-response", (_request: ClientRequest, response: IncomingMessage) => {
      const read = readRefusal(target, response, () => {
        refused(read());
        drop();
      });
      answer = read;
    });
    // When the answer's body breaks off, its status is known all the same.
    socket.on?.("error", (error: Error & { code?: string }) => refused(answer?.() ?? explain(target, error)));
    socket.on?.("pong", pong);
    // Messages may come in one read with the 101. Whoever awaited connect() has a turn to listen before they are told.
    socket.on?.("open", () => {
      socket.pause?.();
      setImmediate(() => socket.resume?.());
    });
    return {
      socket,
      drop,
      progress() {
        const { bytesRead = 0 } = stream ?? {};
        const taken = stream ? takenFrom(stream, socket.bufferedAmount) : 0;
        // What the kernel takes into an empty buffer says nothing of the other side; that it takes what had to wait does.
        if (hadToWait) drained += taken - lastTaken;
        hadToWait = socket.bufferedAmount > 0;
        lastTaken = taken;
        return bytesRead + drained;
      },
      ping: socket.ping && (() => socket.readyState === 1 && socket.ping?.()),
      send(message, done) {
        // Only `ws` tells when the kernel took the bytes; with another class, handing them to it is all there is to know.
        if (!socket.terminate) {
          socket.send(message as never);
          return done();
        }
        let isTaken = false;
        (socket as unknown as NodeSocket).send(message, (cause) => {
          // Node 20 reports no error for a write that is cut off because its stream is destroyed.
          done(cause || (!isTaken && stream?.destroyed) ? lost(cause) : undefined);
        });
        isTaken = socket.readyState === 1 && socket.bufferedAmount === 0;
      },
    };
  },

  watch: () => () => {},
};

/** Bytes that the kernel took, in the middle of a write too where Node's handle tells; else those of whole writes. */
function takenFrom(stream: Stream, bufferedAmount: number): number {
  const { bytesWritten, writeQueueSize } = stream._handle?._parent ?? stream._handle ?? {};
  if (bytesWritten !== undefined && writeQueueSize !== undefined) return bytesWritten - writeQueueSize;
  return stream.bytesWritten - bufferedAmount;
}

function lost(cause: Error | undefined): WebsocketsSimpleError {
  return new WebsocketsSimpleError("UNKNOWN", "the connection broke while the message was under way", { cause });
}

/** Reads the answer to a refused handshake, and returns what tells the refusal as far as it has been read. */
function readRefusal({ label, quote, secrets }: Target, response: IncomingMessage, done: () => void): () => Refusal {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => response.destroy(), MAX_BODY_MS);
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) response.destroy();
  });
  response.once("close", () => {
    clearTimeout(timer);
    done();
  });
  return () => {
    const status = response.statusCode ?? 0;
    const text = Buffer.concat(chunks).toString("utf8");
    const body = quote(response.complete ? text : withoutPart(text, secrets))
      .trim()
      .slice(0, MAX_BODY_BYTES);
    const said = body ? `: ${body}` : "";
    const seconds = Number(response.headers["retry-after"]);
    return {
      error: new WebsocketsSimpleError(
        judgeStatus(status),
        `${label} answered HTTP ${status}${status < 300 ? ", so no WebSocket server is there" : ""}${said}`,
        { status },
      ),
      retryInMs: seconds >= 0 ? Math.min(seconds, 3600) * 1000 : undefined,
    };
  };
}

/** A text that was cut off, maybe inside the token, which `quote` would not know by its beginning: without that. */
function withoutPart(text: string, secrets: readonly string[]): string {
  const cut = text.replace(/\uFFFD+$/, "");
  const lengths = secrets.map((secret) => {
    let length = Math.min(secret.length, cut.length);
    while (!cut.endsWith(secret.slice(0, length))) length--;
    return length;
  });
  return cut.slice(0, cut.length - Math.max(0, ...lengths));
}

function explain({ label, subprotocols }: Target, error: Error & { code?: string }): Refusal {
  if (UNTRUSTED.test(error.code ?? "")) {
    const what =
      "the server's certificate is not trusted; give its authority as option tls.ca, or let the server use a certificate for this host";
    return { error: toError("TLS_FAILED", `${label}: ${what}`, error) };
  }
  if (/subprotocol/.test(error.message)) {
    const offered = subprotocols.length > 0 ? subprotocols.join(", ") : "none";
    return {
      error: new WebsocketsSimpleError("REFUSED", `${label}: ${error.message} (option subprotocols: ${offered})`, {
        cause: error,
      }),
    };
  }
  if (NO_TLS.test(error.message)) {
    const what = "the server does not speak TLS on this port; use ws://, or the port of its wss";
    return { error: new WebsocketsSimpleError("CONNECT_FAILED", `${label}: ${what}`, { cause: error }) };
  }
  // An AggregateError (several addresses tried) has an empty message; its code says what happened.
  const detail = error.message || error.code || error.name;
  const hint =
    error.code === "ECONNREFUSED" ? ": is the server running?" : detail === "socket hang up" ? ": is it a wss:// port?" : "";
  return { error: new WebsocketsSimpleError("CONNECT_FAILED", `${label}: ${detail}${hint}`, { cause: error }) };
}
