/** Remembers what something was made of, so that it is not made again in vain. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inRoot, WORK } from "./workspace.mjs";

/**
 * A digest of files and folders by their content: dates lie after a checkout. What does not exist counts as such.
 *
 * @param {readonly string[]} paths relative to the repository
 */
export function digest(paths) {
  const hash = createHash("sha256").update(process.version);
  for (const path of paths) {
    hash.update(`\0${path}\0`);
    for (const file of filesIn(inRoot(path))) hash.update(file.slice(inRoot().length)).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** @param {string} path @returns {string[]} the path itself, or the files in it, sorted */
export function filesIn(path) {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (!kind?.isDirectory()) return kind ? [path] : [];
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.filter(({ name }) => name !== "node_modules").flatMap(({ name }) => filesIn(join(path, name)));
}

/** @param {string} file @returns {any} what was noted there; undefined when nothing was */
export function readNote(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** @param {string} file @param {unknown} note */
export function writeNote(file, note) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(note));
}

/** @param {string} name */
export const stampFile = (name) => join(WORK, `${name}.json`);
