import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Numbers from the command line over these defaults. */
export function numbers(defaults) {
  const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: "string" }]));
  const { values } = parseArgs({ options });
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, Number(values[name] ?? value)]));
}

/** Starts the server process; `figures()` asks it for memory, CPU time and counters. */
export async function startServer(pingIntervalMs, mode = "") {
  const child = fork(fileURLToPath(new URL("server-process.mjs", import.meta.url)), [String(pingIntervalMs), mode], {
    execArgv: ["--expose-gc"],
  });
  const [{ listening }] = await once(child, "message");
  return {
    url: `ws://127.0.0.1:${listening}/`,
    async figures() {
      child.send("figures");
      const [{ figures }] = await once(child, "message");
      return figures;
    },
    stop: () => child.kill(),
  };
}

/** Opens connections, at most `parallel` at a time, so that the accept queue never overflows. */
export async function openAll(count, parallel, open) {
  const opened = [];
  const next = async () => {
    while (opened.length < count) {
      const index = opened.push(undefined) - 1;
      opened[index] = await open(index);
    }
  };
  await Promise.all(Array.from({ length: parallel }, next));
  return opened;
}

/** Middle and tails of a list of numbers. */
export function quantiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]?.toFixed(1);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** Prints a table of name and figure. */
export function report(title, rows) {
  console.log(`\n${title} (Node ${process.version})`);
  for (const [name, figure] of Object.entries(rows)) console.log(`  ${name.padEnd(34)} ${figure}`);
}
