import { WebsocketsSimpleError } from "./errors.ts";

/** A string is encoded by so many characters at a time, so that a long one is not held twice. */
const STRING_STEP = 32_768;

/** Makes bytes of the pieces of one message, wherever they are cut: within a character of UTF-8 or of UTF-16 too. */
export class PieceEncoder {
  readonly #isText: boolean;
  readonly #utf8 = new TextEncoder();
  /** Judges bytes, once there are any. */
  #judge: InstanceType<typeof TextDecoder> | undefined;
  /** The first half of a character, whose second is to come with the next piece. */
  #half = "";

  constructor(isText: boolean) {
    this.#isText = isText;
  }

  /**
   * Looks whether a piece is of the right kind at all: nothing has happened then.
   *
   * @throws WebsocketsSimpleError `INVALID_ARGUMENT`
   */
  check(piece: string | Uint8Array): void {
    if (piece instanceof Uint8Array || (this.#isText && typeof piece === "string")) return;
    const got = typeof piece === "string" ? 'a string; give createMessageWriter { type: "text" }' : typeof piece;
    throw wrongPiece(`expected a Uint8Array${this.#isText ? " or a string" : ""}, got ${got}`);
  }

  /**
   * The bytes of a piece, in parts.
   *
   * @throws WebsocketsSimpleError `INVALID_ARGUMENT`: what was written is no text, and cannot become one
   */
  *encode(piece: string | Uint8Array): Generator<Uint8Array, void> {
    if (typeof piece !== "string") {
      if (this.#isText) this.#judgeBytes(piece, true);
      yield piece;
      return;
    }
    for (let start = 0; start < piece.length; start += STRING_STEP) {
      const text = this.#half + piece.slice(start, start + STRING_STEP);
      const last = text.charCodeAt(text.length - 1);
      const isCut = last >= 0xd800 && last <= 0xdbff;
      this.#half = isCut ? text.slice(-1) : "";
      const whole = isCut ? text.slice(0, -1) : text;
      if (!isWellFormed(whole)) throw wrongPiece("a text has a lone surrogate");
      const bytes = this.#utf8.encode(whole);
      if (this.#judge) this.#judgeBytes(bytes, true);
      yield bytes;
    }
  }

  /** The message ends. Throws `INVALID_ARGUMENT` when that cuts a character. */
  end(): void {
    if (this.#half) throw wrongPiece("the text ends within a character");
    if (this.#judge) this.#judgeBytes(new Uint8Array(0), false);
  }

  #judgeBytes(bytes: Uint8Array, stream: boolean): void {
    if (this.#half && bytes.length > 0) throw wrongPiece("bytes within a character of a string");
    this.#judge ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    try {
      this.#judge.decode(bytes, { stream });
    } catch {
      throw wrongPiece("the bytes of a text are not UTF-8");
    }
  }
}

function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed?(): boolean }).isWellFormed?.() ?? true;
}

function wrongPiece(why: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("INVALID_ARGUMENT", `a piece of a message: ${why}`);
}
