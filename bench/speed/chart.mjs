/** docs/performance.svg: a row of dots for each case, bars for memory. It follows the reader's light or dark scheme. */
import { CASES } from "./cases.mjs";
import { marks, STYLE, shape } from "./chart-style.mjs";
import { BASELINE } from "./servers.mjs";
import { figure } from "./words.mjs";

const WIDTH = 700;
const LEFT = 228;
const RIGHT = 676;
const ROW = 36;
const BAR = 24;
/** What fits to the left of the dots. */
const MAX_LETTERS = 28;
const LEGEND_COLUMN = 165;

/** @param {import("./results.mjs").Results} results */
export function drawChart(results) {
  const speed = dots(results, 96);
  const memory = bars(results, 96 + speed.height);
  const height = 96 + speed.height + memory.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Server CPU and memory beside ${BASELINE}">
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
<text class="title" x="24" y="30">How many times less server CPU a message takes than with ${BASELINE}</text>
<text class="quiet" x="24" y="48">Further right is cheaper. Each step doubles. The line behind ours is the spread of its rounds.</text>
${[...legend(results), ...speed.parts, ...memory.parts].join("\n")}
</svg>
`;
}

/** Which servers were measured, but for the one that is the line. */
function shown({ speed }) {
  const names = Object.values(speed).flatMap(({ servers }) => Object.keys(servers));
  return marks.filter(({ name }) => names.includes(name) && name !== BASELINE);
}

function legend(results) {
  const entries = [...shown(results), { name: "target", form: "target", of: "ours" }];
  return entries.map(({ name, form, of }, index) => {
    const x = 30 + (index % 4) * LEGEND_COLUMN;
    const y = 66 + Math.floor(index / 4) * 17;
    return `${shape(form, of, x, y)}<text x="${x + 12}" y="${y + 4}">${name}${name === "net" ? ", the limit in Node" : ""}</text>`;
  });
}

/** The cases on an axis of powers of two. */
function dots(results, top) {
  const cases = CASES.filter(({ id, full }) => !full && results.speed[id]?.servers[BASELINE]?.ratio);
  const ratiosOf = ({ id }) =>
    Object.values(results.speed[id].servers).flatMap(({ ratio }) => (ratio ? [ratio.min, ratio.max] : []));
  const all = cases.flatMap((test) => [...ratiosOf(test), test.target ?? 1]);
  const from = Math.floor(Math.log2(Math.min(0.5, ...all)));
  const to = Math.ceil(Math.log2(Math.max(2, ...all) * 1.15));
  const x = (ratio) => round(LEFT + ((Math.log2(ratio) - from) / (to - from)) * (RIGHT - LEFT));
  const bottom = top + 24 + cases.length * ROW;

  const parts = [];
  for (let power = from; power <= to; power++) {
    const name = power < 0 ? `1/${2 ** -power}` : `${2 ** power}`;
    parts.push(
      `<line class="${power === 0 ? "baseline" : "grid"}" x1="${x(2 ** power)}" x2="${x(2 ** power)}" y1="${top + 20}" y2="${bottom}"/>`,
    );
    parts.push(
      `<text class="quiet middle" x="${x(2 ** power)}" y="${top + 14}">${power === 0 ? `${BASELINE} = 1` : `${name} ×`}</text>`,
    );
  }
  for (const [index, test] of cases.entries()) parts.push(...row(test, results, top + 24 + index * ROW + ROW / 2, x));
  return { parts, height: bottom - top + 12 };
}

function row(test, results, y, x) {
  const { servers } = results.speed[test.id];
  const [first, second] = inTwoLines(test.name);
  const parts = [`<text x="24" y="${y - 2}">${first}</text><text class="quiet" x="24" y="${y + 12}">${second}</text>`];
  if (test.target) parts.push(shape("target", "ours", x(test.target), y));
  const others = shown(results).filter(({ name }) => name !== "ours");
  for (const [index, { name, form, of }] of others.entries()) {
    const ratio = servers[name]?.ratio;
    // Many lie close to 1: each has its own height.
    const height = y + (index - (others.length - 1) / 2) * 4;
    if (ratio) parts.push(shape(form, of, x(ratio.median), height));
  }
  const ours = servers.ours?.ratio;
  if (!ours) return parts;
  parts.push(
    `<line class="spread" x1="${x(ours.min)}" x2="${x(ours.max)}" y1="${y}" y2="${y}"/>`,
    shape("dot", "ours", x(ours.median), y),
  );
  const places = others.flatMap(({ name }) => (servers[name]?.ratio ? [x(servers[name].ratio.median)] : []));
  parts.push(figureOf(ours, test.target ? [...places, x(test.target)] : places, x, y));
  return parts;
}

/** What a figure takes up, in pixels, and what it keeps clear of marks. */
const FIGURE_WIDTH = 52;
const CLEAR = 8;

/** The figure of ours: to its left, to its right, or behind all marks of the row, whichever is free first. */
function figureOf({ median, min, max }, places, x, y) {
  const isFree = (from) => !places.some((place) => place > from - CLEAR && place < from + FIGURE_WIDTH + CLEAR);
  const left = Math.min(x(min), x(median) - 6) - 5 - FIGURE_WIDTH;
  const right = Math.max(x(max), x(median) + 6) + 5;
  const start = [left, right].find(isFree) ?? Math.max(right, ...places.map((place) => place + CLEAR + 2));
  const isLeft = start === left;
  return `<text class="value ${isLeft ? "end" : ""}" x="${isLeft ? left + FIGURE_WIDTH : start}" y="${y + 4}">${figure(median)} ×</text>`;
}

/** What an idle connection takes: the part of the heap darker, within what is resident. */
function bars(results, top) {
  const { connections, servers } = results.memory.idle ?? { servers: {} };
  const found = Object.entries(servers).filter(([, { rss }]) => rss);
  if (found.length === 0) return { parts: [], height: 8 };
  const most = Math.max(...found.map(([, { rss }]) => rss.median));
  const width = (bytes) => round((Math.max(0, bytes) / most) * (RIGHT - LEFT - 130));
  const parts = [
    `<text class="title" x="24" y="${top + 30}">Bytes of server memory per idle connection</text>`,
    `<text class="quiet" x="24" y="${top + 48}">Of ${connections.toLocaleString("en")} connections. The stronger part is JavaScript's heap and buffers.</text>`,
  ];
  for (const [index, [name, { rss, heap }]] of found.entries()) {
    const y = top + 60 + index * BAR;
    const of = marks.find((mark) => mark.name === name)?.of;
    parts.push(
      `<text x="24" y="${y + 14}">${name}</text>`,
      `<rect class="bar ${of}" x="${LEFT}" y="${y + 2}" width="${width(rss.median)}" height="16"/>`,
      `<rect class="fill ${of}" x="${LEFT}" y="${y + 2}" width="${width(heap.median)}" height="16"/>`,
      `<text class="quiet" x="${LEFT + width(rss.median) + 6}" y="${y + 14}">${figure(heap.median)} of ${figure(rss.median)}</text>`,
    );
  }
  return { parts, height: 60 + found.length * BAR + 16 };
}

/** What is done in the first line, how it is loaded in the second. */
function inTwoLines(name) {
  const parts = name.split(", ");
  let first = 1;
  while (first < parts.length - 1 && parts.slice(0, first + 1).join(", ").length <= MAX_LETTERS) first++;
  return [parts.slice(0, first).join(", "), parts.slice(first).join(", ")];
}

const round = (value) => Math.round(value * 10) / 10;
