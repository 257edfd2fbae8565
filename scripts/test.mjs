/** `npm test`: everything that is known to matter, from a fresh clone. Its last line is `N passed, N failed`. */
import { rmSync } from "node:fs";
import { ensureBuilt } from "./build.mjs";
import { CHECK_WIDTH, checkSteps } from "./check.mjs";
import { ensureInstalled } from "./install.mjs";
import { ensureRuntimes, findRuntimes } from "./runtimes.mjs";
import { readNote } from "./stamps.mjs";
import { newTally, prepare, runSteps } from "./steps.mjs";
import { ensureSystem } from "./system.mjs";
import { runTool, WORK } from "./workspace.mjs";

export async function test() {
  const start = performance.now();
  const tally = newTally();
  if (await prepare("install", tally, () => ensureInstalled("all"))) {
    await prepare("browsers and foreign peers", tally, () => found(ensureSystem));
    await prepare("other versions of Node", tally, () => found(ensureRuntimes));
    const built = await prepare("build", tally, () => ensureBuilt());
    await runSteps(checkSteps({ built }), tally, CHECK_WIDTH);
    if (!built) console.log("The e2e tests need a build and are not run.");
    // Longest first. A run keeps one core busy, and that of the e2e tests, which wait for browsers, not even one.
    const runs = [
      ...(built ? [vitest("e2e")] : []),
      vitest("unit"),
      ...findRuntimes().others.map((other) => vitest("unit", other)),
    ];
    await runSteps(runs, tally, CHECK_WIDTH);
  }
  console.log(`All of it took ${((performance.now() - start) / 1000).toFixed(0)} s`);
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0 && tally.passed > 0;
}

/**
 * What the tests need besides packages. In CI all of it must be there.
 *
 * @param {() => readonly unknown[]} ensure returns what is missing, or throws
 * @returns {import("./steps.mjs").Result}
 */
function found(ensure) {
  try {
    return { ok: true, note: ensure().length > 0 ? "some are left out" : "all here" };
  } catch (error) {
    // It says what is missing and how to get it; where that was found out is of no interest.
    return { ok: false, output: error.message };
  }
}

/**
 * A project of vitest.config.ts.
 *
 * @param {string} project
 * @param {import("./runtimes.mjs").Runtime} [runtime] default: this Node
 * @returns {import("./steps.mjs").Step}
 */
function vitest(project, runtime) {
  const name = `${project} tests${runtime ? ` in Node ${runtime.version}` : ""}`;
  return {
    name,
    async run() {
      const file = `${WORK}/vitest-${name.replaceAll(" ", "-")}.json`;
      rmSync(file, { force: true });
      const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
      const args = ["run", "--project", project, "--silent=passed-only", ...reporters];
      // Of several at a time one tells how far it is, the longest.
      const echo = project === "e2e";
      const { ok, output } = await runTool("vitest", args, { echo, node: runtime?.program });
      return { ...count(readNote(file), ok), output: echo ? "See above." : output };
    },
  };
}

/**
 * Counts tests. A file that failed outside of its tests, and a run that did, count as one each.
 *
 * @param {any} report as vitest writes it; undefined when it could not
 * @param {boolean} exitedWell
 */
function count(report, exitedWell) {
  const passed = report?.numPassedTests ?? 0;
  const left = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report?.testResults ?? [];
  const broken = files.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  );
  let failed = (report?.numFailedTests ?? 0) + broken.length;
  if (failed === 0 && (!exitedWell || passed === 0)) failed = 1;
  return { ok: failed === 0, passed, failed, note: `${passed} passed, ${failed} failed${left > 0 ? `, ${left} left out` : ""}` };
}
