import type { OutgoingPieces } from "../engine.ts";
import { FIN, Opcode } from "../frames/opcodes.ts";
import type { SendOrder } from "./send-order.ts";
import type { Writer } from "./writer.ts";

const NOTHING = new Uint8Array(0);

/** A message that is sent piece by piece: each is a fragment, when its turn has come (RFC 6455 section 5.4). */
export class OutgoingMessage implements OutgoingPieces {
  readonly #writer: Writer;
  readonly #order: SendOrder;
  readonly #isOpen: () => boolean;
  /** The opcode of the next fragment. */
  #opcode: number;
  #bytes = 0;
  #isEnded = false;
  /** What was written before its turn came, and who waits for that. */
  #early: Buffer[] | undefined = [];
  #waiters: (() => void)[] = [];

  /** @param isOpen whether anything can be sent */
  constructor(isText: boolean, writer: Writer, order: SendOrder, isOpen: () => boolean) {
    this.#opcode = isText ? Opcode.text : Opcode.binary;
    this.#writer = writer;
    this.#order = order;
    this.#isOpen = isOpen;
    order.run(0, () => this.#begin());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isEnded || !this.#isOpen()) return false;
    this.#bytes += bytes.length;
    if (this.#early) {
      this.#early.push(Buffer.from(bytes));
      this.#order.count(bytes.length);
    } else if (bytes.length > 0) this.#fragment(bytes);
    return true;
  }

  whenRoom(go: () => void): void {
    if (this.#early) this.#waiters.push(go);
    else {
      this.#writer.flush();
      // What has left may be told of in the next turn only, and others shall have theirs.
      setImmediate(() => this.#writer.whenTaken(go));
    }
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (!this.#early && this.#isOpen()) this.#finish();
  }

  #begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#order.count(-this.#bytes);
    // The connection was closed before the message was complete: it will not be.
    if (!this.#isEnded && !this.#isOpen()) return;
    this.#order.hold(false);
    for (const bytes of early) if (bytes.length > 0) this.#fragment(bytes);
    if (this.#isEnded) this.#finish();
    for (const go of this.#waiters.splice(0)) this.whenRoom(go);
  }

  #fragment(bytes: Uint8Array): void {
    this.#writer.sendFrame(this.#opcode, bytes);
    this.#opcode = Opcode.continuation;
  }

  #finish(): void {
    this.#writer.sendFrame(FIN | this.#opcode, NOTHING, this.#bytes);
    this.#order.release();
  }
}
