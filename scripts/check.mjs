/** `npm run check`: everything that can be known of the code without running it. */
import { ensureBuilt } from "./build.mjs";
import { dependencies, lengths, reference, style, types } from "./checks/code.mjs";
import { declarations, packages, size } from "./checks/product.mjs";
import { ensureInstalled } from "./install.mjs";
import { newTally, prepare, runSteps } from "./steps.mjs";

/**
 * Longest first, so that both cores are busy to the end.
 *
 * @param {{ built: boolean, write?: boolean }} options without a build there is no product to check
 * @returns {import("./steps.mjs").Step[]}
 */
export const checkSteps = ({ built, write }) => [
  reference,
  style,
  ...(built ? packages() : []),
  ...types(),
  ...(built ? [...declarations({ write }), size] : []),
  lengths,
  dependencies,
];

/** Steps that run at the same time: the machines of CI have two cores. */
export const CHECK_WIDTH = 2;

/** @param {readonly string[]} args `--write` commits to the declarations as built */
export async function check(args) {
  const tally = newTally();
  if (await prepare("install", tally, () => ensureInstalled("all"))) {
    const built = await prepare("build", tally, () => ensureBuilt());
    await runSteps(checkSteps({ built, write: args.includes("--write") }), tally, CHECK_WIDTH);
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0;
}
