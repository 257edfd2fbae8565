import { checkRaw } from "./codec.ts";
import { WebsocketsSimpleError } from "./errors.ts";

/** The largest payload of a ping in bytes (RFC 6455 section 5.5). */
const MAX_BYTES = 125;
/** How many of an application's pings may wait for their pongs at the same time. */
const MAX_WAITING = 64;
const NOTHING = new Uint8Array(0);

/** A ping that was sent and is not answered yet. */
interface Waiting {
  readonly payload: Uint8Array;
  readonly sentAtMs: number;
  readonly mark: number;
  /** Absent where nobody waits: a heartbeat's. */
  readonly settle?: { resolve(ms: number): void; reject(error: Error): void };
}

/** What goes into a ping of the application's; undefined: something that no other ping of the connection has. Bytes are copied. */
export function pingPayload(given: string | Uint8Array | undefined): Uint8Array | undefined {
  if (given === undefined) return undefined;
  checkRaw(given);
  const bytes = typeof given === "string" ? new TextEncoder().encode(given) : new Uint8Array(given);
  if (bytes.length <= MAX_BYTES) return bytes;
  throw new WebsocketsSimpleError(
    "INVALID_ARGUMENT",
    `ping: expected a payload of at most ${MAX_BYTES} bytes (RFC 6455 section 5.5); got ${bytes.length}`,
  );
}

/**
 * The round trips of one connection: pings by their payloads, in the order that they were sent. A pong may answer only the last
 * of several pings (RFC 6455 section 5.5.3), so that whatever was sent before it is answered as well.
 */
export class RoundTrips {
  /** The last that was measured, in milliseconds; undefined before. */
  latencyMs: number | undefined;
  /** Undefined while nothing waits, as it mostly is. */
  #waiting: Waiting[] | undefined;
  #made = 0;

  /**
   * Begins one that the application waits for.
   *
   * @param mark what `answered` tells
   * @returns what to send, and the round trip in milliseconds
   * @throws WebsocketsSimpleError `NOT_SENT` when too many wait
   */
  begin(given: Uint8Array | undefined, nowMs: number, mark = 0): { payload: Uint8Array; whenAnswered: Promise<number> } {
    const waiting = this.#waiting ?? [];
    if (waiting.length >= MAX_WAITING)
      throw new WebsocketsSimpleError("NOT_SENT", `not sent: ${MAX_WAITING} pings wait for their pongs already`);
    const payload = given ?? this.#payload();
    const whenAnswered = new Promise<number>((resolve, reject) => {
      waiting.push({ payload, sentAtMs: nowMs, mark, settle: { resolve, reject } });
    });
    this.#waiting = waiting;
    return { payload, whenAnswered };
  }

  /** Begins one of a heartbeat's, which has no payload, in place of the one before it: whoever answers none of them makes no pile. */
  beginBeat(nowMs: number, mark = 0): void {
    this.#waiting = [...(this.#waiting?.filter(({ settle }) => settle) ?? []), { payload: NOTHING, sentAtMs: nowMs, mark }];
  }

  /**
   * A pong came.
   *
   * @returns the mark of the ping that it answers; undefined when it answers none
   */
  answered(payload: Uint8Array, nowMs: number): number | undefined {
    const waiting = this.#waiting;
    const index = waiting?.findIndex((ping) => isSame(ping.payload, payload)) ?? -1;
    const found = waiting?.[index];
    if (!waiting || !found) return undefined;
    this.latencyMs = nowMs - found.sentAtMs;
    const answered = waiting.splice(0, index + 1);
    if (waiting.length === 0) this.#waiting = undefined;
    for (const { settle, sentAtMs } of answered) settle?.resolve(nowMs - sentAtMs);
    return found.mark;
  }

  /** The connection is over: nothing is answered any more. */
  end(why: string): void {
    for (const { settle } of this.#waiting?.splice(0) ?? [])
      settle?.reject(new WebsocketsSimpleError("UNKNOWN", `the connection ended before the pong came: ${why}`));
  }

  #payload(): Uint8Array {
    const count = this.#made++;
    return Uint8Array.of(count >>> 24, count >>> 16, count >>> 8, count);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
