/** One extension in a `Sec-WebSocket-Extensions` header (RFC 6455 section 9.1). */
export interface Extension {
  readonly name: string;
  /** Its parameters in order; a name may stand there twice. Without a value: undefined. */
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

const TOKEN = /[!#$%&'*+\-.^_`|~\dA-Za-z]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const BLANKS = /[ \t]*/y;

/**
 * Reads the header.
 *
 * @returns the extensions in order; undefined when it does not keep to the grammar
 */
export function parseExtensions(header: string): Extension[] | undefined {
  const reader = new Reader(header);
  const extensions: Extension[] = [];
  do {
    const name = reader.take(TOKEN);
    // Lists may have empty elements (RFC 9110 section 5.6.1).
    if (name === undefined) continue;
    const parameters: [string, string | undefined][] = [];
    while (reader.skip(";")) {
      const parameter = reader.take(TOKEN);
      if (parameter === undefined) return undefined;
      let value: string | undefined;
      if (reader.skip("=")) {
        value = reader.take(TOKEN) ?? reader.takeQuoted();
        if (value === undefined) return undefined;
      }
      parameters.push([parameter, value]);
    }
    extensions.push({ name, parameters });
  } while (reader.skip(","));
  return reader.isAtEnd && extensions.length > 0 ? extensions : undefined;
}

/** Walks through a text; blanks around what it takes are skipped. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#match(BLANKS);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  skip(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    this.#match(BLANKS);
    return true;
  }

  take(pattern: RegExp): string | undefined {
    const match = this.#match(pattern);
    if (match) this.#match(BLANKS);
    return match?.[0];
  }

  /** A quoted string, which must be a token once it is unquoted. */
  takeQuoted(): string | undefined {
    const match = this.#match(QUOTED);
    if (!match) return undefined;
    this.#match(BLANKS);
    const value = (match[1] as string).replace(/\\(.)/g, "$1");
    TOKEN.lastIndex = 0;
    return TOKEN.exec(value)?.[0] === value ? value : undefined;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }
}
