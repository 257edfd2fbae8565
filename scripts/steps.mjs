/** Runs steps, says how each went, and counts. */

/**
 * How a step went. `note` stands behind its name, `output` is shown only when it failed. A step that holds many tests says how
 * many passed and failed; any other counts as one. `done: false`: there was nothing to do.
 * @typedef {{ ok: boolean, output?: string, note?: string, done?: boolean, passed?: number, failed?: number }} Result
 * @typedef {{ name: string, run: () => Result | Promise<Result> }} Step
 * @typedef {{ passed: number, failed: number }} Tally
 */

/** @returns {Tally} */
export const newTally = () => ({ passed: 0, failed: 0 });

/**
 * @param {readonly Step[]} steps in the order in which they start
 * @param {Tally} tally is added to
 * @param {number} [width] how many run at the same time
 * @returns {Promise<boolean>} whether all went well
 */
export async function runSteps(steps, tally, width = 1) {
  const waiting = [...steps];
  let ok = true;
  const work = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      const { passed, failed, ...result } = await report(step);
      tally.passed += passed ?? (result.ok ? 1 : 0);
      tally.failed += failed ?? (result.ok ? 0 : 1);
      ok &&= result.ok;
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return ok;
}

/**
 * A step that only prepares others: its success counts for nothing.
 *
 * @param {string} name
 * @param {Tally} tally
 * @param {Step["run"]} run
 */
export function prepare(name, tally, run) {
  return runSteps([{ name, run: async () => ({ ...(await run()), passed: 0 }) }], tally);
}

/** @param {Step} step @returns {Promise<Result>} */
async function report({ name, run }) {
  const start = performance.now();
  const result = await outcomeOf(run);
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const note = [seconds, result.done === false ? "nothing to do" : result.note].filter(Boolean).join("  ");
  console.log(`${result.ok ? "✓" : "✗"} ${name.padEnd(28)} ${note}`);
  if (!result.ok) console.log(`${indent(result.output?.trim() || "It failed without a word.")}\n`);
  return result;
}

/** @param {Step["run"]} run @returns {Promise<Result>} */
async function outcomeOf(run) {
  try {
    return await run();
  } catch (error) {
    return { ok: false, output: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** @param {string} text */
const indent = (text) => text.replace(/^/gm, "    ");
