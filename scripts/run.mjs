/**
 * Behind every `npm start`, `npm test`, `npm run …` of this repository. Each does its own set-up, so that a fresh clone
 * needs nothing but Node 20 and npm.
 */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { newTally, prepare } from "./steps.mjs";
import { inRoot, run, runTool } from "./workspace.mjs";

/** Each returns whether it went well. @type {Record<string, (args: readonly string[]) => Promise<boolean>>} */
const COMMANDS = {
  async start() {
    if (!(await ready("start", ["browser", "server"]))) return false;
    await import(pathToFileURL(inRoot("examples/chat/server.mjs")).href);
    return true;
  },
  build: () => ready("all"),
  check: async (args) => (await import("./check.mjs")).check(args),
  test: async () => (await import("./test.mjs")).test(),
  async pack() {
    if (!(await ready("all"))) return false;
    const { client, server } = await (await import("./pack.mjs")).ensurePacked();
    console.log(`In your project:\n  npm install ${client} ${server}`);
    return true;
  },
  async docs() {
    if (!(await setUp("install", () => ensureInstalled("all")))) return false;
    return (await runTool("typedoc", [], { show: true })).ok;
  },
  async fuzz([count = "1000000"]) {
    if (!(await setUp("install", () => ensureInstalled("all")))) return false;
    const env = { ...process.env, FUZZ_COUNT: count };
    // Both cores: of itself vitest leaves one to others.
    const args = ["run", "--project", "unit", "--maxWorkers", "2", "fuzz"];
    return (await runTool("vitest", args, { show: true, env })).ok;
  },
  async bench([name, ...args]) {
    const script = inRoot("bench", `${name}.mjs`);
    if (!existsSync(script)) {
      console.error("npm run bench -- <name>; bench/README.md lists the names.");
      return false;
    }
    if (!(await ready("all"))) return false;
    return (await run(process.execPath, [script, ...args], { show: true })).ok;
  },
};

/** @param {"start" | "all"} scope @param {readonly import("./build.mjs").Target[]} [targets] */
const ready = async (scope, targets) =>
  (await setUp("install", () => ensureInstalled(scope))) && (await setUp("build", () => ensureBuilt(targets)));

/** @param {string} name @param {() => Promise<import("./steps.mjs").Result>} make */
const setUp = (name, make) => prepare(name, newTally(), make);

const [major = 0] = process.versions.node.split(".").map(Number);
const [command = "", ...args] = process.argv.slice(2);
if (major < 20) {
  console.error(`This needs Node 20 or later; this is Node ${process.versions.node}.`);
  process.exitCode = 1;
} else if (!Object.hasOwn(COMMANDS, command)) {
  console.error(`Usage: node scripts/run.mjs ${Object.keys(COMMANDS).join(" | ")}`);
  process.exitCode = 1;
} else if (!(await COMMANDS[command]?.(args))) {
  process.exitCode = 1;
}
