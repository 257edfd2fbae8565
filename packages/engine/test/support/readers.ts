import { createRequire } from "node:module";
import { MessageReader, type MessageSink } from "../../src/frames/message-reader.ts";

/** What was made of some bytes. */
export interface Reading {
  readonly messages: string[];
  readonly pongs: string[];
  /** The close code, of the peer or of what it was refused for; undefined while the connection is open. */
  code?: number | undefined;
  isFault?: boolean;
}

export const LIMITS = { maxPayload: 100_000, maxFragments: 32 };

/** A message as a text that tells texts from bytes: to compare large arrays takes long. */
export const shown = (data: string | Uint8Array): string =>
  typeof data === "string" ? data : `bytes ${Buffer.from(data).toString("latin1")}`;

/** Notes what a reader tells, but for messages. */
export function noting(reading: Reading): Pick<MessageSink, "ping" | "pong" | "closing" | "broken"> {
  return {
    ping: (payload) => void reading.pongs.push(payload.toString("latin1")),
    pong: () => {},
    closing: ({ code }) => {
      reading.code = code;
    },
    broken: ({ code }) => {
      reading.code = code;
      reading.isFault = true;
    },
  };
}

/** Gives a reader the bytes in such chunks; each is its own. */
export function feed(reader: MessageReader, bytes: Buffer, cuts: readonly number[]): void {
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    reader.read(Buffer.from(bytes.subarray(start, cut)));
    start = cut;
  }
}

/** By our own reader, in such chunks. */
export function readByOwn(bytes: Buffer, cuts: readonly number[]): Reading {
  const reading: Reading = { messages: [], pongs: [] };
  const reader = new MessageReader(true, false, LIMITS, {
    message: (data) => reading.messages.push(shown(data)),
    compressed: () => {},
    ...noting(reading),
  });
  feed(reader, bytes, cuts);
  return reading;
}

/** The receiver of ws, which its package does not export by name. */
const { Receiver } = createRequire(import.meta.url)("ws") as {
  Receiver: new (options: object) => NodeJS.WritableStream & NodeJS.EventEmitter;
};

/** What ws calls its faults. */
export const WS_CODES: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
};

/** By ws, all at once. */
export function readByWs(bytes: Buffer): Reading {
  const reading: Reading = { messages: [], pongs: [] };
  const receiver = new Receiver({
    isServer: true,
    maxPayload: LIMITS.maxPayload,
    maxFragments: LIMITS.maxFragments,
    allowSynchronousEvents: true,
  });
  receiver.on("message", (data: Buffer, isBinary: boolean) => reading.messages.push(shown(isBinary ? data : data.toString())));
  receiver.on("ping", (payload: Buffer) => reading.pongs.push(payload.toString("latin1")));
  receiver.on("conclude", (code: number) => {
    reading.code = code;
  });
  receiver.on("error", () => {});
  let fault: (Error & { code?: string }) | null | undefined;
  const { _write } = receiver as unknown as {
    _write(chunk: Buffer, encoding: string, done: (error?: Error | null) => void): void;
  };
  _write.call(receiver, Buffer.from(bytes), "buffer", (error) => {
    fault = error;
  });
  if (fault) {
    reading.code = WS_CODES[fault.code ?? ""] ?? 1002;
    reading.isFault = true;
  }
  return reading;
}
