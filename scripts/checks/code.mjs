/** Checks of the source: style and layers, types, length of files, comments. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { filesIn, stampFile } from "../stamps.mjs";
import { foldersWith, inRoot, ROOT, readJson, runTool } from "../workspace.mjs";

/** @typedef {import("../steps.mjs").Step} Step */

/** @type {Step} */
export const style = {
  name: "style, layers and cycles",
  run: () => runTool("@biomejs/biome", ["check", "--error-on-warnings", "--max-diagnostics=50", "."]),
};

/** One program for each part of the workspace, since each sees other globals. It remembers what it knew. @returns {Step[]} */
export const types = () =>
  foldersWith("tsconfig.json").map((folder) => ({
    name: `types of ${folder}`,
    run: () =>
      runTool("typescript", ["-p", folder, "--incremental", "--tsBuildInfoFile", stampFile(`types/${folder}`)], { bin: "tsc" }),
  }));

const MAX_LINES = 300;

/** @type {Step} */
export const lengths = {
  name: "length of source files",
  run() {
    const files = foldersWith("src").flatMap((folder) => filesIn(inRoot(folder, "src")));
    const counted = files.map((file) => ({ file: relative(ROOT, file), lines: readFileSync(file, "utf8").split("\n") }));
    counted.sort((a, b) => a.lines.length - b.lines.length);
    // Without the empty string behind the last line break.
    const count = (/** @type {{ lines: string[] } | undefined} */ of) => (of?.lines.length ?? 1) - 1;
    const long = counted.filter(
      (entry) => count(entry) > MAX_LINES && !entry.lines.slice(0, 10).some((line) => line.includes("Long because")),
    );
    const longest = counted.at(-1);
    return {
      ok: long.length === 0,
      note: `median ${count(counted[counted.length >> 1])}, longest ${count(longest)} (${longest?.file})`,
      output: long
        .map((entry) => `${entry.file}: ${count(entry)} lines; split it, or say "Long because …" in its first ten lines`)
        .join("\n"),
    };
  },
};

/** @type {Step} */
export const reference = {
  name: "API reference",
  run: () => runTool("typedoc", ["--logLevel", "Warn"]),
};

/** Whoever adds a dependency says what it earns. @type {Step} */
export const dependencies = {
  name: "dependencies are explained",
  run() {
    const manifests = ["", ...foldersWith("package.json")].map((folder) => readJson(join(folder, "package.json")));
    const used = manifests.flatMap((manifest) =>
      Object.keys({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }),
    );
    const needed = new Set(used.filter((name) => !name.startsWith("@websockets-simple/")));
    const page = readFileSync(inRoot("docs/dependencies.md"), "utf8");
    const explained = new Set([...page.matchAll(/^\| `([^`]+)`/gm)].map(([, name = ""]) => name));
    const missing = [...needed]
      .filter((name) => !explained.has(name))
      .map((name) => `docs/dependencies.md says nothing of ${name}`);
    const left = [...explained]
      .filter((name) => !needed.has(name))
      .map((name) => `docs/dependencies.md explains ${name}, which nobody uses`);
    return { ok: missing.length + left.length === 0, note: `${needed.size} of them`, output: [...missing, ...left].join("\n") };
  },
};
