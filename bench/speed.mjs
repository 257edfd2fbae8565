/**
 * What a message costs the server, and a connection: ours beside others. The server has one core to itself, a load generator
 * written in C the other; servers take turns, and each figure is the median of the rounds with their spread.
 */
import { parseArgs } from "node:util";
import { CASES, MEMORY_CASES } from "./speed/cases.mjs";
import { measureMemory, measureSpeed, prepare } from "./speed/measure.mjs";
import { printMemory, printSpeed } from "./speed/report.mjs";
import { newResults, readResults, resultsToMend, writeResults } from "./speed/results.mjs";
import { BASELINE, SERVERS } from "./speed/servers.mjs";
import { startable, takeTurns } from "./speed/turns.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    connections: { type: "string", default: "10000" },
    only: { type: "string" },
    servers: { type: "string" },
    full: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    redraw: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
/** Memory differs little from round to round, and each takes long. */
const memoryRounds = Math.min(rounds, 3);

try {
  if (options.redraw) writeResults(readResults());
  else await measure();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

async function measure() {
  const isChosen = chosen("--only", withMatrix(options.only), [...CASES, ...MEMORY_CASES]);
  const isServer = chosen("--servers", options.servers, SERVERS);
  const cases = CASES.filter((test) => isChosen(test) && (options.only || options.full || !test.full));
  if (options.write && options.only && options.servers) throw new Error("--write with --only measures all servers of a case");
  const results = options.write && options.only ? resultsToMend() : newResults();
  const tools = prepare();
  // Without what all are compared with there is nothing to tell.
  const servers = await startable(SERVERS.filter((server) => isServer(server) || server.name === BASELINE));

  console.log(`Medians of ${rounds} rounds of ${seconds} s; × says how many times less CPU than ${BASELINE}, within a round`);
  for (const test of cases) {
    const figures = await takeTurns(servers, test, rounds, (server) => measureSpeed(tools, server, test, seconds));
    const entry = { measured: today(), rounds, seconds, servers: figures };
    printSpeed(test, entry);
    keep(results, "speed", test, entry);
  }
  for (const test of MEMORY_CASES.filter(isChosen)) {
    const connections = Math.round(Number(options.connections) * test.share);
    const figures = await takeTurns(servers, test, memoryRounds, (server) => measureMemory(tools, server, test, connections));
    const entry = { measured: today(), rounds: memoryRounds, connections, servers: figures };
    printMemory(test, entry);
    keep(results, "memory", test, entry);
  }
}

function today() {
  return new Date().toISOString().slice(0, 10);
}

/** A list of cases in which `matrix` stands for all that are not on the short list. */
function withMatrix(list) {
  const matrix = CASES.filter(({ full }) => full).map(({ id }) => id);
  return list
    ?.split(",")
    .flatMap((id) => (id === "matrix" ? matrix : id))
    .join(",");
}

/** Whether a case or server is in a list from the command line; without a list all are. */
function chosen(option, list, all) {
  if (list === undefined) return () => true;
  const known = all.map(({ id, name }) => id ?? name);
  const wanted = list.split(",");
  for (const name of wanted)
    if (!known.includes(name)) throw new Error(`${option} knows no ${name}; it knows ${known.join(", ")}`);
  return ({ id, name }) => wanted.includes(id ?? name);
}

/** Written after each case: a long run that breaks off has not been in vain. */
function keep(results, kind, test, entry) {
  results[kind][test.id] = entry;
  if (options.write) writeResults(results);
}
