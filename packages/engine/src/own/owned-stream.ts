import type { Duplex } from "node:stream";

/** Who is told what happens to a stream. */
export interface StreamOwner {
  /** It was read. */
  read(chunk: Buffer): void;
  /** The peer ended its side. */
  peerEnded(): void;
  /** It failed. */
  failed(error: Error): void;
  /** It is gone. */
  over(): void;
}

/** A stream that belongs to a connection: by this all connections share their listeners. */
interface OwnedStream extends Duplex {
  [OWNER]: StreamOwner;
}
const OWNER = Symbol("websocket");

/** From now on the owner is told. */
export function own(stream: Duplex, owner: StreamOwner): void {
  (stream as OwnedStream)[OWNER] = owner;
  stream.on("data", onData).on("end", onEnd).on("error", onError).on("close", onClose);
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[OWNER].read(chunk);
}

function onEnd(this: OwnedStream): void {
  this[OWNER].peerEnded();
}

function onError(this: OwnedStream, error: Error): void {
  this[OWNER].failed(error);
}

function onClose(this: OwnedStream): void {
  this[OWNER].over();
}
