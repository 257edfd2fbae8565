/** What the console says while it is measured. */
import { BASELINE } from "./servers.mjs";
import { apiOf, figure, idleness, times } from "./words.mjs";

/** @param {import("./cases.mjs").Case} test @param {import("./results.mjs").Entry} entry */
export function printSpeed(test, { servers }) {
  const target = test.target ? `; target ${test.target} ×` : "";
  console.log(`\n${test.id}: ${test.name} (our API: ${apiOf(test).replaceAll("`", "")}${target})`);
  for (const [name, figures] of Object.entries(servers)) {
    if (figures.skipped) {
      console.log(`  ${name.padEnd(14)} left out: ${figures.skipped}`);
      continue;
    }
    const { micros, rate, p50, p99, ratio } = figures;
    const compared = ratio && name !== BASELINE ? times(ratio) : "";
    console.log(
      `  ${name.padEnd(14)} ${figure(micros.median).padStart(7)} µs ${figure(rate.median).padStart(10)}/s  ` +
        `p50 ${figure(p50.median)} µs, p99 ${figure(p99.median)} µs  ${compared.padEnd(21)} ${idleness(figures)}`.trimEnd(),
    );
  }
}

/** @param {typeof import("./cases.mjs").MEMORY_CASES[number]} test @param {import("./results.mjs").Entry} entry */
export function printMemory(test, { connections, servers }) {
  const target = test.target ? `; target at most ${test.target.toLocaleString("en")} bytes` : "";
  console.log(`\n${test.id}: bytes per connection, ${test.name}, ${connections} connections${target}`);
  for (const [name, figures] of Object.entries(servers)) {
    if (figures.skipped) console.log(`  ${name.padEnd(14)} left out: ${figures.skipped}`);
    else
      console.log(
        `  ${name.padEnd(14)} ${figure(figures.rss.median).padStart(8)} resident ${figure(figures.heap.median).padStart(8)} heap and buffers`,
      );
  }
}
