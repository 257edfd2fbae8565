import type { Duplex } from "node:stream";
import { type Engine, ownEngine } from "../../src/index.ts";

/** What a stream's handle is to whoever looks for it: there, but of no use. */
const NO_USE = Object.freeze({});

/**
 * Our engine on a Node whose handles do not tell any more what libuv knows: the engine is given each stream as it is, but
 * for its handle.
 */
export const withoutHandle: Engine = {
  ...ownEngine,
  createAcceptor(options) {
    const acceptor = ownEngine.createAcceptor(options);
    return {
      accept: (request, stream, head, answer, opened) => acceptor.accept(request, hidden(stream), head, answer, opened),
    };
  },
  connect: (stream, options, listener) => ownEngine.connect(stream, options, listener),
};

function hidden(stream: Duplex): Duplex {
  return new Proxy(stream, {
    get(target, name) {
      if (name === "_handle") return NO_USE;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
