/** Installs what a command needs from the registry, unless it is there already. */
import { join } from "node:path";
import { RUNTIMES } from "./runtimes.mjs";
import { digest, readNote, writeNote } from "./stamps.mjs";
import { foldersWith, inRoot, pnpm } from "./workspace.mjs";

/** The demo: what `npm start` serves. */
export const DEMO = "@websockets-simple/example-chat";

/** Lies in the folder that it speaks of, so that whoever deletes that folder deletes the note. */
const NOTE = inRoot("node_modules", ".websockets-simple.json");

/** Gentle on proxies: by default pnpm opens 50 connections at once, which makes some of them stall for a minute. */
const NETWORK = "--network-concurrency=8";

/** What is left out where it would be of no use: its programs are for one platform, of which its manifest does not tell pnpm. */
const UNFIT = RUNTIMES.fit ? [] : ["--filter", `!${RUNTIMES.name}`];

/**
 * @param {"start" | "all"} scope `start`: what builds and runs the demo, a small part of `all`
 * @returns {Promise<import("./workspace.mjs").Outcome & { done: boolean }>} done: whether there was something to do
 */
export async function ensureInstalled(scope) {
  const manifests = foldersWith("package.json").map((folder) => join(folder, "package.json"));
  const state = digest(["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests]);
  const note = readNote(NOTE);
  if (note?.state === state && (note.scope === "all" || note.scope === scope)) return { ok: true, output: "", done: false };

  // What was once installed in full stays in full.
  const wanted = note?.scope === "all" ? "all" : scope;
  const filters = ["--prod", "--filter", ".", "--filter", `${DEMO}...`];
  const outcome = await pnpm(["install", "--frozen-lockfile", NETWORK, ...(wanted === "start" ? filters : UNFIT)]);
  if (outcome.ok) writeNote(NOTE, { state, scope: wanted });
  return { ...outcome, done: true };
}
