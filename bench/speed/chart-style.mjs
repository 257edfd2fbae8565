/** Colours and forms of the chart's servers. Forms differ besides, for who does not tell the colours apart. */

/** @typedef {"dot" | "ring" | "square" | "diamond" | "cross" | "plus" | "triangle" | "target"} Form */

/** `of` names a colour below. @type {readonly { name: string, form: Form, of: string }[]} */
export const marks = [
  { name: "ours", form: "dot", of: "ours" },
  { name: "ours on ws", form: "ring", of: "ours" },
  { name: "ws", form: "plus", of: "plain" },
  { name: "ws+bufferutil", form: "square", of: "bufferutil" },
  { name: "crossws", form: "cross", of: "crossws" },
  { name: "Socket.IO", form: "triangle", of: "socket" },
  { name: "net", form: "diamond", of: "plain" },
  { name: "uWebSockets.js", form: "diamond", of: "uws" },
];

/** In light and in dark. */
const COLOURS = {
  ours: ["#0b57d0", "#6cb0ff"],
  bufferutil: ["#0a7a5a", "#4cc9a0"],
  crossws: ["#8a5a00", "#e0b050"],
  socket: ["#9c3587", "#e48ad2"],
  plain: ["#59636e", "#a6b0bb"],
  uws: ["#c02b2b", "#ff8a80"],
};

const PAPER = { ground: ["#ffffff", "#0d1117"], ink: ["#1f2328", "#e6edf3"], faint: ["#d5dae0", "#30363d"] };

const variables = (scheme) =>
  Object.entries({ ...COLOURS, ...PAPER })
    .map(([name, pair]) => `--${name}:${pair[scheme]}`)
    .join(";");

export const STYLE = `
svg{${variables(0)}}
@media (prefers-color-scheme:dark){svg{${variables(1)}}}
text{font:13px system-ui,-apple-system,"Segoe UI",sans-serif;fill:var(--ink)}
.title{font-size:16px;font-weight:600}
.quiet{font-size:12px;fill:var(--plain)}
.middle{text-anchor:middle}
.end{text-anchor:end}
.value{font-weight:600;fill:var(--ours);stroke:var(--ground);stroke-width:3px;paint-order:stroke}
.ground{fill:var(--ground)}
.grid{stroke:var(--faint)}
.baseline{stroke:var(--plain);stroke-width:1.5}
.spread{stroke:var(--ours);stroke-width:3;opacity:.45}
.line{fill:none;stroke-width:2}
.bar{opacity:.35}
${Object.keys(COLOURS)
  .map((name) => `.${name}{fill:var(--${name})}.line.${name}{fill:none;stroke:var(--${name})}`)
  .join("\n")}
`;

/** A server's mark at a place. @param {Form} form @param {string} of @param {number} x @param {number} y */
export function shape(form, of, x, y) {
  const path = (d, name) => `<path class="${name} ${of}" d="${d}"/>`;
  switch (form) {
    case "dot":
      return `<circle class="${of}" cx="${x}" cy="${y}" r="6"/>`;
    case "ring":
      return `<circle class="line ${of}" cx="${x}" cy="${y}" r="4"/>`;
    case "square":
      return `<rect class="${of}" x="${x - 3.5}" y="${y - 3.5}" width="7" height="7"/>`;
    case "diamond":
      return path(`M${x} ${y - 5}l5 5l-5 5l-5-5z`, "mark");
    case "triangle":
      return path(`M${x} ${y - 4.5}l4.5 8h-9z`, "mark");
    case "cross":
      return path(`M${x - 3.5} ${y - 3.5}l7 7m0-7l-7 7`, "line");
    case "plus":
      return path(`M${x - 4} ${y}h8m-4-4v8`, "line");
    case "target":
      return path(`M${x} ${y - 10}v20m-4-20h8m-8 20h8`, "line");
  }
}
