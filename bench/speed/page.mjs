/** docs/performance.md: what is measured, the figures, and what they do not say. */
import { CASES, MEMORY_CASES } from "./cases.mjs";
import { BASELINE } from "./servers.mjs";
import { apiOf, figure, idleness, isLoadTheLimit, times } from "./words.mjs";

/** @param {import("./results.mjs").Results} results */
export function writePage(results) {
  return [
    `# Performance

What a message and a connection cost the server: ours beside others, on one machine. This page is written by
\`npm run bench -- speed --write\`; [bench](../bench/README.md) is behind it, and [the figures](performance.json) lie beside it.

![Server CPU and memory beside ${BASELINE}, in a row for each case; the tables below have the figures](performance.svg)

## What is measured

The server has one core to itself, a load generator written in C the other: bare sockets, frames built beforehand. The
measure is the server's CPU time, of all its threads, for each message that reaches a client: it decides how many servers
you need. Servers take turns within a round, and each figure is the median of the rounds. **×** says how many times less
CPU than \`${BASELINE}\` in the same round, with the least and the most of all rounds behind it.

Each server does what its users would write, with its defaults but for limits that a load test would run into. In an
echo a text becomes a string on its way, in all but net; a broadcast is passed on as each takes it best.

- **ours** is \`WebsocketServer\`; **ours on ws** the same with \`engine: "ws"\`. Each table says which API ran.
- **ws+bufferutil** is \`ws\` with the native addon that unmasks for it.
- **crossws** is its adapter for Node, which is \`ws\` within.
- **Socket.IO** speaks a protocol of its own, over WebSocket from the start; an event is a message here, and a
  handshake is all until its main namespace is open.
- **net** is no server: bare sockets of Node and just enough of the protocol for an echo, without a check, a string or a
  listener. It is the limit of what JavaScript can reach on Node's sockets.
- **uWebSockets.js** is C++ beneath Node; it is not on npm, and is measured where \`UWS\` names it.`,
    targets(results),
    ...speedTables(results),
    memoryTable(results),
    `## What the figures do not say

- Loopback has no distance and loses nothing; latencies are those of a server that has more to do than it can, and say
  how long the queue is. They are for comparing, not for planning.
- Where a server had less than 95 % of its core to do, its rate is not its limit: it waited, for the load generator or for
  a core that something else used. Its CPU for each message is what it cost all the same.
- An echo does nothing with a message. What your application does with it comes on top, and soon is the larger part.
- Resident memory is what the process has more with all connections than before the first, after a collection: pages that
  V8 keeps in reserve are in it, buffers of the kernel are not.
- The load generator compresses without context takeover, and never looks into what comes back.`,
    about(results),
    "",
  ].join("\n\n");
}

/** Ours against what it is meant to reach. */
function targets({ speed, memory }) {
  const rows = CASES.filter(({ id, target }) => target && speed[id]).map(({ id, name, target, ...test }) => {
    const { ours, net } = speed[id].servers;
    const verdict = ours?.ratio && (ours.ratio.median >= target ? "yes" : "no");
    const reached = ours?.ratio ? times(ours.ratio) : "not measured";
    return [name, apiOf({ id, ...test }), `${target} ×`, reached, net?.ratio ? times(net.ratio) : "—", verdict ?? "—"];
  });
  for (const { id, name, target } of MEMORY_CASES.filter((test) => test.target && memory[test.id])) {
    const heap = memory[id].servers.ours?.heap;
    const reached = heap ? `${figure(heap.median)} bytes of heap and buffers` : "not measured";
    const verdict = heap && (heap.median <= target ? "yes" : "no");
    const limit = memory[id].servers.net?.heap;
    const verdicts = [limit ? figure(limit.median) : "—", verdict ?? "—"];
    rows.push([`a connection, ${name}`, "—", `at most ${figure(target)} bytes`, reached, ...verdicts]);
  }
  const head = ["case", "our API", "target", `ours, times less CPU than ${BASELINE}`, "net, the limit", "reached"];
  return `## Targets

The targets come from a prototype, which had neither events nor limits nor statistics, on another machine. Where one lies
beyond what net reaches here, nothing written on Node's sockets can reach it here.

${table(head, rows)}`;
}

