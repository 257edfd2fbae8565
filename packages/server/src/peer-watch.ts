import { MESSAGE_STEP_BYTES, SlowMessage } from "./slow-message.ts";
import type { EngineSocket } from "./socket.ts";
import type { WatchRules } from "./watch-rules.ts";

/** What a watch does to its connection. */
export interface WatchTarget {
  /** Whether it is open, so that there is something to watch. */
  readonly isAlive: boolean;
  /** About how many bytes were sent to the peer so far: counted here, since to ask the kernel of each connection costs more. */
  readonly sentBytes: number;
  /** Sends it an RFC 6455 ping; `answered` tells of the pong. */
  ask(): void;
  /** Tells of what the peer did wrong. */
  tellFault(error: Error): void;
  /** Closes it, visibly to the peer. */
  sever(code: number, reason: string): Promise<void>;
}

/** The close codes of a message that does not end (RFC 6455 section 7.4.1), and of a peer that does not answer. */
const POLICY_VIOLATION = 1008;
const TIMEOUT = 4408;

/** A silent peer that may not have read so much yet is asked at once, so that the answer does not lie behind far more. */
const ASK_AFTER_BYTES = 65_536;
/** In place of sweeps that are left, and of bytes. */
const NOT_ASKED = -1;

/**
 * Watches one connection, by what sweeps see: whether anything comes from its peer, who is asked by an RFC 6455 ping when
 * nothing does, and whether messages come to an end. What this side does not read counts for neither.
 */
export class PeerWatch {
  readonly #socket: EngineSocket;
  readonly #rules: WatchRules;
  readonly #target: WatchTarget;
  /** Whether the kernel does not take all: from then on what it takes is what the peer has taken. */
  isBlocked = false;
  /** What has come so far, in bytes. */
  #received = 0;
  /** How much of what was sent the peer has read for sure, and how much had been sent when it was asked, if it was. */
  #known = 0;
  #sentAtPing = NOT_ASKED;
  /** What the kernel had taken at the last sweep, where it did not take all. */
  #taken = 0;
  #wasBlocked = false;
  /** For how many sweeps nothing has come, and how many are left for the answer, once it was asked for. */
  #quiet = 0;
  #left = NOT_ASKED;
  #slow: SlowMessage | undefined;
  /** How many sweeps are left to the next ping that only measures. */
  #untilPing: number;

  constructor(socket: EngineSocket, rules: WatchRules, target: WatchTarget) {
    this.#socket = socket;
    this.#rules = rules;
    this.#target = target;
    this.#untilPing = rules.firstPing();
  }

  /** Whether a message is under way that will not be for ever. */
  get isReceiving(): boolean {
    return this.#rules.messageSweeps > 0 && this.#socket.unfinished !== undefined;
  }

  /** How much longer an answer may take, since the peer may not have read all that was sent, in milliseconds. */
  get delayMs(): number {
    return this.#rules.delayBehindMs(this.#target.sentBytes - this.#known);
  }

  /** Of a sweep: says whether the peer seems to be lost, or a message endless. */
  look(): boolean {
    if (!this.#target.isAlive) return false;
    const isEndless = this.#rules.messageSweeps > 0 && this.#seesEndless();
    const isLost = this.#rules.beat !== undefined && this.#seesLost();
    if (this.#rules.isMeasuring) this.#measure();
    return isEndless || isLost;
  }

  /**
   * A pong has come. Only the answer to a ping says how far the peer has read: anything else that it sends may have left before.
   *
   * @param sentBytes how much had been sent before that ping; undefined when it answers none that is known
   */
  answered(sentBytes = NOT_ASKED): void {
    this.#known = Math.max(this.#known, sentBytes);
    // One that answers no ping is no knowledge; but whoever answers in its own way may be asked again.
    if (sentBytes === NOT_ASKED || sentBytes >= this.#sentAtPing) this.#sentAtPing = NOT_ASKED;
  }

  /** Everything readable has been read since. */
  judge(): void {
    const { beat, messageTimeoutMs, messageSweeps } = this.#rules;
    if (!this.#target.isAlive || !this.#socket.isReading) return;
    const { unfinished, receivedBytes } = this.#socket;
    if (unfinished && this.#slow?.isStill(unfinished) && this.#slow.sweeps >= messageSweeps) {
      this.#endless(
        `less than ${MESSAGE_STEP_BYTES} bytes of a message, and not its end, came within messageTimeoutMs ${messageTimeoutMs}`,
      );
    } else if (beat && this.#left === 0 && receivedBytes === this.#received) {
      this.#lost(`silent, and no answer to a ping within heartbeat.timeoutMs ${beat.timeoutMs}`);
    }
  }

  #endless(reason: string): void {
    this.#target.tellFault(new Error(reason));
    void this.#target.sever(POLICY_VIOLATION, reason);
  }

  #lost(reason: string): void {
    void this.#target.sever(TIMEOUT, reason);
    // Nobody is there to answer that; a peer who was only frozen finds it when it wakes.
    this.#socket.terminate();
  }

  #seesEndless(): boolean {
    const { unfinished, isReading } = this.#socket;
    if (!unfinished) {
      this.#slow = undefined;
      return false;
    }
    if (!this.#slow?.isStill(unfinished)) this.#slow = new SlowMessage(unfinished);
    else if (isReading) return ++this.#slow.sweeps >= this.#rules.messageSweeps;
    return false;
  }

  #seesLost(): boolean {
    const { receivedBytes, isReading } = this.#socket;
    const isTransfer = this.#seesTransfer();
    const isSilent = receivedBytes === this.#received;
    this.#received = receivedBytes;
    if (isSilent && isReading && !isTransfer) return this.#isLost();
    this.#quiet = 0;
    this.#left = NOT_ASKED;
    return false;
  }

  /** Whether the peer has taken some of what waits for it. */
  #seesTransfer(): boolean {
    if (!this.isBlocked && !this.#wasBlocked) return false;
    const { takenBytes } = this.#socket;
    const isTransfer = this.#wasBlocked && takenBytes !== this.#taken;
    this.#taken = takenBytes;
    this.#wasBlocked = this.isBlocked;
    return isTransfer;
  }

  /** Of a silent peer: asks it in time, and says whether its time to answer is over. */
  #isLost(): boolean {
    this.#quiet++;
    if (this.#left > 0) return --this.#left === 0;
    const { sentBytes } = this.#target;
    const unread = sentBytes - this.#known;
    if (unread < ASK_AFTER_BYTES && !this.#rules.isDue(this.#quiet)) return false;
    this.#left = this.#rules.answerWithinBehind(unread);
    this.#ask();
    return false;
  }

  /** Asks when it is time, whether or not anything comes, so that the round trip is known. */
  #measure(): void {
    if (--this.#untilPing <= 0 && this.#socket.isReading) this.#ask();
  }

  /** Sends a ping, unless one waits for its answer: the peer may have much to read before it. */
  #ask(): void {
    this.#untilPing = this.#rules.pingEvery;
    if (this.#sentAtPing !== NOT_ASKED) return;
    this.#sentAtPing = this.#target.sentBytes;
    this.#target.ask();
  }
}
