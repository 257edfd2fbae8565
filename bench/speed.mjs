/**
 * What one message costs: server CPU time, ours against ws. The server has one core to itself, a load generator written in
 * C the other; servers take turns, and each figure is the median of the rounds with their spread. Linux, with a C compiler.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { numbers } from "./harness.mjs";

const { rounds, seconds } = numbers({ rounds: 5, seconds: 3 });
const PACKET = JSON.stringify({ data: "x".repeat(46), timestamp: "2026-01-02T03:04:05.678Z" });

/** @type {readonly { name: string, api: "raw" | "packets" | "fan", load: (string | number)[], message?: string }[]} */
const CASES = [
  { name: "echo text, 20 B, 100 connections, 16 in flight", api: "raw", load: ["echo", 100, 16, 20, "text"] },
  { name: "echo text, 20 B, 100 connections, 64 in flight", api: "raw", load: ["echo", 100, 64, 20, "text"] },
  { name: "echo text, 512 B, 100 connections, 16 in flight", api: "raw", load: ["echo", 100, 16, 512, "text"] },
  { name: "echo text, 20 B, 100 connections, 1 in flight", api: "raw", load: ["echo", 100, 1, 20, "text"] },
  { name: "echo binary, 16 KiB, 100 connections, 16 in flight", api: "raw", load: ["echo", 100, 16, 16_384, "binary"] },
  {
    name: "echo packets, 100 B, 100 connections, 16 in flight",
    api: "packets",
    load: ["echo", 100, 16, 0, "text"],
    message: PACKET,
  },
  { name: "broadcast to 1,000, 4 at once", api: "fan", load: ["fan", 1_000, 4, 20, "text"] },
  { name: "broadcast to 1,000, 8 at once", api: "fan", load: ["fan", 1_000, 8, 20, "text"] },
];

/** @type {Record<string, (api: string) => string[]>} */
const SERVERS = {
  ws: (api) => ["servers/ws.mjs", api],
  "ours on ws": (api) => ["servers/ours.mjs", "ws", api],
  ours: (api) => ["servers/ours.mjs", "own", api],
};

const here = (...parts) => fileURLToPath(new URL(join(...parts), import.meta.url));

/** Builds the load generator. */
function compile() {
  const folder = here("../.tmp");
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "load");
  const { status, error, stderr } = spawnSync("cc", ["-O2", "-o", program, here("load/load.c")]);
  if (status !== 0) throw new Error(`npm run bench speed needs a C compiler, cc: ${error?.message ?? stderr}`);
  return program;
}

/** CPU seconds that a process has used, to the hundredth. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** One server under one load. */
async function measure(program, [script, ...args], { load, message }) {
  const server = spawn("taskset", ["-c", "0", process.execPath, here(script), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data).trim())));
    const [mode, ...shape] = load.map(String);
    const env = message === undefined ? process.env : { ...process.env, LOAD_MESSAGE: message };
    const generator = spawn("taskset", ["-c", "1", program, mode, port, ...shape, String(seconds)], {
      stdio: ["ignore", "pipe", "inherit"],
      env,
    });
    let output = "";
    let from = 0;
    let to = 0;
    generator.stdout.on("data", (data) => {
      output += data;
      if (String(data).includes("measuring")) from = cpuSeconds(server.pid);
      if (String(data).includes("{")) to = cpuSeconds(server.pid);
    });
    await new Promise((resolve) => generator.on("close", resolve));
    const figures = JSON.parse(output.trim().split("\n").at(-1));
    return {
      micros: ((to - from) / figures.messages) * 1e6,
      rate: figures.messages / figures.seconds,
      busy: (to - from) / figures.seconds,
      p50: figures.p50,
      p99: figures.p99,
    };
  } finally {
    server.kill();
  }
}

function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const program = compile();
console.log(
  `\nServer CPU per message; medians of ${rounds} rounds of ${seconds} s, × are ratios within a round (Node ${process.version})`,
);
for (const test of CASES) {
  /** @type {Record<string, Awaited<ReturnType<typeof measure>>[]>} */
  const seen = Object.fromEntries(Object.keys(SERVERS).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command] of Object.entries(SERVERS)) seen[name].push(await measure(program, command(test.api), test));
  }
  console.log(`\n${test.name}`);
  for (const [name, results] of Object.entries(seen)) {
    const ratios = results.map(({ micros }, round) => seen.ws[round].micros / micros);
    const of = (key) => middle(results.map((result) => result[key]));
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
    const idle = of("busy") < 0.95 ? `  the server had only ${Math.round(of("busy") * 100)} % of its core to do` : "";
    console.log(
      `  ${name.padEnd(12)} ${of("micros").toFixed(2).padStart(6)} µs  ${Math.round(of("rate")).toLocaleString("en").padStart(10)}/s  ` +
        `p50 ${of("p50")} µs, p99 ${of("p99")} µs  ${middle(ratios).toFixed(2)} × (${spread})${idle}`,
    );
  }
}
