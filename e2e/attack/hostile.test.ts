import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const SECONDS = 60;

test("hostile sockets of every kind cost honest clients beside them no message and no connection", {
  timeout: SECONDS * 1_000,
}, async () => {
  const script = fileURLToPath(new URL("../../bench/hostile.mjs", import.meta.url));
  const args = ["--sockets", "130", "--connections", "20", "--seconds", "3"];
  const { stdout } = await run(process.execPath, [script, ...args], { timeout: (SECONDS - 5) * 1_000 });
  const figure = (name: RegExp): string => new RegExp(`^ +${name.source}(.+)$`, "m").exec(stdout)?.[1] ?? stdout;
  expect(figure(/honest replies +/)).toMatch(/^[1-9]\d+, lost 0, clients dropped 0$/);
  expect(figure(/connections left +/)).toBe("0");
  // Each of the 130 may make the server hold a megabyte and a bit.
  expect(Number(/(\d+) MiB buffers/.exec(figure(/server meanwhile, the highest +/))?.[1])).toBeLessThan(200);
  const attempts = stdout.slice(stdout.indexOf("Hostile attempts"));
  for (const kind of [
    /says nothing +/,
    /fragments without end +/,
    /a bomb, inflating a thousandfold +/,
    /resets after the upgrade +/,
  ])
    expect(Number(new RegExp(`${kind.source}(\\d+)`).exec(attempts)?.[1])).toBeGreaterThanOrEqual(10);
});
