import { type Packet, WebsocketsSimpleError } from "@websockets-simple/shared";
import { notSent, type Payload, tooLarge } from "./payload.ts";
import type { EngineSocket, OutgoingMessage, OutgoingPieces } from "./socket.ts";
import type { Stallable, StallWatch } from "./stall-watch.ts";

/** What may wait for a peer who reads slowly. */
export interface SendQueueOptions {
  /**
   * Bytes a connection that may wait for its peer, 1 to 1,073,741,824; also the largest message that can be sent. In memory
   * they may count twice, since a text is kept besides until it has left. Default: 1,048,576.
   */
  maxBytes?: number;
  /** What happens beyond it: close the connection with 4408, or refuse the new message. Default: `"disconnect"`. */
  onOverflow?: "disconnect" | "drop-newest";
  /**
   * How long a queue may stand still before the connection is closed with 4408, in milliseconds, 1 to 2,147,483,647. It
   * moves when the system takes 64 KiB more of it, or its rest; and the system takes more only when about a third of its
   * own send buffer has become free. Who reads too slowly for that is closed as who does not read: lines of less than
   * 20 kB/s need more than the default, and so do slow readers behind a proxy on the same machine. Default: 10,000.
   */
  stallTimeoutMs?: number;
}

/** What a queue tells. */
export interface SendQueueEvents<P extends Packet> {
  /** The kernel took a message, which is to be told. */
  sent(payload: Payload<P>): void;
  /** The kernel took so many messages and bytes of them. */
  counted(messages: number, bytes: number): void;
  /** The connection shall be closed, with this reason. */
  tooSlow(reason: string): void;
}

/** Messages whose outcome is one: those sent since the kernel last took any. */
interface Batch {
  /** The number of the last of them. */
  last: number;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Fewer bytes than this a message do not count: about so many does any message hold, however small, while it waits. But
 * some may always wait.
 */
const MIN_MESSAGE_BYTES = 256;
const MIN_MESSAGES = 16;
/** So many messages may be on their way in a turn, where only the next one tells what has become of them. */
const MAX_UNTOLD_MESSAGES = 65_536;
/** So many places that were left are kept before the others move up. */
const MAX_LEFT = 1_024;

/** What was sent on one connection and is not taken yet: bounded in bytes, in number and in time, and told in order. */
export class SendQueue<P extends Packet> implements Stallable {
  readonly #socket: EngineSocket;
  readonly #options: Required<SendQueueOptions>;
  readonly #watch: StallWatch;
  readonly #events: SendQueueEvents<P>;
  /** What waits, in order, from `#first` on; of what is nobody's message, its bytes. */
  #waiting: (Payload<P> | number)[] = [];
  #first = 0;
  /** What was sent piece by piece, in bytes, and how many such messages are not taken yet. */
  #pieceBytes = 0;
  #inPieces = 0;
  /** How many messages were sent, and how many of them were taken. */
  #sent = 0;
  #taken = 0;
  /** How many are known to have left: before `#taken` tells of them, where a flush said so. */
  #left = 0;
  /** The same of what they hold in memory: more than waits in the socket, where that compresses. */
  #sentSize = 0;
  #takenSize = 0;
  #leftSize = 0;
  #batches: Batch[] | undefined;
  /** Which of them further messages belong to. */
  #open: Batch | undefined;
  /** What the kernel had taken when that was last looked at, and when it was last seen to take any. */
  #kernelBytes = 0;
  #progressMs = 0;

  constructor(socket: EngineSocket, options: Required<SendQueueOptions>, watch: StallWatch, events: SendQueueEvents<P>) {
    this.#socket = socket;
    this.#options = options;
    this.#watch = watch;
    this.#events = events;
  }

  /** About how many bytes were sent so far. */
  get sentBytes(): number {
    return this.#sentSize + this.#pieceBytes;
  }

