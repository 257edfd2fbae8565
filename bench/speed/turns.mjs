/** Servers take turns: whatever disturbs the machine for a while disturbs them all. */
import { startServer } from "./programs.mjs";
import { BASELINE } from "./servers.mjs";
import { ratios, spreads } from "./statistics.mjs";

/** @typedef {import("./servers.mjs").Server} Server */

/** Those servers that start here; of the others it says why they do not. @param {readonly Server[]} servers */
export async function startable(servers) {
  const found = [];
  for (const server of servers) {
    try {
      await (await startServer(server, [])).stop();
      found.push(server);
    } catch (error) {
      console.log(`Left out: ${server.name}: ${error.message}`);
    }
  }
  return found;
}

/**
 * Every server in every round. Who fails once is left out of the case, and nobody else is.
 * @param {readonly Server[]} servers @param {{ load?: readonly unknown[] }} test @param {number} rounds
 * @param {(server: Server) => Promise<Record<string, number>>} measure
 * @returns {Promise<Record<string, import("./results.mjs").Figures>>}
 */
export async function takeTurns(servers, test, rounds, measure) {
  const seen = Object.fromEntries(servers.map(({ name }) => [name, []]));
  const failed = {};
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      failed[server.name] ??= server.cannot?.[test.load?.[4]];
      if (failed[server.name]) continue;
      try {
        seen[server.name].push(await measure(server));
      } catch (error) {
        // The reason without its remedies.
        failed[server.name] = error.message.split(";")[0];
      }
    }
  }
  const microsOf = (name) => seen[name].map(({ micros }) => micros);
  // Memory is told in bytes, not in times.
  const isCompared = !failed[BASELINE] && microsOf(BASELINE)[0] !== undefined;
  const summary = (name) => ({
    ...spreads(seen[name]),
    ...(isCompared && { ratio: ratios(microsOf(BASELINE), microsOf(name)) }),
  });
  return Object.fromEntries(servers.map(({ name }) => [name, failed[name] ? { skipped: failed[name] } : summary(name)]));
}
