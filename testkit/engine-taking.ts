import { createHash } from "node:crypto";
import type { Engine, IncomingPieces } from "../packages/engine/src/index.ts";

/** A message that came piece by piece. */
export class Pieces implements IncomingPieces {
  readonly maxBytes: number;
  readonly isText: boolean;
  readonly sizes: number[] = [];
  readonly hash = createHash("sha1");
  /** `end`, `cut` or nothing yet. */
  readonly ends: string[] = [];
  text = "";
  bytes = 0;

  constructor(isText: boolean, maxBytes: number) {
    this.isText = isText;
    this.maxBytes = maxBytes;
  }

  piece(bytes: Uint8Array): void {
    this.sizes.push(bytes.byteLength);
    this.bytes += bytes.byteLength;
    this.hash.update(bytes);
    if (this.bytes < 1_000) this.text += Buffer.from(bytes).toString("latin1");
  }

  end(): void {
    this.ends.push("end");
  }

  cut(): void {
    this.ends.push("cut");
  }
}

/** The engine, whose listeners take each message in pieces. */
export function taking(engine: Engine, taken: Pieces[], maxBytes: number): Engine {
  return {
    ...engine,
    createAcceptor(options) {
      const acceptor = engine.createAcceptor(options);
      return {
        accept: (request, stream, head, answer, opened) =>
          acceptor.accept(request, stream, head, answer, (socket) => ({
            ...opened(socket),
            begins(isText) {
              const pieces = new Pieces(isText, maxBytes);
              taken.push(pieces);
              return pieces;
            },
          })),
      };
    },
  };
}
