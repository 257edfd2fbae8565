/** The last figures, kept as docs/performance.json, so that the page can be drawn again without measuring. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { CASES, MEMORY_CASES } from "./cases.mjs";
import { drawChart } from "./chart.mjs";
import { commit, machine, versions } from "./machine.mjs";
import { writePage } from "./page.mjs";
import { at } from "./programs.mjs";

/**
 * The figures of one case by server; who was left out has a reason instead.
 * @typedef {{ skipped: string } | Record<string, import("./statistics.mjs").Spread>} Figures
 * @typedef {{ measured: string, rounds: number, seconds?: number, connections?: number, servers: Record<string, Figures> }} Entry
 * @typedef {{
 *   machine: Record<string, string>, versions: Record<string, string>, runs: { commit: string, command: string }[],
 *   speed: Record<string, Entry>, memory: Record<string, Entry>
 * }} Results
 */

const file = (ending) => at("../docs", `performance.${ending}`);

/** Nothing measured yet. @returns {Results} */
export function newResults() {
  return { machine: machine(), versions: versions(), runs: [run()], speed: {}, memory: {} };
}

/** This one. */
function run() {
  return { commit: commit(), command: ["npm run bench -- speed", ...process.argv.slice(2)].join(" ") };
}

/** @returns {Results} */
export function readResults() {
  if (!existsSync(file("json"))) throw new Error("There are no figures yet: npm run bench -- speed --write");
  return JSON.parse(readFileSync(file("json"), "utf8"));
}

/** The kept results, for a part of them to be measured anew: only on the same machine, with the same versions. */
export function resultsToMend() {
  const kept = readResults();
  for (const [name, now] of Object.entries({ machine: machine(), versions: versions() }))
    if (JSON.stringify(kept[name]) !== JSON.stringify(now))
      throw new Error(`docs/performance.json does not have this ${name}: measure all, without --only`);
  const now = run();
  const others = kept.runs.filter(({ command }) => command !== now.command);
  return { ...kept, runs: [...others, now] };
}

/** @param {Results} results */
export function writeResults(results) {
  const inOrder = { ...results, speed: ordered(results.speed, CASES), memory: ordered(results.memory, MEMORY_CASES) };
  writeFileSync(file("json"), `${JSON.stringify(inOrder, null, 2)}\n`);
  writeFileSync(file("svg"), drawChart(inOrder));
  writeFileSync(file("md"), writePage(inOrder));
  const biome = at("../node_modules/@biomejs/biome/bin/biome");
  spawnSync(process.execPath, [biome, "format", "--write", file("json"), file("md")], { cwd: at("..") });
}

/** Only what is still measured, in the order of the cases. */
const ordered = (entries, cases) => Object.fromEntries(cases.filter(({ id }) => entries[id]).map(({ id }) => [id, entries[id]]));
