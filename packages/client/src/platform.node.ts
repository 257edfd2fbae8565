import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { takenBytes, writeGradually } from "@websockets-simple/engine/gradual-writes";
import { keepSmall } from "@websockets-simple/engine/keep-small";
import { CloseCode, DEFAULT_LIMITS, judgeStatus, type Rule, toError, WebsocketsSimpleError } from "@websockets-simple/shared";
import { notOpen, type PingingSocket, SocketPings } from "./node/pings.ts";
import { lost } from "./outbox.ts";
import type { Platform, Refusal, SocketLike } from "./platform.ts";
import { misplaced, type Target, TOKEN_PLACES } from "./target.ts";

/** How much of a refusal's body is read, and for how long: enough for a sentence, not for a flood or a trickle. */
const MAX_BODY_BYTES = 4096;
const MAX_BODY_MS = 1000;
/** How much of it is told, in characters. */
const MAX_TOLD = 300;

/** OpenSSL's and Node's names of "this certificate is not to be trusted". */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/;

/** What OpenSSL makes of an answer that is no TLS; the words depend on its version. */
const NO_TLS = /wrong version number|packet length too long/i;

/**
 * How long a message that had to wait may still be on its way after the kernel took the rest of it, in milliseconds: nobody
 * tells of that, and the answer to a ping comes behind it.
 */
const TAIL_MS = 30_000;

const isPem = (value: unknown): boolean =>
  value instanceof Uint8Array || (typeof value === "string" && value.includes("-----BEGIN "));

/** What Node would find wrong only when it connects. */
const checkTls: Rule = (value) => {
  if (typeof value !== "object" || !value) return "an object";
  const { ca } = value as { ca?: unknown };
  const isUsable = ca === undefined || isPem(ca) || (Array.isArray(ca) && ca.every(isPem));
  return isUsable ? undefined : "its ca in PEM, or a list of it: texts or bytes, not paths";
};

