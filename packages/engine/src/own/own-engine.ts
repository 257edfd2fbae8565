import type { Acceptor, AcceptorOptions, Engine } from "../engine.ts";
import { Slab } from "../frames/slab.ts";
import { switchingProtocols } from "../handshake.ts";
import { Deadlines } from "./deadlines.ts";
import { Fan } from "./fan.ts";
import { PreparedFrame } from "./outgoing-frames.ts";
import { OwnSocket, type SocketContext } from "./own-socket.ts";
import { Turns } from "./turns.ts";

/** RFC 6455 by Node's public API alone: docs/engine.md. */
export const ownEngine: Engine = Object.freeze({
  name: "own",
  createAcceptor,
  prepare: (message: string | Uint8Array) => new PreparedFrame(message),
});

/** One for all: the more it gathers, the better. */
const slab = new Slab();
const fan = new Fan();
const turns = new Turns();

function createAcceptor({ closeTimeoutMs, ...limits }: AcceptorOptions): Acceptor {
  const closing = new Deadlines<OwnSocket>(closeTimeoutMs, (socket) => socket.terminate());
  const context: SocketContext = { slab, fan, limits, isClient: false, closing, turns };
  return {
    accept(request, stream, head, { subprotocol }, opened) {
      if (stream.destroyed || !stream.writable) return void stream.destroy();
      stream.write(switchingProtocols(request.headers["sec-websocket-key"] as string, subprotocol));
      const socket = new OwnSocket(stream, context);
      socket.begin(head, opened(socket));
    },
  };
}
