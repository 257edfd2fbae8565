import { type Complete, WebsocketsSimpleError } from "@websockets-simple/shared";

/** Bounds of what waits while the client is away. */
export interface OutboxOptions {
  /** The largest number of messages, 1 to 1,000,000. Default: 1,000. */
  maxMessages?: number | undefined;
  /** The largest number of bytes in all, 1 and up. Default: 1,048,576. */
  maxBytes?: number | undefined;
  /** How long a message waits, in milliseconds, 1 to 2,147,483,647. Default: 120,000. */
  maxAgeMs?: number | undefined;
}

/** Told once what became of a message. */
export type Settle = (error?: Error) => void;

type Send = (message: string | Uint8Array, settle: Settle) => void;

/** What was to be sent while there was no connection, in order. */
export interface Outbox {
  /** Keeps a message, or settles it with NOT_SENT when a bound is reached. */
  add(message: string | Uint8Array, settle: Settle): void;
  /** Hands everything over, oldest first, as long as it goes on: what cannot be sent would come back for ever. */
  flush(send: Send, goesOn?: () => boolean | undefined): void;
}

/** Makes an empty outbox. Each waiting message has a timer for its age; they end when it leaves. */
export function createOutbox({ maxMessages, maxBytes, maxAgeMs }: Complete<OutboxOptions>): Outbox {
  /** Each takes a message out and hands it over. */
  const entries = new Set<(send: Send) => void>();
  let bytes = 0;

  return {
    add(message, settle) {
      const isText = typeof message === "string";
      const size = isText ? new TextEncoder().encode(message).length : message.length;
      if (entries.size >= maxMessages || bytes + size > maxBytes) {
        return settle(
          notSent(`no room for ${size} bytes (options outbox.maxMessages: ${maxMessages}, outbox.maxBytes: ${maxBytes})`),
        );
      }
      // Whoever sends bytes may use their buffer again.
      const kept = isText ? message : new Uint8Array(message);
      const leave = (send: Send): void => {
        clearTimeout(timer);
        entries.delete(leave);
        bytes -= size;
        send(kept, settle);
      };
      const why = giveUp(`no connection for ${maxAgeMs} ms (option outbox.maxAgeMs)`);
      const timer = setTimeout(leave, maxAgeMs, why);
      entries.add(leave);
      bytes += size;
    },
    flush(send, goesOn = () => true) {
      for (const leave of entries) if (goesOn()) leave(send);
    },
  };
}

/** Instead of sending: settles a message with NOT_SENT. */
export function giveUp(why: string): Send {
  return (_message, settle) => settle(notSent(why));
}

/** The error of a message that was handed to a network which then failed. */
export function lost(cause?: Error): WebsocketsSimpleError {
  return new WebsocketsSimpleError("UNKNOWN", "the connection broke while the message was under way", { cause });
}

/** The error of a message that was never handed to the network. */
export function notSent(why: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("NOT_SENT", `not sent: ${why}`);
}
