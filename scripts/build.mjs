/** Builds the published packages by rollup, unless what lies in dist is made of the same sources. */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { digest, readNote, stampFile, writeNote } from "./stamps.mjs";
import { inRoot, PUBLISHED, runTool } from "./workspace.mjs";

/** The targets of rollup.config.mjs that make JavaScript, each with a file that tells that it was built. */
const CODE = {
  browser: "packages/client/dist/websockets-simple.umd.min.js",
  client: "packages/client/dist/index.mjs",
  server: "packages/server/dist/index.mjs",
  msgpack: "packages/server/dist/msgpack.mjs",
};
/** Those that make declarations, which takes as long again. */
const TYPES = {
  "client-types": "packages/client/dist/index.d.mts",
  "server-types": "packages/server/dist/index.d.mts",
  "msgpack-types": "packages/server/dist/msgpack.d.mts",
};
const ALL = { ...CODE, ...TYPES };
/** @typedef {keyof typeof ALL} Target */

const STAMP = stampFile("build");
const SOURCES = [
  ...["shared", "engine", ...PUBLISHED].flatMap((name) => [`packages/${name}/src`, `packages/${name}/package.json`]),
  ...["rollup.config.mjs", "tsconfig.base.json", "tsconfig.build.json", "pnpm-lock.yaml"],
];

/**
 * @param {readonly Target[]} [targets] default: all
 * @returns {Promise<import("./workspace.mjs").Outcome & { done: boolean }>} done: whether there was something to do
 */
export async function ensureBuilt(targets = /** @type {Target[]} */ (Object.keys(ALL))) {
  const state = digest(SOURCES);
  const note = readNote(STAMP);
  const built = /** @type {Target[]} */ (note?.state === state ? note.built : []).filter((target) =>
    existsSync(inRoot(ALL[target])),
  );
  const missing = targets.filter((target) => !built.includes(target));
  if (missing.length === 0) return { ok: true, output: "", done: false };

  // Nothing of before may remain and be published.
  if (built.length === 0)
    await Promise.all(PUBLISHED.map((name) => rm(inRoot(`packages/${name}/dist`), { recursive: true, force: true })));
  const halves = [missing.filter((target) => target in CODE), missing.filter((target) => target in TYPES)];
  const outcomes = await Promise.all(halves.filter((half) => half.length > 0).map(bundle));
  const ok = outcomes.every((outcome) => outcome.ok);
  if (ok) writeNote(STAMP, { state, built: [...built, ...missing] });
  return { ok, output: outcomes.map(({ output }) => output).join(""), done: true };
}

/** @param {readonly Target[]} targets */
const bundle = (targets) => runTool("rollup", ["-c", "--failAfterWarnings", "--configOnly", targets.join(",")]);
