/** What an event is about: plain values, of which those that come from a peer are escaped. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Where the server's log lines go: `console` and pino fit as they are. Tokens are never logged, control characters are
 * escaped, and one event is one line.
 */
export interface Logger {
  /** What happens all the time. */
  debug(fields: LogFields, message: string): void;
  /** Connections, refusals, start and stop. */
  info(fields: LogFields, message: string): void;
  /** Connections that were severed. */
  warn(fields: LogFields, message: string): void;
  /** Whatever is an `error` event as well. */
  error(fields: LogFields, message: string): void;
}

/** How much an event matters. */
export type LogLevel = keyof Logger;

/** Writes one event. */
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

/**
 * Guards a logger: its failures go to `failed`, and the values are made harmless.
 *
 * @param logger none: nothing is written
 */
export function createLog(logger: Logger | undefined, failed: (thrown: unknown) => void): Log {
  if (!logger) return () => {};
  return (level, message, fields = {}) => {
    try {
      const result: unknown = logger[level](oneLine(fields), escapeControls(message));
      if (result instanceof Promise) result.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  };
}

/** Escapes what would break a line or move a cursor: C0, DEL, C1 and the Unicode line ends. */
export function escapeControls(text: string): string {
  let escaped = "";
  let start = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!(code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029)) continue;
    escaped += `${text.slice(start, index)}\\u${code.toString(16).padStart(4, "0")}`;
    start = index + 1;
  }
  return start === 0 ? text : escaped + text.slice(start);
}

function oneLine(fields: LogFields): LogFields {
  const line: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line[name] = typeof value === "string" ? escapeControls(value) : value;
  }
  // `console` breaks an object of any length into lines, unless it is told how to show it.
  Object.defineProperty(line, Symbol.for("nodejs.util.inspect.custom"), { value: () => JSON.stringify(line) });
  return line;
}
