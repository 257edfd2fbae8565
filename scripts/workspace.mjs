/** Where things are, and how other programs are run. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** For what is made on the way: stamps, tarballs, reports. Git ignores it. */
export const WORK = join(ROOT, ".tmp");

/** The packages that are published. */
export const PUBLISHED = Object.freeze(["client", "server"]);

/** @param {string[]} parts @returns {string} an absolute path */
export const inRoot = (...parts) => join(ROOT, ...parts);

/** @param {string} path relative to the repository @returns {any} */
export const readJson = (path) => JSON.parse(readFileSync(inRoot(path), "utf8"));

/**
 * What a program did. `output` is what it wrote to both of its streams.
 * @typedef {{ ok: boolean, output: string }} Outcome
 */

/**
 * Runs a program to its end. It never rejects: a program that cannot be started has failed.
 * `show` gives it our own streams instead of collecting what it writes. `echo` collects that and passes it on as well: through
 * a pipe no program draws over lines that another one wrote meanwhile.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, show?: boolean, echo?: boolean, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Outcome>}
 */
export function run(command, args, { cwd = ROOT, show = false, echo = false, env = process.env } = {}) {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, {
      cwd,
      // What is collected may end in a log, where colours are noise.
      env: show ? env : { ...env, NO_COLOR: "1", FORCE_COLOR: undefined },
      stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
      // npx is a batch file there, which only a shell starts.
      shell: process.platform === "win32" && command === "npx",
    });
    for (const stream of [child.stdout, child.stderr]) {
      // Decoded as a stream: a chunk may end within a character.
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (echo) process.stdout.write(text);
      });
    }
    child.on("error", (error) => resolve({ ok: false, output: `${output}${error.message}\n` }));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}

/**
 * Runs the command-line program of an installed package under this Node, or another.
 *
 * @param {string} name the package
 * @param {readonly string[]} args
 * @param {{ show?: boolean, echo?: boolean, bin?: string, node?: string, cwd?: string, env?: NodeJS.ProcessEnv }} [options] bin: which of its programs
 */
export function runTool(name, args, { bin, node = process.execPath, ...options } = {}) {
  const folder = join("node_modules", name);
  const { bin: bins } = readJson(join(folder, "package.json"));
  const file = typeof bins === "string" ? bins : bins[bin ?? name.split("/").pop() ?? name];
  return run(node, [inRoot(folder, file), ...args], options);
}

/** pnpm in the one version that the lockfile was made with; npx fetches it where it is not there yet. */
const PNPM = "pnpm@12.21.0";

/** @param {readonly string[]} args @param {{ show?: boolean }} [options] */
export const pnpm = (args, options) => run("npx", ["--yes", PNPM, ...args], options);

/** The folders of the workspace that have this file, relative to the repository. @param {string} file */
export function foldersWith(file) {
  const rooms = ["packages", "examples"].flatMap((room) => readdirSync(inRoot(room)).map((name) => `${room}/${name}`));
  return [...rooms, "testkit/runtimes", "e2e", "bench", "scripts"].filter((folder) => existsSync(inRoot(folder, file)));
}