  /** Whether a message is sent piece by piece: whatever else was sent may wait behind it. */
  get hasPieces(): boolean {
    return this.#inPieces > 0;
  }

  /**
   * Hands a message to the socket.
   *
   * @returns why it was refused
   */
  push(payload: Payload<P>): WebsocketsSimpleError | undefined {
    return this.#push(payload.wire, payload);
  }

  /** The same for a text of the server's own, such as a heartbeat: it is neither counted nor told. */
  pushOwn(text: string): WebsocketsSimpleError | undefined {
    return this.#push(text, Buffer.byteLength(text));
  }

  /**
   * Begins a message that is sent piece by piece, which takes its place in the order.
   *
   * @returns undefined on a connection that is closing or gone
   */
  begin(isText: boolean, settle: (error?: Error) => void): OutgoingPieces | undefined {
    const pieces = this.#socket.beginMessage?.(isText);
    if (!pieces) return undefined;
    this.#sent++;
    this.#inPieces++;
    this.#waiting.push({ message: "", wire: "", isTold: false, settle });
    return {
      write: (bytes) => {
        this.#pieceBytes += bytes.length;
        return pieces.write(bytes);
      },
      whenRoom: (go) => pieces.whenRoom(go),
      end: () => pieces.end(),
    };
  }

  /** Settles with what was pushed last: when the kernel took it, or that the connection broke before. */
  whenTaken(): Promise<void> {
    this.#open ??= this.#begin();
    const batch = this.#open;
    batch.last = this.#sent;
    return batch.promise;
  }

