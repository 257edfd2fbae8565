/**
 * The versions of Node that are proven to work. One runs the tests; the others are asked in addition, where they are here:
 * all but the oldest come with the private package testkit/runtimes.
 */
import { spawnSync } from "node:child_process";
import { inRoot } from "./workspace.mjs";

/** The oldest is what the packages ask for in `engines`. */
export const MAJORS = Object.freeze([20, 22, 24]);

/** The package, and whether its programs are for this machine; where they are not, install.mjs leaves it out. */
export const RUNTIMES = Object.freeze({
  name: "@websockets-simple/runtimes",
  fit: process.platform === "linux" && process.arch === "x64",
});

/** @typedef {{ version: string, program: string }} Runtime */

/** Which versions are here besides the one that runs this, and which are missing. */
export function findRuntimes() {
  /** @type {Runtime[]} */
  const others = [];
  const missing = [];
  for (const major of MAJORS.filter((major) => major !== majorOf(process.version))) {
    const program = inRoot(`testkit/runtimes/node_modules/node-${major}/bin/node`);
    // It may be there and yet not run: for want of the C library that it was built for.
    const version = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout?.trim() ?? "";
    if (majorOf(version) === major) others.push({ version: version.slice(1), program });
    else missing.push(major);
  }
  return { others, missing };
}

/** Fails when a version is missing (in CI, where the package is meant to be), or says what will be left out. */
export function ensureRuntimes({ ci = process.env.CI === "true" && RUNTIMES.fit } = {}) {
  const { missing } = findRuntimes();
  if (ci && missing.length > 0) {
    const list = missing.map((major) => `  Node ${major}: ${howToGet(major)}`);
    throw new Error(`The tests run in these versions too, and in CI none may be left out:\n${list.join("\n")}`);
  }
  for (const major of missing) console.log(`Left out: unit tests and packages in Node ${major} (${howToGet(major)})`);
  return missing;
}

/** @param {number} major */
function howToGet(major) {
  const byHand = `run npm test with Node ${major}`;
  return RUNTIMES.fit && major !== MAJORS[0] ? `delete node_modules and run npm test again, or ${byHand}` : byHand;
}

/** @param {string} version such as v20.1.2 */
const majorOf = (version) => Number(/^v(\d+)\./.exec(version)?.[1]);