/** What `ws` has besides the WHATWG interface. */
interface NodeSocket {
  send(message: string | Uint8Array, done: (error?: Error) => void): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Node, where the socket is `ws`. */
export const platform: Platform = {
  tokenIn: {
    header(token) {
      // RFC 6750 section 2.1; anything else Node's HTTP refuses, without a word of the token.
      if (!/^[!-~]+( +[!-~]+)*$/.test(token)) throw misplaced("not plain ASCII without blanks at its ends, as a header needs");
      return { headers: { authorization: `Bearer ${token}` } };
    },
    ...TOKEN_PLACES,
  },
  heartbeat: true,
  options: {
    tls: [checkTls],
    maxPayload: [[1, 2_147_483_647], DEFAULT_LIMITS.maxPayload],
    noDelay: ["boolean", true],
    socketBufferBytes: [[1_024, 16_777_216]],
  },
  page: undefined,

  createSocket(Implementation, target, settings, refused, pong, listener) {
    const { tls, maxPayload, closeTimeoutMs, noDelay, socketBufferBytes } = settings;
    // A kilobyte each is more than honest servers make.
    const maxFragments = Math.max(1_024, Math.ceil(maxPayload / 1_024));
    const options = {
      ...tls,
      headers: target.headers,
      maxPayload,
      maxFragments,
      perMessageDeflate: false,
      closeTimeout: closeTimeoutMs,
      ...(socketBufferBytes !== undefined && { highWaterMark: socketBufferBytes }),
    };
    const socket = new Implementation(target.url, [...target.protocols], options as never) as SocketLike & Partial<NodeSocket>;
    const pings = new SocketPings(socket as PingingSocket, listener, pong);
    const drop = (): void => {
      pings.end();
      if (socket.terminate) socket.terminate();
      else socket.close();
    };
    let stream: Socket | undefined;
    let hadToWait = false;
    let lastTaken = 0;
    let drained = 0;
    let waitedAt = Number.NEGATIVE_INFINITY;
    let tail = 0;
    let answer: (() => Refusal) | undefined;
    socket.on?.("upgrade", (response: IncomingMessage) => {
      stream = response.socket;
      writeGradually(stream);
    });
    socket.on?.("unexpected-response", (_request: ClientRequest, response: IncomingMessage) => {
      const read = readRefusal(target, response, () => {
        refused(read());
        drop();
      });
      answer = read;
    });
    // When the answer's body breaks off, its status is known all the same.
    socket.on?.("error", (error: Error & { code?: string }) => refused(answer?.() ?? explain(target, error, maxPayload)));
    // Messages may come in one read with the 101. Whoever awaited connect() has a turn to listen before they are told.
    socket.on?.("open", () => {
      if (stream) keepSmall(socket as NodeSocket, stream);
      // ws has set it by now.
      if (noDelay === false) stream?.setNoDelay(false);
      socket.pause?.();
      setImmediate(() => socket.resume?.());
    });
    return {
      socket,
      drop,
      progress() {
        // Another class of the same shape.
        if (!stream) return -socket.bufferedAmount;
        const taken = stream.destroyed ? lastTaken : takenBytes(stream);
        // What the kernel takes into an empty buffer says nothing of the other side; that it takes what had to wait does.
        if (hadToWait) drained += taken - lastTaken;
        hadToWait = socket.bufferedAmount > 0;
        lastTaken = taken;
        if (performance.now() - waitedAt < TAIL_MS) tail++;
        return stream.bytesRead + drained + tail;
      },
      ping: pings.beat,
      roundTrip: (payload) => pings.send(payload),
      send(message, done) {
        // Only `ws` tells when the kernel took the bytes; with another class, handing them to it is all there is to know.
        if (!socket.terminate) {
          socket.send(message as never);
          return done();
        }
        let isTaken = false;
        (socket as unknown as NodeSocket).send(message, (cause) => {
          // Node 20 reports no error for a write that is cut off because its stream is destroyed.
          if (!isTaken) waitedAt = performance.now();
          done(cause || (!isTaken && stream?.destroyed) ? lost(cause) : undefined);
        });
        isTaken = socket.readyState === 1 && socket.bufferedAmount === 0;
      },
    };
  },

  ping(socket, payload) {
    const pinging = socket?.roundTrip?.(payload) ?? Promise.reject(notOpen());
    // Connections come and go: a ping that nobody waits for must not end the process.
    pinging.catch(() => {});
    return pinging;
  },

  watch: () => () => {},
};

/** Reads the answer to a refused handshake, and returns what tells the refusal as far as it has been read. */
function readRefusal({ label, quote }: Target, response: IncomingMessage, done: () => void): () => Refusal {
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
    const body = quoteEscaped(response.complete ? text : text.replace(/\uFFFD+$/, ""), quote).trim();
    // A page of HTML is for eyes, and says less than the status.
    const isTold = body && !/html/i.test(response.headers["content-type"] ?? "");
    const said = isTold ? `: ${body.slice(0, MAX_TOLD)}${body.length > MAX_TOLD ? " …" : ""}` : "";
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

/** Quotes a text in which JSON or a URL may have spelt the token otherwise: then it is shown as it reads. */
function quoteEscaped(text: string, quote: (text: string) => string): string {
  const read = text
    .replace(/\\u([\da-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll("\\/", "/")
    .replace(/%[\da-f]{2}/gi, (code) => code.toUpperCase());
  const shown = quote(read);
  return shown.includes("[token]") ? shown : quote(text);
}

function explain({ label, subprotocols }: Target, error: Error & { code?: string }, maxPayload: number): Refusal {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") {
    const why = `a message of more than ${maxPayload} bytes (option maxPayload)`;
    return { error: new WebsocketsSimpleError("CONNECTION_LOST", why, { closeCode: CloseCode.tooBig }) };
  }
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
    error.code === "ECONNREFUSED"
      ? ": is the server running?"
      : /^HPE_/.test(error.code ?? "")
        ? ": what is there does not speak HTTP"
        : detail === "socket hang up"
          ? ": is it a wss:// port?"
          : "";
  return { error: new WebsocketsSimpleError("CONNECT_FAILED", `${label}: ${detail}${hint}`, { cause: error }) };
}