  /** Of the socket: the kernel took so many more messages, and so many bytes of them. */
  taken(messages: number, bytes: number): void {
    // Whoever is told may send: that is another batch.
    this.#open = undefined;
    this.#taken += messages;
    let count = 0;
    let ownBytes = 0;
    for (let left = messages; left > 0; left--) {
      const payload = this.#waiting[this.#first] as Payload<P> | number;
      this.#waiting[this.#first++] = 0;
      this.#takenSize += sizeOf(payload);
      if (typeof payload === "number") ownBytes += payload;
      else {
        count++;
        if (payload.isTold) this.#events.sent(payload);
        else if (payload.settle) {
          this.#inPieces--;
          payload.settle();
        }
      }
    }
    this.#moveUp();
    this.#left = Math.max(this.#left, this.#taken);
    this.#leftSize = Math.max(this.#leftSize, this.#takenSize);
    this.#events.counted(count, bytes - ownBytes);
    const batches = this.#batches;
    if (!batches) return;
    while (batches.length > 0 && (batches[0] as Batch).last <= this.#taken) batches.shift()?.resolve();
  }

  /** Of the socket: the kernel does not take all. From now on time counts. */
  blocked(): void {
    this.#moved(this.#socket.takenBytes);
    this.#watch.add(this);
  }

  /** Of the socket: it has. */
  drained(): void {
    this.#watch.remove(this);
  }

  isStalled(timeoutMs: number): boolean {
    const { takenBytes } = this.#socket;
    // Any byte is progress, not only a whole message: a large one may take its time.
    if (takenBytes !== this.#kernelBytes) this.#moved(takenBytes);
    return this.#watch.now() - this.#progressMs >= timeoutMs;
  }

  giveUp(): void {
    this.#watch.remove(this);
    this.#events.tooSlow(`not reading: nothing taken within sendQueue.stallTimeoutMs ${this.#options.stallTimeoutMs}`);
  }

  /** The connection is over: what waits may or may not have left. */
  end(why: string): void {
    this.#watch.remove(this);
    const waiting = this.#waiting;
    this.#waiting = [];
    // Most have nothing that waits, and an error costs more than the rest of an end.
    if (waiting.length === 0 && !this.#batches?.length) return;
    const error = new WebsocketsSimpleError("UNKNOWN", `the connection broke while sending: ${why}`);
    for (const payload of waiting) if (typeof payload === "object") payload.settle?.(error);
    for (const { promise, reject } of this.#batches?.splice(0) ?? []) {
      // Connections come and go: a send that nobody waits for must not end the process.
      promise.catch(() => {});
      reject(error);
    }
  }

  #push(wire: OutgoingMessage, payload: Payload<P> | number): WebsocketsSimpleError | undefined {
    const { maxBytes } = this.#options;
    const bytes = bytesOf(wire, maxBytes - this.#socket.bufferedBytes);
    if (bytes > maxBytes) return tooLarge(bytes, maxBytes);
    // What is only gathered for the end of the turn waits for no peer: only who is found not to read has too much waiting.
    if (!this.#hasRoom(bytes) && !this.#makesRoom(bytes)) return this.#overflow();
    if (!this.#socket.send(wire)) return notSent("the connection is closing");
    this.#sent++;
    // Not `push`: V8 makes a call of that.
    const { length } = this.#waiting;
    this.#waiting[length] = payload;
    this.#sentSize += sizeOf(payload);
    return undefined;
  }

  #hasRoom(bytes: number): boolean {
    const { maxBytes } = this.#options;
    const buffered = this.#socket.bufferedBytes;
    if (buffered === 0) {
      this.#allLeft();
      return true;
    }
    const waiting = Math.max(buffered, this.#sentSize - this.#leftSize);
    const isMany = this.#sent - this.#left > Math.max(MIN_MESSAGES, maxBytes / MIN_MESSAGE_BYTES);
    return waiting + bytes <= maxBytes && !isMany;
  }

  /** Writes out what is gathered; says whether the peer keeps up. Where only the next turn tells, however small messages are. */
  #makesRoom(bytes: number): boolean {
    const isTaken = this.#socket.flush();
    if (this.#socket.bufferedBytes === 0) this.#allLeft();
    return (isTaken && this.#sent - this.#left <= MAX_UNTOLD_MESSAGES) || this.#hasRoom(bytes);
  }

  /** Nothing waits in the socket, though it has not told so yet. */
  #allLeft(): void {
    this.#left = this.#sent;
    this.#leftSize = this.#sentSize;
  }

  #overflow(): WebsocketsSimpleError {
    const { maxBytes, onOverflow } = this.#options;
    const bytes = Math.max(this.#socket.bufferedBytes, this.#sentSize - this.#leftSize);
    const messages = this.#sent - this.#left;
    const reason = `send queue full: sendQueue.maxBytes ${maxBytes}`;
    if (onOverflow === "disconnect") this.#events.tooSlow(reason);
    return notSent(`${reason}, ${bytes} bytes are waiting in ${messages} message${messages === 1 ? "" : "s"}`);
  }

  #begin(): Batch {
    let resolve!: () => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<void>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    const batch: Batch = { last: 0, promise, resolve, reject };
    this.#batches ??= [];
    this.#batches.push(batch);
    return batch;
  }

  #moved(kernelBytes: number): void {
    this.#kernelBytes = kernelBytes;
    this.#progressMs = this.#watch.now();
  }

  /** Lets go of the places that were left. */
  #moveUp(): void {
    if (this.#first === this.#waiting.length) this.#waiting.length = 0;
    else if (this.#first > MAX_LEFT) this.#waiting.splice(0, this.#first);
    else return;
    this.#first = 0;
  }
}

/** About what a message holds in memory until it has left. */
function sizeOf(payload: Pick<Payload<Packet>, "wire"> | number): number {
  if (typeof payload === "number") return payload;
  const { wire } = payload;
  if (typeof wire === "string") return wire.length;
  return "bytes" in wire ? wire.bytes : wire.length;
}

/** The bytes of a message; of a text that is sure to have room, some number that has room too. */
function bytesOf(wire: OutgoingMessage, room: number): number {
  if (typeof wire !== "string") return "bytes" in wire ? wire.bytes : wire.length;
  return wire.length * 3 <= room ? wire.length : Buffer.byteLength(wire);
}
