import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLog, escapeControls, type LogFields, type Logger } from "../src/logger.ts";

function recorder() {
  const lines: { level: string; fields: LogFields; message: string }[] = [];
  const at = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, fields, message });
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { lines, logger };
}

describe("the log", () => {
  test("writes level, fields and message, without fields that are undefined", () => {
    const { lines, logger } = recorder();
    createLog(logger, () => {})("warn", "something", { a: 1, b: undefined, c: "x" });
    expect(lines).toEqual([{ level: "warn", fields: { a: 1, c: "x" }, message: "something" }]);
  });

  test("one event is one line, whatever a peer put into it, on a console as well", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 200, maxLength: 400 }), (text) => {
        const { lines, logger } = recorder();
        createLog(logger, () => {})("info", text, { first: text, second: "x".repeat(100) });
        const [line] = lines;
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
        const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
        expect(`${inspect(line?.fields)} ${line?.message}`).not.toMatch(control);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ["a\r\nb", "a\\u000d\\u000ab"],
    ["\u001b[31m", "\\u001b[31m"],
    ["\u2028", "\\u2028"],
    ["żółw 🐢", "żółw 🐢"],
  ])("escapes %j", (text, escaped) => {
    expect(escapeControls(text)).toBe(escaped);
  });

  test("tells of a logger that throws, and goes on", () => {
    const failures: unknown[] = [];
    const thrown = new Error("disk full");
    const log = createLog(
      {
        info: () => {
          throw thrown;
        },
      } as unknown as Logger,
      (failure) => failures.push(failure),
    );
    log("info", "x");
    expect(failures).toEqual([thrown]);
  });
});
