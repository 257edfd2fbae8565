/** ws with the addon that unmasks for it. It is found by NODE_PATH, so that no other ws of the workspace finds it. */
import http from "node:http";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
if (http.websocketUnmask) throw new Error("this Node unmasks for ws by itself: bufferutil would not be used");
const ofWs = createRequire(require.resolve("ws"));
const { unmask } = ofWs("bufferutil");
// Where no binary fits, bufferutil falls back to JavaScript without a word.
if (!String(unmask).includes("[native code]")) throw new Error("bufferutil has no prebuilt binary for this machine");
await import("./ws.mjs");
