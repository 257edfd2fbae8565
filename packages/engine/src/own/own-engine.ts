import type { Duplex } from "node:stream";
import { type Agreement, agree, judgeAnswer } from "../compression/agreement.ts";
import { Deflater } from "../compression/deflater.ts";
import { Inflater } from "../compression/inflater.ts";
import type { Acceptor, AcceptorOptions, CompressionOptions, ConnectListener, ConnectOptions, Engine } from "../engine.ts";
import { Slab } from "../frames/slab.ts";
import { switchingProtocols } from "../handshake.ts";
import { request } from "../request.ts";
import { Turns } from "../turns.ts";
import { headerList, headerValues } from "../upgrade-check.ts";
import { Deadlines } from "./deadlines.ts";
import { Fan } from "./fan.ts";
import { prepareFrame } from "./outgoing-frames.ts";
import { type Compression, OwnSocket, type SocketContext } from "./own-socket.ts";

/** RFC 6455 by Node's public API alone: docs/engine.md. */
export const ownEngine: Engine = Object.freeze({
  name: "own",
  createAcceptor,
  connect,
  prepare: prepareFrame,
});

/** One for all: the more it gathers, the better. */
const slab = new Slab();
const fan = new Fan();
const turns = new Turns();

function connect(stream: Duplex, options: ConnectOptions, listener: ConnectListener): void {
  const { compression, closeTimeoutMs, ...limits } = options;
  request(stream, options, {
    ...listener,
    upgraded(response, head) {
      const header = response.headers["sec-websocket-extensions"];
      const agreement = header !== undefined && compression ? judgeAnswer(header, compression) : undefined;
      if (header !== undefined && !agreement) {
        stream.destroy();
        return listener.failed(new Error(`the server agreed on what was not offered: Sec-WebSocket-Extensions: ${header}`));
      }
      const closing = new Deadlines<OwnSocket>(closeTimeoutMs, (socket) => socket.terminate());
      const context: SocketContext = { slab, fan, limits, isClient: true, closing, turns };
      const socket = new OwnSocket(stream, context, agreement && compression ? compressed(agreement, compression) : undefined);
      socket.begin(head, listener.opened(socket, response));
    },
  });
}

function createAcceptor({ closeTimeoutMs, compression, ...limits }: AcceptorOptions): Acceptor {
  const closing = new Deadlines<OwnSocket>(closeTimeoutMs, (socket) => socket.terminate());
  const context: SocketContext = { slab, fan, limits, isClient: false, closing, turns };
  return {
    accept(request, stream, head, answer, opened) {
      if (stream.destroyed || !stream.writable) return void stream.destroy();
      const { rawHeaders } = request;
      const offered = compression && headerList(rawHeaders, "sec-websocket-extensions");
      const agreement = compression && offered !== undefined ? agree(offered, compression) : undefined;
      const key = headerValues(rawHeaders, "sec-websocket-key")[0] as string;
      stream.write(switchingProtocols(key, answer, agreement?.header), "latin1");
      const socket = new OwnSocket(stream, context, agreement && compression ? compressed(agreement, compression) : undefined);
      socket.begin(head, opened(socket));
    },
  };
}

function compressed({ inflate, deflate }: Agreement, { level, threshold }: CompressionOptions): Compression {
  return { inflater: new Inflater(inflate), deflater: new Deflater(deflate, level), threshold };
}
