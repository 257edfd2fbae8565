import { Assembly } from "./assembly.ts";
import { UTF8_BOUNDARY, type Utf8State } from "./utf8.ts";

/** Who takes a message piece by piece. */
export interface PieceSink {
  /** How large the message may become, in bytes. */
  readonly maxBytes: number;
  piece(bytes: Uint8Array): void;
  end(): void;
  /** It will not be complete. */
  cut(): void;
}

let begun = 0;

/** A message that has begun to come and is not complete. A connection with none under way has none. */
export class PartialMessage {
  /** Tells it from all others. */
  readonly id = ++begun;
  readonly opcode: number;
  readonly isCompressed: boolean;
  /** How large it may become, in bytes. */
  readonly bound: number;
  /** Who takes it; otherwise it is put together. */
  readonly pieces: PieceSink | undefined;
  readonly assembly: Assembly | undefined;
  /** What the headers so far have told of, in bytes; and how many fragments were put together. */
  declared = 0;
  fragments = 0;
  /** Of a text: where what has come ends. */
  utf8: Utf8State = UTF8_BOUNDARY;

  constructor(opcode: number, isCompressed: boolean, maxPayload: number, pieces: PieceSink | undefined) {
    this.opcode = opcode;
    this.isCompressed = isCompressed;
    this.bound = pieces?.maxBytes ?? maxPayload;
    this.pieces = pieces;
    this.assembly = pieces ? undefined : new Assembly();
  }
}
