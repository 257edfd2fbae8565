import type { PreparedFrame } from "./outgoing-frames.ts";

/** Who receives what is sent to many. */
export interface FanUser {
  /** Which of the turn's frames it is to get: from `fanFirst` up to, not including, `fanEnd`. */
  fanFirst: number;
  fanEnd: number;
  /** Writes out bytes that nobody will change. */
  writeShared(bytes: Buffer): void;
  /** The turn ends, and all of it has been written out: now others may be told. */
  wroteOut(): void;
}

/** So many are written to before others have their turn: a thousand writes take some milliseconds. */
const USERS_AT_ONCE = 512;
/** But a row that is so long is written to all at once: as long as anybody waits for a part of it, all of it is held. */
const MAX_FRAMES = 64;
const MAX_ROW_BYTES = 65_536;

/**
 * Frames of one turn that go to many. Who gets the same frames in a row, and that is mostly everybody, gets them as one
 * buffer in one write.
 */
export class Fan {
  #frames: PreparedFrame[] = [];
  /** Where in the row each frame stands. */
  readonly #places = new Map<PreparedFrame, number>();
  #users: FanUser[] = [];
  #next = 0;
  #rowBytes = 0;
  #isPlanned = false;
  /** The last row that was put together. */
  #first = 0;
  #end = 0;
  #row: Buffer | undefined;
  readonly #run = (): void => {
    this.#isPlanned = false;
    this.#writeSome();
  };

  /** How many frames are held. */
  get length(): number {
    return this.#frames.length;
  }

  /** Whether the user has frames to get. */
  has(user: FanUser): boolean {
    return user.fanFirst !== user.fanEnd;
  }

  /** Adds a frame to what the user gets; false when it does not follow what it gets already. */
  add(user: FanUser, frame: PreparedFrame): boolean {
    let place = this.#places.get(frame);
    if (place === undefined || place < user.fanEnd) {
      place = this.#frames.push(frame) - 1;
      this.#rowBytes += frame.frame.length;
      this.#places.set(frame, place);
    }
    if (!this.has(user)) {
      user.fanFirst = place;
      this.#users.push(user);
    } else if (user.fanEnd !== place) return false;
    user.fanEnd = place + 1;
    this.#plan();
    return true;
  }

  /** Takes back what a user is to get, for it to be sent in another way: frames in order. */
  takeBack(user: FanUser): Buffer {
    const row = this.#rowOf(user);
    user.fanFirst = user.fanEnd = 0;
    return row;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#run);
  }

  #writeSome(): void {
    const users = this.#users;
    const isLong = this.#frames.length > MAX_FRAMES || this.#rowBytes > MAX_ROW_BYTES;
    const last = isLong ? users.length : Math.min(users.length, this.#next + USERS_AT_ONCE);
    const first = this.#next;
    for (let index = first; index < last; index++) {
      const user = users[index] as FanUser;
      if (this.has(user)) user.writeShared(this.takeBack(user));
    }
    this.#next = last;
    if (last < users.length) this.#plan();
    else this.#reset();
    for (let index = first; index < last; index++) (users[index] as FanUser).wroteOut();
  }

  #reset(): void {
    this.#users = [];
    this.#next = 0;
    this.#rowBytes = 0;
    this.#frames = [];
    this.#places.clear();
    this.#row = undefined;
  }

  #rowOf({ fanFirst, fanEnd }: FanUser): Buffer {
    if (fanEnd - fanFirst === 1) return (this.#frames[fanFirst] as PreparedFrame).frame;
    if (!this.#row || this.#first !== fanFirst || this.#end !== fanEnd) {
      this.#row = Buffer.concat(this.#frames.slice(fanFirst, fanEnd).map(({ frame }) => frame));
      this.#first = fanFirst;
      this.#end = fanEnd;
    }
    return this.#row;
  }
}
