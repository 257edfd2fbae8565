import { Duplex } from "node:stream";
import { below, oneOf } from "../../../../testkit/fuzz/compressed-payloads.ts";
import { frame, Opcode, within } from "../../../../testkit/raw-socket.ts";
import { type Agreement, agree, judgeAnswer } from "../../src/compression/agreement.ts";
import { Deflater } from "../../src/compression/deflater.ts";
import { Inflater } from "../../src/compression/inflater.ts";
import type { CompressionOptions, OutgoingMessage, OutgoingPieces } from "../../src/engine.ts";
import { Slab } from "../../src/frames/slab.ts";
import { Deadlines } from "../../src/own/deadlines.ts";
import { Fan } from "../../src/own/fan.ts";
import { OwnSocket } from "../../src/own/own-socket.ts";
import { Turns } from "../../src/turns.ts";
import { shown } from "./readers.ts";
import type { WriteTerms } from "./written-frames.ts";

type Chance = () => number;

/** What sockets share, as those of one acceptor do. */
const shared = { slab: new Slab(), fan: new Fan(), turns: new Turns(), limits: { maxPayload: 1_000_000, maxFragments: 32 } };

/** One connection of ours in the hands of a fuzzer: what it is told to send, and what it writes. */
export class FuzzedSender {
  readonly socket: OwnSocket;
  /** The header that says what was agreed on. */
  readonly agreed: string | undefined;
  /** What may be compressed, as the header says. */
  readonly terms: WriteTerms | undefined;
  /** What is to arrive, in order. */
  readonly expected: string[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #stream: Duplex;
  readonly #isClient: boolean;
  #pieces: OutgoingPieces | undefined;
  #said = "";
  #place = 0;
  #taken = 0;
  #wake = (): void => {};

  constructor(isClient: boolean, options: CompressionOptions, chance: Chance) {
    this.#isClient = isClient;
    this.#stream = new Duplex({
      read() {},
      write: (bytes: Buffer, _, done) => {
        const take = (): void => {
          // Only now: until then nobody may change them.
          this.#chunks.push(Buffer.from(bytes));
          done();
        };
        if (chance() < 0.1) setImmediate(take);
        else take();
      },
    });
    const agreement = isClient ? judgeAnswer(randomAnswer(options, chance), options) : agree(randomOffer(chance), options);
    this.agreed = agreement?.header;
    this.terms = agreement && termsOf(agreement, isClient ? "client" : "server", options.threshold);
    const closing = new Deadlines<OwnSocket>(1_000, (socket) => socket.terminate());
    this.socket = new OwnSocket(
      this.#stream,
      { ...shared, isClient, closing },
      agreement && {
        inflater: new Inflater(agreement.inflate),
        deflater: new Deflater(agreement.deflate, options.level),
        threshold: options.threshold,
      },
    );
    this.socket.begin(Buffer.alloc(0), {
      message() {},
      taken: (count) => {
        this.#taken += count;
        this.#wake();
      },
      blocked() {},
      drained() {},
      failed() {},
      closed() {},
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  send(message: OutgoingMessage, said: string): void {
    this.expected.push(said);
    this.socket.send(message);
  }

  /** The peer pings, and is answered some time. */
  ping(): void {
    this.#stream.push(frame(Opcode.ping, "?", { masked: !this.#isClient }));
  }

  /** Sends a piece of a message that is sent in pieces; it is begun where need be. */
  piece(text: string): void {
    if (!this.#pieces) {
      this.#pieces = this.socket.beginMessage(true);
      this.#said = "";
      this.#place = this.expected.push("") - 1;
    }
    this.#pieces?.write(Buffer.from(text));
    this.#said += text;
  }

  /** Ends it. */
  endPieces(): void {
    if (!this.#pieces) return;
    this.#pieces.end();
    this.#pieces = undefined;
    this.expected[this.#place] = shown(this.#said);
  }

  /** Waits until all has left. */
  async allLeft(): Promise<void> {
    this.endPieces();
    const all = async (): Promise<void> => {
      while (this.#taken < this.expected.length) await new Promise<void>((resolve) => (this.#wake = resolve));
    };
    await within("all taken", all());
    this.#stream.destroy();
  }
}

function randomOffer(chance: Chance): string {
  if (chance() < 0.1) return "x-other";
  return [
    "permessage-deflate",
    ...(chance() < 0.2 ? ["server_no_context_takeover"] : []),
    ...(chance() < 0.2 ? ["client_no_context_takeover"] : []),
    ...(chance() < 0.4 ? [`server_max_window_bits=${8 + below(8, chance)}`] : []),
    ...(chance() < 0.4 ? [oneOf(["client_max_window_bits", "client_max_window_bits=9"], chance)] : []),
  ].join("; ");
}

/** What a server may answer to our offer. */
function randomAnswer({ contextTakeover, windowBits }: CompressionOptions, chance: Chance): string {
  return [
    "permessage-deflate",
    ...(!contextTakeover || chance() < 0.2 ? ["server_no_context_takeover"] : []),
    ...(!contextTakeover || chance() < 0.2 ? ["client_no_context_takeover"] : []),
    ...(windowBits < 15 || chance() < 0.2 ? [`server_max_window_bits=${windowBits}`] : []),
    ...(chance() < 0.4 ? [`client_max_window_bits=${8 + below(8, chance)}`] : []),
  ].join("; ");
}

/** By the header alone, as the other side reads it. */
function termsOf({ header }: Agreement, side: "client" | "server", threshold: number): WriteTerms {
  const bits = new RegExp(`${side}_max_window_bits=(\\d+)`).exec(header)?.[1];
  return { keepsContext: !header.includes(`${side}_no_context_takeover`), windowBits: Number(bits ?? 15), threshold };
}
