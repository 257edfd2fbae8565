/** Packs client and server as they would be published. */
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { digest, readNote, stampFile, writeNote } from "./stamps.mjs";
import { PUBLISHED, pnpm, readJson, WORK } from "./workspace.mjs";

const FOLDER = join(WORK, "packed");
const STAMP = stampFile("packed");
/** What npm packs beside the files that a manifest lists. */
const ALWAYS = ["package.json", "README.md", "LICENSE"];

/**
 * Needs a build. Packs again only what changed.
 *
 * @returns {Promise<{ client: string, server: string, state: string }>} the tarballs' paths, and a digest of what is in them
 */
export async function ensurePacked() {
  const contents = PUBLISHED.map((name) => `packages/${name}`).flatMap((folder) =>
    [...ALWAYS, ...readJson(`${folder}/package.json`).files].map((part) => `${folder}/${part}`),
  );
  const state = digest(contents);
  if (readNote(STAMP) !== state || !existsSync(FOLDER)) {
    await rm(FOLDER, { recursive: true, force: true });
    await mkdir(FOLDER, { recursive: true });
    const filters = PUBLISHED.flatMap((name) => ["--filter", `@websockets-simple/${name}`]);
    const { ok, output } = await pnpm(["--recursive", ...filters, "pack", "--pack-destination", FOLDER]);
    if (!ok) throw new Error(`pnpm pack failed:\n${output}`);
    writeNote(STAMP, state);
  }
  const tarball = (/** @type {string} */ name) =>
    join(FOLDER, readdirSync(FOLDER).find((file) => file.includes(`-${name}-`)) ?? `no tarball of ${name}`);
  return { client: tarball("client"), server: tarball("server"), state };
}
