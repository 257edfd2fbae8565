/** Medians and spreads over the rounds. */

/** @typedef {{ median: number, min: number, max: number }} Spread */

/** @param {readonly number[]} values @returns {Spread} */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  // As many digits as anybody could believe.
  const short = (value) => Number(value.toPrecision(5));
  return { median: short(median), min: short(sorted[0]), max: short(sorted.at(-1)) };
}

/** Each figure over the rounds. @param {readonly Record<string, number>[]} rounds @returns {Record<string, Spread>} */
export function spreads(rounds) {
  return Object.fromEntries(Object.keys(rounds[0]).map((key) => [key, spread(rounds.map((figures) => figures[key]))]));
}

/** How many times less than the baseline, round by round. @param {readonly number[]} baseline @param {readonly number[]} values */
export const ratios = (baseline, values) => spread(values.map((value, round) => baseline[round] / value));
