import {
  type CodecOptions,
  checkRaw,
  encodePacket,
  type Packet,
  type Sendable,
  toError,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { EngineSocket, TextBytes } from "./socket.ts";

/** What may wait for a peer who reads slowly. */
export interface SendQueueOptions {
  /** Bytes a connection that may wait, 1 to 1,073,741,824; also the largest message that can be sent. Default: 1,048,576. */
  maxBytes?: number;
  /** What happens beyond it: close the connection with 4408, or refuse the new message. Default: `"disconnect"`. */
  onOverflow?: "disconnect" | "drop-newest";
  /**
   * How long a queue may stand still before the connection is closed with 4408, in milliseconds, 1 to 2,147,483,647. It
   * moves when the system takes any byte of it, however large the message; the system takes more whenever about a third of
   * its own send buffer has become free. Who reads too slowly for that is closed as who does not read. Default: 10,000.
   */
  stallTimeoutMs?: number;
}

/** One message, encoded once for however many receivers. */
export interface Payload<P extends Packet> {
  /** As `sent` events tell it. */
  readonly message: string | Uint8Array;
  readonly packet?: P;
  readonly wire: TextBytes | Uint8Array;
  readonly bytes: number;
}

/** Makes a payload of a text or a packet. Throws `INVALID_ARGUMENT` when it is neither. */
export function packetPayload<P extends Packet>(input: Sendable<P>, codec: CodecOptions<P>, now: number): Payload<P> {
  const { text, packet } = encodePacket(input, codec, now);
  const utf8 = Buffer.from(text);
  return { message: typeof packet.data === "string" ? packet.data : text, packet, wire: { utf8 }, bytes: utf8.byteLength };
}

/** Makes a payload of a raw text or raw bytes. Throws `INVALID_ARGUMENT` when it is neither, or cannot travel as UTF-8. */
export function rawPayload(input: string | Uint8Array): Payload<never> {
  checkRaw(input);
  if (typeof input === "string") {
    const utf8 = Buffer.from(input);
    return { message: input, wire: { utf8 }, bytes: utf8.byteLength };
  }
  // The caller may reuse its buffer while this waits.
  return { message: input, wire: copyOf(input), bytes: input.byteLength };
}

/** Throws `INVALID_ARGUMENT` where there is nothing to copy: the buffer was transferred, or is no buffer at all. */
function copyOf(bytes: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw toError("INVALID_ARGUMENT", "the bytes cannot be read", error);
  }
}

/**
 * Fewer bytes than this a message do not count: about so many does any message hold, however small, while it waits. But
 * some may always wait.
 */
const MIN_MESSAGE_BYTES = 256;
const MIN_MESSAGES = 16;

/** What waits for one connection's socket, bounded in bytes, in number and in time. */
export class SendQueue {
  readonly #socket: EngineSocket;
  readonly #options: Required<SendQueueOptions>;
  readonly #watch: StallWatch;
  readonly #tooSlow: (reason: string) => void;
  #messages = 0;
  /** What the kernel had taken when that was last looked at, and when it was last seen to take any. */
  #takenBytes = 0;
  #progressMs = 0;

  /** @param tooSlow told when the connection shall be closed, with the reason */
  constructor(socket: EngineSocket, options: Required<SendQueueOptions>, watch: StallWatch, tooSlow: (reason: string) => void) {
    this.#socket = socket;
    this.#options = options;
    this.#watch = watch;
    this.#tooSlow = tooSlow;
  }

