import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type ClientOptions, type PerMessageDeflateOptions, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { checkSwitch, whyNoSwitch } from "../answer-check.ts";
import { beginAttempt } from "../attempt.ts";
import { firstOffer } from "../compression/agreement.ts";
import type {
  Acceptor,
  AcceptorOptions,
  CompressionOptions,
  ConnectListener,
  ConnectOptions,
  Engine,
  HeaderLines,
} from "../engine.ts";
import { Turns } from "../turns.ts";
import { headerList, headerValues } from "../upgrade-check.ts";
import { PreparedBytes, WsSocket } from "./ws-socket.ts";

/** Options that ws 8.23 documents and its types do not know yet. */
interface NewerOptions {
  closeTimeout: number;
  maxFragments: number;
  maxBufferedChunks: number;
}

/** The `ws` package behind the interface. */
export const wsEngine: Engine = Object.freeze({
  name: "ws",
  createAcceptor,
  connect,
  prepare: (message: string | Uint8Array) => new PreparedBytes(message),
});

const turns = new Turns();
const NONE: HeaderLines = Object.freeze([]);

function createAcceptor(options: AcceptorOptions): Acceptor {
  const settings: ServerOptions & NewerOptions = { ...common(options), noServer: true, clientTracking: false };
  const server = new WebSocketServer(settings);
  /** Of the answer that is being written: ws writes it before `handleUpgrade` returns. */
  let further: HeaderLines = NONE;
  server.on("headers", (lines) => void lines.push(...further.map(([name, value]) => `${name}: ${value}`)));

  return {
    accept(request, stream, head, answer, opened) {
      // ws judges requests once more, by rules that differ in detail. It is shown only what was decided already.
      const headers: Record<string, string | undefined> = {
        upgrade: "websocket",
        "sec-websocket-key": headerValues(request.rawHeaders, "sec-websocket-key")[0],
        "sec-websocket-version": "13",
      };
      const offered = headerList(request.rawHeaders, "sec-websocket-extensions");
      const { windowBits = 15 } = options.compression ?? {};
      // Where its own window is bounded, ws takes no offer of a smaller one.
      const leastBits = windowBits < 15 ? windowBits : 8;
      const extensions = options.compression && offered !== undefined ? firstOffer(offered, leastBits) : undefined;
      if (extensions !== undefined) headers["sec-websocket-extensions"] = extensions;
      if (answer.subprotocol !== undefined) headers["sec-websocket-protocol"] = answer.subprotocol;
      const judged = { method: "GET", url: "/", headers } as unknown as IncomingMessage;
      further = answer.headers ?? NONE;
      server.handleUpgrade(judged, stream, head, (socket) => {
        const made = new WsSocket(socket, stream, options.maxPayload, turns);
        // Whoever read the request may have paused it.
        stream.resume();
        made.begin(opened(made));
      });
    },
  };
}

function common(options: AcceptorOptions) {
  return {
    perMessageDeflate: options.compression ? deflateOptions(options.compression) : false,
    autoPong: false,
    skipUTF8Validation: false,
    maxPayload: options.maxPayload,
    maxFragments: options.maxFragments,
    maxBufferedChunks: options.maxFragments * 4,
    closeTimeout: options.closeTimeoutMs,
  };
}

function connect(stream: Duplex, options: ConnectOptions, listener: ConnectListener): void {
  const { host, target, headers, subprotocols } = options;
  const settings: ClientOptions & NewerOptions = {
    ...common(options),
    headers,
    createConnection: () => stream as never,
  };
  const socket = new WebSocket(`ws://${host}${target}`, [...subprotocols], settings);
  let response: IncomingMessage | undefined;
  const { end, fail } = beginAttempt(stream, options, listener);
  socket.once("upgrade", (answer) => {
    response = answer;
    // ws judges the rest.
    const wrong = checkSwitch(answer);
    if (!wrong) return;
    fail(new Error(wrong));
    socket.terminate();
  });
  socket.once("unexpected-response", (_, answer) => {
    if (answer.statusCode === 101) fail(new Error(whyNoSwitch(answer)));
    else end(() => listener.refused(answer));
  });
  socket.on("error", fail);
  socket.once("open", () =>
    end(() => {
      const made = new WsSocket(socket, stream, options.maxPayload, turns);
      made.begin(listener.opened(made, response as IncomingMessage));
    }),
  );
}

function deflateOptions({ threshold, level, contextTakeover, windowBits }: CompressionOptions): PerMessageDeflateOptions {
  return {
    threshold,
    // False would have ws refuse who asks for it.
    ...(!contextTakeover && { serverNoContextTakeover: true, clientNoContextTakeover: true }),
    ...(windowBits < 15 && { serverMaxWindowBits: windowBits }),
    zlibDeflateOptions: { level },
    concurrencyLimit: 3,
  };
}