function speedTables({ speed }) {
  const groups = [...new Set(CASES.map(({ group }) => group))];
  return groups.flatMap((group) => {
    const cases = CASES.filter((test) => test.group === group && speed[test.id]);
    return cases.length === 0 ? [] : [`## ${group}`, ...cases.map((test) => speedTable(test, speed[test.id]))];
  });
}

function speedTable(test, { servers }) {
  const head = ["server", "CPU", `× ${BASELINE}`, "a second", "p50", "p99", "its core"];
  const rows = measured(servers).map(([name, figures]) => {
    const { micros, rate, p50, p99, busy, ratio } = figures;
    const compared = ratio && name !== BASELINE ? times(ratio) : "";
    const core = `${Math.min(100, Math.round(busy.median * 100))} %`;
    return [name, `${figure(micros.median)} s`, compared, figure(rate.median), ms(p50), ms(p99), core];
  });
  const notes = [
    // The table has the rest.
    ...measured(servers).flatMap(([name, figures]) => (isLoadTheLimit(figures) ? [`${name}: ${idleness(figures)}.`] : [])),
    ...leftOut(servers),
  ];
  const unit = test.group === "Handshakes" ? "handshakes" : "messages";
  return [
    `### ${title(test.name)}`,
    `Our API: ${apiOf(test)}. CPU seconds of the server for a million ${unit}.`,
    table(head, rows),
    ...list(notes),
  ].join("\n\n");
}

function memoryTable({ memory }) {
  const cases = MEMORY_CASES.filter(({ id }) => memory[id]);
  if (cases.length === 0) return "## Memory\n\nNot measured.";
  const names = [...new Set(cases.flatMap(({ id }) => Object.keys(memory[id].servers)))];
  const rows = names.map((name) => [
    name,
    ...cases.map(({ id }) => {
      const { rss, heap } = memory[id].servers[name] ?? {};
      return rss ? `${figure(heap.median)} of ${figure(rss.median)}` : "—";
    }),
  ]);
  const counts = cases.map(({ id, name }) => `${memory[id].connections.toLocaleString("en")} ${name}`).join("; ");
  const notes = cases.flatMap(({ id, name }) => leftOut(memory[id].servers).map((line) => `${name}: ${line}`));
  return [
    "## Memory",
    `Bytes for each connection: JavaScript's heap and buffers, of all that is resident. Connections: ${counts}.`,
    table(["server", ...cases.map(({ name }) => name)], rows),
    ...list(notes),
  ].join("\n\n");
}

function about({ machine, versions, runs, speed, memory }) {
  const entries = [...Object.values(speed), ...Object.values(memory)];
  const all = (key) => [...new Set(entries.map((entry) => entry[key]).filter(Boolean))].join(", ");
  const rows = Object.entries({ ...machine, ...versions, measured: all("measured") });
  return `## Where, and with what

${table(["", ""], rows)}

Speed was measured for ${all("seconds").replace(", ", " or ")} s after 1.5 s to warm up, in ${roundsOf(speed)} rounds; memory in ${roundsOf(memory)}.
${runs.length > 1 ? "Each figure is of the last of these runs, and so of that commit, that measured its case:" : ""}

\`\`\`sh
${runs.map(({ commit, command }) => `# ${commit}\n${command}`).join("\n")}
\`\`\``;
}

const roundsOf = (entries) => [...new Set(Object.values(entries).map(({ rounds }) => rounds))].join(" or ") || "no";

const measured = (servers) => Object.entries(servers).filter(([, figures]) => !figures.skipped);

const leftOut = (servers) =>
  Object.entries(servers).flatMap(([name, { skipped }]) => (skipped ? [`${name} is left out: ${skipped}.`] : []));

const ms = ({ median }) => `${figure(median / 1000)} ms`;

const title = (name) => name[0].toUpperCase() + name.slice(1);

const list = (lines) => (lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join("\n")]);

const table = (head, rows) =>
  [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