  /**
   * Hands a message to the socket.
   *
   * @param done told once when the kernel took it, or that the connection broke before
   * @returns why it was refused; then `done` is not called
   */
  push(payload: Payload<Packet>, done: (error?: Error) => void): WebsocketsSimpleError | undefined {
    const { maxBytes, onOverflow } = this.#options;
    const tooLarge = unfit(payload, maxBytes);
    if (tooLarge) return tooLarge;
    const waiting = this.#socket.bufferedBytes;
    if (
      waiting > 0 &&
      (waiting + payload.bytes > maxBytes || this.#messages > Math.max(MIN_MESSAGES, maxBytes / MIN_MESSAGE_BYTES))
    ) {
      const reason = `send queue full: sendQueue.maxBytes ${maxBytes}`;
      if (onOverflow === "disconnect") this.#tooSlow(reason);
      return notSent(`${reason}, ${waiting} bytes in ${this.#messages} messages are waiting`);
    }
    this.#messages++;
    this.#socket.send(waiting > 0 ? alone(payload.wire) : payload.wire, (error) => {
      this.#messages--;
      if (this.#socket.bufferedBytes === 0) this.#watch.remove(this);
      done(error);
    });
    if (this.#socket.bufferedBytes > 0) {
      // From the first that waits, time counts. Between the watch's sweeps nobody looks: a look for each message could
      // cost as much as there are messages that wait.
      if (this.#watch.add(this)) this.#moved(this.#socket.takenBytes);
    }
    return undefined;
  }

  /** Looks whether anything has moved; says whether nothing has for `timeoutMs`. */
  isStalled(timeoutMs: number): boolean {
    if (this.#socket.bufferedBytes === 0) {
      // The last that left was none of the queue's own, such as a pong.
      this.#watch.remove(this);
      return false;
    }
    const { takenBytes } = this.#socket;
    // Any byte is progress, not only a whole message: a large one may take its time.
    if (takenBytes !== this.#takenBytes) this.#moved(takenBytes);
    return this.#watch.now() - this.#progressMs >= timeoutMs;
  }

  #moved(takenBytes: number): void {
    this.#takenBytes = takenBytes;
    this.#progressMs = this.#watch.now();
  }

  /** Closes the connection for standing still. */
  giveUp(): void {
    this.end();
    this.#tooSlow(`not reading: nothing taken within sendQueue.stallTimeoutMs ${this.#options.stallTimeoutMs}`);
  }

  /** Forgets the queue: the connection is over. */
  end(): void {
    this.#watch.remove(this);
  }
}

/** Watches the queues that have something waiting: one timer for all, and none while there are none. */
export class StallWatch {
  readonly #queues = new Set<SendQueue>();
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;

  constructor(timeoutMs: number, clock: Clock) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Says whether it was not watched yet. */
  add(queue: SendQueue): boolean {
    if (this.#queues.has(queue)) return false;
    this.#queues.add(queue);
    this.#cancel ??= this.#clock.after(Math.ceil(this.#timeoutMs / 4), () => this.#sweep());
    return true;
  }

  remove(queue: SendQueue): void {
    if (this.#queues.delete(queue) && this.#queues.size === 0) {
      this.#cancel?.();
      this.#cancel = undefined;
    }
  }

  #sweep(): void {
    this.#cancel = undefined;
    const suspects = [...this.#queues].filter((queue) => queue.isStalled(this.#timeoutMs));
    // A blocked event loop has not seen yet what the kernel took meanwhile.
    this.#clock.afterReads(() => {
      for (const queue of suspects) if (this.#queues.has(queue) && queue.isStalled(this.#timeoutMs)) queue.giveUp();
    });
    if (this.#queues.size > 0) this.#cancel = this.#clock.after(Math.ceil(this.#timeoutMs / 4), () => this.#sweep());
  }
}

/** Why a payload can wait in no queue, however empty. */
export function unfit({ bytes }: Payload<Packet>, maxBytes: number): WebsocketsSimpleError | undefined {
  if (bytes <= maxBytes) return undefined;
  return new WebsocketsSimpleError("INVALID_ARGUMENT", `the message has ${bytes} bytes, above sendQueue.maxBytes ${maxBytes}`);
}

/** What has to wait shall not hold a pool of Node's, of which it is a small part. */
function alone(wire: TextBytes | Uint8Array): TextBytes | Uint8Array {
  const bytes = wire instanceof Uint8Array ? wire : wire.utf8;
  if (bytes.byteLength === bytes.buffer.byteLength) return wire;
  const copy = Uint8Array.from(bytes);
  return wire instanceof Uint8Array ? copy : { utf8: copy };
}

/** The error of a message that was never handed to the network. */
export function notSent(why: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("NOT_SENT", `not sent: ${why}`);
}
