import { type Agreement, agree } from "../compression/agreement.ts";
import { Deflater } from "../compression/deflater.ts";
import { Inflater } from "../compression/inflater.ts";
import type { Acceptor, AcceptorOptions, CompressionOptions, Engine } from "../engine.ts";
import { Slab } from "../frames/slab.ts";
import { switchingProtocols } from "../handshake.ts";
import { Deadlines } from "./deadlines.ts";
import { Fan } from "./fan.ts";
import { prepareFrame } from "./outgoing-frames.ts";
import { type Compression, OwnSocket, type SocketContext } from "./own-socket.ts";
import { Turns } from "./turns.ts";

/** RFC 6455 by Node's public API alone: docs/engine.md. */
export const ownEngine: Engine = Object.freeze({
  name: "own",
  createAcceptor,
  prepare: prepareFrame,
});

/** One for all: the more it gathers, the better. */
const slab = new Slab();
const fan = new Fan();
const turns = new Turns();

function createAcceptor({ closeTimeoutMs, compression, ...limits }: AcceptorOptions): Acceptor {
  const closing = new Deadlines<OwnSocket>(closeTimeoutMs, (socket) => socket.terminate());
  const context: SocketContext = { slab, fan, limits, isClient: false, closing, turns };
  return {
    accept(request, stream, head, { subprotocol }, opened) {
      if (stream.destroyed || !stream.writable) return void stream.destroy();
      const offered = request.headers["sec-websocket-extensions"];
      const agreement = compression && offered !== undefined ? agree(offered, compression) : undefined;
      const key = request.headers["sec-websocket-key"] as string;
      stream.write(switchingProtocols(key, subprotocol, agreement?.header));
      const socket = new OwnSocket(stream, context, agreement && compression ? compressed(agreement, compression) : undefined);
      socket.begin(head, opened(socket));
    },
  };
}

function compressed({ inflate, deflate }: Agreement, { level, threshold }: CompressionOptions): Compression {
  return { inflater: new Inflater(inflate), deflater: new Deflater(deflate, level), threshold };
}
