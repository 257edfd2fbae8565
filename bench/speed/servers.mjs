/** Who is measured, and how the load generator speaks to each. */
import { deflateRawSync, constants as zlib } from "node:zlib";
import { at } from "./programs.mjs";

/**
 * `file`: in bench/servers; `args`: besides those of the case; `cannot`: why a kind of case is left out; `wrap`: the text of a
 * message in the server's own protocol; `load`: what that protocol asks of the load generator.
 * @typedef {{
 *   name: string, file: string, package?: string, args?: string[], env?: Record<string, string>, cannot?: { binary?: string },
 *   wrap?: (text: string, api: string) => string, load?: Record<string, string>
 * }} Server
 */

/** Everything is compared with this one. */
export const BASELINE = "ws";

/** @type {readonly Server[]} */
export const SERVERS = [
  { name: "ours", file: "ours.mjs", args: ["--engine", "own"] },
  { name: "ours on ws", file: "ours.mjs", args: ["--engine", "ws"] },
  { name: BASELINE, file: "ws.mjs", package: "ws" },
  { name: "ws+bufferutil", file: "ws-bufferutil.mjs", package: "bufferutil", env: { NODE_PATH: at("node_modules") } },
  { name: "crossws", file: "crossws.mjs", package: "crossws" },
  {
    name: "Socket.IO",
    file: "socket.io.mjs",
    package: "socket.io",
    cannot: { binary: "its binary messages are two frames each" },
    // engine.io: 4 is a message; Socket.IO: 2 is an event, with its name and what it carries; 0 asks for the main namespace.
    wrap: (text, api) => (api === "packets" ? `42["m",${text}]` : `42${JSON.stringify(["m", text])}`),
    load: { LOAD_PATH: "/socket.io/?EIO=4&transport=websocket", LOAD_HELLO: "40", LOAD_GREETINGS: "2" },
  },
  { name: "net", file: "net.mjs" },
  { name: "uWebSockets.js", file: "uws.mjs" },
];

/** The load generator's environment for a case. @param {Server} server @param {import("./cases.mjs").Case} test */
export function loadEnvironment({ wrap = (text) => text, load = {} }, { load: [, , , bytes, kind], api, message, compression }) {
  if (kind === "binary") return load;
  const text = wrap(message ?? letters(bytes), api);
  return { ...load, ...(compression ? { LOAD_DEFLATED: deflated(text) } : { LOAD_MESSAGE: text }) };
}

const letters = (count) => Array.from({ length: count }, (_, index) => String.fromCharCode(97 + (index % 26))).join("");

/** As permessage-deflate compresses: without the four bytes that end each (RFC 7692, section 7.2.1). */
const deflated = (text) => deflateRawSync(text, { finishFlush: zlib.Z_SYNC_FLUSH }).subarray(0, -4).toString("hex");
