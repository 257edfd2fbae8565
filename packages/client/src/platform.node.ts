import type { ClientRequest, IncomingMessage } from "node:http";
import { DEFAULT_LIMITS, judgeStatus, toError, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Platform, Refusal, SocketLike } from "./platform.ts";
import type { Target } from "./target.ts";

/** How much of a refusal's body is read, and for how long: enough for a sentence, not for a flood or a trickle. */
const MAX_BODY_BYTES = 4096;
const MAX_BODY_MS = 1000;

/** OpenSSL's and Node's names of "this certificate is not to be trusted". */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/;

/** What OpenSSL makes of an answer that is no TLS; the words depend on its version. */
const NO_TLS = /wrong version number|packet length too long/i;

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
  tokenPlaces: ["header", "subprotocol", "path", "query", "message"],
  heartbeat: true,
  options: { tls: ["object"], maxPayload: [[1, 2_147_483_647], DEFAULT_LIMITS.maxPayload] },
  page: undefined,

  createSocket(Implementation, target, { tls, maxPayload }, refused, pong) {
    const options = { ...tls, headers: target.headers, maxPayload, perMessageDeflate: false };
    const socket = new Implementation(target.url, [...target.protocols], options as never) as SocketLike & Partial<NodeSocket>;
    const drop = (): void => (socket.terminate ? socket.terminate() : socket.close());
    socket.on?.("unexpected-response", (_request: ClientRequest, response: IncomingMessage) => {
      readRefusal(target, response, (refusal) => {
        refused(refusal);
        drop();
      });
    });
    socket.on?.("error", (error: Error & { code?: string }) => refused(explain(target, error)));
    socket.on?.("pong", pong);
    // Messages may come in one read with the 101. Whoever awaited connect() has a turn to listen before they are told.
    socket.on?.("open", () => {
      socket.pause?.();
      setImmediate(() => socket.resume?.());
    });
    return {
      socket,
      drop,
      ping: socket.ping && (() => socket.ping?.()),
      send(message, done) {
        // Only `ws` tells when the kernel took the bytes; with another class, handing them to it is all there is to know.
        if (socket.terminate) return (socket as unknown as NodeSocket).send(message, (cause) => done(cause && lost(cause)));
        socket.send(message as never);
        done();
      },
    };
  },

  watch: () => () => {},
};

function lost(cause: Error): WebsocketsSimpleError {
  return new WebsocketsSimpleError("UNKNOWN", "the connection broke while the message was under way", { cause });
}

function readRefusal({ label, quote }: Target, response: IncomingMessage, done: (refusal: Refusal) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => response.destroy(), MAX_BODY_MS);
  const finish = (): void => {
    clearTimeout(timer);
    const status = response.statusCode ?? 0;
    const body = quote(Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString("utf8").trim());
    const said = body ? `: ${body}` : "";
    const seconds = Number(response.headers["retry-after"]);
    const code = { unauthorized: "UNAUTHORIZED", final: "REFUSED", retry: "CONNECT_FAILED" } as const;
    done({
      status,
      error: new WebsocketsSimpleError(
        code[judgeStatus(status)],
        `${label} answered HTTP ${status}${status < 300 ? ", so no WebSocket server is there" : ""}${said}`,
        { status },
      ),
      retryAfterMs: seconds >= 0 ? Math.min(seconds, 3600) * 1000 : undefined,
    });
  };
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) response.destroy();
  });
  response.once("close", finish);
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
      status: 400,
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
