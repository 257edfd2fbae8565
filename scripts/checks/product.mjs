/** Checks of what is published: manifests, resolution of types, declarations, size. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { ensurePacked } from "../pack.mjs";
import { inRoot, PUBLISHED, runTool } from "../workspace.mjs";

/** @typedef {import("../steps.mjs").Step} Step */

/** @returns {Step[]} needs a build */
export function packages() {
  // Packed once, by whichever check comes first.
  /** @type {ReturnType<typeof ensurePacked> | undefined} */
  let packing;
  const packed = () => {
    packing ??= ensurePacked();
    return packing;
  };
  return /** @type {const} */ (["client", "server"]).flatMap((name) => [
    {
      name: `types resolve: ${name}`,
      run: async () => runTool("@arethetypeswrong/cli", [(await packed())[name], "--profile", "strict"], { bin: "attw" }),
    },
    { name: `manifest: ${name}`, run: async () => runTool("publint", ["run", (await packed())[name], "--strict"]) },
  ]);
}

/** Compares the built declarations with those that were committed, so that no change of the API goes unseen. */
export function declarations({ write = false } = {}) {
  const entries = [
    ...PUBLISHED.map((name) => [name, `packages/${name}/dist/index`]),
    ["msgpack", "packages/client/dist/msgpack"],
  ];
  return entries.map(([name, file]) => ({
    name: `declarations: ${name}`,
    /** @returns {import("../steps.mjs").Result} */
    run() {
      const built = readFileSync(inRoot(`${file}.d.mts`), "utf8");
      const committed = inRoot(`docs/api/${name}.d.ts`);
      const leak = built.match(/.*["']@websockets-simple\/.*/)?.[0];
      if (leak) return { ok: false, output: `They need a package that is not published: ${leak}` };
      if (built !== readFileSync(inRoot(`${file}.d.cts`), "utf8")) return { ok: false, output: "d.mts and d.cts differ" };
      if (write) {
        mkdirSync(inRoot("docs/api"), { recursive: true });
        writeFileSync(committed, built);
        return { ok: true, note: `written to docs/api/${name}.d.ts` };
      }
      const before = existsSync(committed) ? readFileSync(committed, "utf8") : "";
      const hint = "If that is meant: npm run check -- --write";
      return {
        ok: before === built,
        output: `docs/api/${name}.d.ts differs from the build.\n${difference(before, built)}\n${hint}`,
      };
    },
  }));
}

/** The first and last lines that differ are enough to see what was touched. @param {string} before @param {string} after */
function difference(before, after) {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const cut = (/** @type {string[]} */ lines, /** @type {string} */ sign) =>
    lines
      .slice(start, lines.length - end)
      .slice(0, 20)
      .map((line) => `${sign} ${line}`);
  return [`line ${start + 1}:`, ...cut(old, "-"), ...cut(now, "+")].join("\n");
}

/** The one place that says how large the script for browsers may be, in bytes after gzip -9. */
const SIZE = { budget: 8_580, goal: 5_500 };

/** @type {Step} */
export const size = {
  name: "size for browsers",
  run() {
    const bytes = gzipSync(readFileSync(inRoot("packages/client/dist/websockets-simple.umd.min.js")), { level: 9 }).length;
    const note = `${bytes} bytes gzip -9, budget ${SIZE.budget}, goal ${SIZE.goal}`;
    return { ok: bytes <= SIZE.budget, note, output: "The script for browsers is over its budget." };
  },
};
