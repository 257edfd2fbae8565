import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { keepSmall } from "@websockets-simple/engine/keep-small";
import { DEFAULT_LIMITS, type OptionTable, WebsocketsSimpleError } from "@websockets-simple/shared";
import { credentialsTable } from "./credentials-option.node.ts";
import { EngineWebSocket } from "./engine-socket.node.ts";
import { lost } from "./outbox.ts";
import { notOpen, SocketPings } from "./pings.node.ts";
import type { Platform, Refusal, SocketLike, SocketOptions } from "./platform.ts";
import { Progress } from "./progress.node.ts";
import { checkProxy } from "./proxy-option.node.ts";
import { explain, readRefusal } from "./refusal.node.ts";
import { REQUEST_RULES, requestHeaders } from "./request.node.ts";
import { useSocket } from "./streams.node.ts";
import { misplaced, TOKEN_PLACES } from "./target.ts";
import { tlsRule, tlsSettings } from "./tls.node.ts";

export { ClientEmitter } from "./streams.node.ts";

/** What `ws` has besides the WHATWG interface. */
interface NodeSocket {
  send(message: string | Uint8Array, done: (error?: Error) => void): void;
  terminate(): void;
  ping(payload?: Uint8Array): void;
  pause(): void;
  resume(): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

const COMPRESSION: OptionTable = {
  threshold: [[0, 1_073_741_824], 1_024],
  level: [[1, 9], 6],
  contextTakeover: ["boolean", false],
  windowBits: [[9, 15], 15],
};

/**
 * Whether our own engine takes the place of `ws`.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION` where neither is meant
 */
function needsEngine({ followRedirects, compression, credentials, proxy, streams, webSocket }: SocketOptions): boolean {
  const wanted = { followRedirects, compression, credentials, proxy, streams };
  const option = Object.entries(wanted).find(([, value]) => value)?.[0];
  if (option && webSocket)
    throw new WebsocketsSimpleError("INVALID_OPTION", `option ${option}: not with option webSocket, which does that by itself`);
  return option !== undefined;
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
    tls: [tlsRule("tls")],
    maxPayload: [[1, 2_147_483_647], DEFAULT_LIMITS.maxPayload],
    noDelay: ["boolean", true],
    socketBufferBytes: [[1_024, 16_777_216]],
    followRedirects: [[0, 20], 0],
    compression: [COMPRESSION, false],
    credentials: [credentialsTable("credentials")],
    proxy: [checkProxy],
    streams: ["boolean", false],
    ...REQUEST_RULES,
  },
  page: undefined,

  createSocket(Implementation, target, given, refused, pong, listener) {
    const { tls, maxPayload, closeTimeoutMs, noDelay, socketBufferBytes } = given;
    if (needsEngine(given)) {
      const socket = new EngineWebSocket(target, given, refused, pong, listener);
      useSocket(listener, socket, maxPayload);
      return socket;
    }
    useSocket(listener, undefined, maxPayload);
    // A kilobyte each is more than honest servers make.
    const maxFragments = Math.max(1_024, Math.ceil(maxPayload / 1_024));
    const options = {
      ...tlsSettings(tls),
      headers: requestHeaders(given, target),
      maxPayload,
      maxFragments,
      perMessageDeflate: false,
      closeTimeout: closeTimeoutMs,
      ...(socketBufferBytes !== undefined && { highWaterMark: socketBufferBytes }),
    };
    const socket = new Implementation(target.url, [...target.protocols], options as never) as SocketLike & Partial<NodeSocket>;
    const ping = socket.ping && ((payload?: Uint8Array): void => socket.ping?.(payload));
    const pings = new SocketPings(ping, () => socket.readyState === 1, listener, pong);
    socket.on?.("ping", (payload: Uint8Array) => pings.pinged(payload));
    socket.on?.("pong", (payload: Uint8Array) => pings.ponged(payload));
    const drop = (): void => {
      pings.end();
      if (socket.terminate) socket.terminate();
      else socket.close();
    };
    let stream: Socket | undefined;
    let progress: Progress | undefined;
    let answer: (() => Refusal) | undefined;
    socket.on?.("upgrade", (response: IncomingMessage) => {
      stream = response.socket;
      progress = new Progress(stream);
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
      // Another class of the same shape has no stream.
      progress: () => progress?.count(socket.bufferedAmount) ?? -socket.bufferedAmount,
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
          if (!isTaken) progress?.waited();
          done(cause || (!isTaken && progress?.isOver) ? lost(cause) : undefined);
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
