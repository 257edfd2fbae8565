import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ensureBuilt } from "../../scripts/build.mjs";
import { ensurePacked } from "../../scripts/pack.mjs";

const PREFIX = "websockets-simple-user-";
const exec = promisify(execFile);
const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));

/** A user's project outside this repository, with our packages installed from their tarballs. */
export interface Consumer {
  readonly folder: string;
  /** The tarballs that were installed. */
  readonly tarballs: { readonly client: string; readonly server: string };
}

/**
 * Packs client and server and installs them by npm into an empty folder. The folder bears the digest of what is in the
 * tarballs, so that test files share it, and a later run of the same packages finds it.
 */
export async function installPackages(): Promise<Consumer> {
  const built = await ensureBuilt();
  if (!built.ok) throw new Error(built.output);
  const { state, ...tarballs } = await ensurePacked();
  const folder = join(tmpdir(), PREFIX + state.slice(0, 16));
  if (!existsSync(folder)) await install(folder, Object.values(tarballs));
  return { folder, tarballs };
}

async function install(folder: string, tarballs: readonly string[]): Promise<void> {
  await forgetOldOnes();
  const fresh = await mkdtemp(join(tmpdir(), "websockets-simple-new-"));
  // Without a prefix npm would look for a project in the folders above.
  await npm(["install", "--prefix", fresh, "--prefer-offline", "--no-audit", "--no-fund", ...tarballs], fresh);
  // Whoever sees the folder sees it whole.
  await rename(fresh, folder).catch(async (error) => {
    await rm(fresh, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
}

/** Removes what earlier runs left behind; what is in use is younger than this. */
async function forgetOldOnes(ageMs = 3_600_000): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const path = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && Date.now() - (await stat(path)).mtimeMs > ageMs)
      await rm(path, { recursive: true, force: true });
  }
}

/** Runs npm as a user would, outside of any `npm run`, whose folders it would otherwise inherit. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (/^npm_(config_(local_)?prefix|package_|lifecycle_)/i.test(name)) delete env[name];
  const { stdout } = await exec("npm", [...args], { cwd, env, shell: process.platform === "win32" });
  return stdout;
}

/** Copies fixtures into a folder of their own inside the project, where they find what is installed there. */
export async function addFiles({ folder }: Consumer, name: string, fixtures: readonly string[]): Promise<string> {
  const place = join(folder, name);
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  // Neither kind of module: each file says by its ending what it is.
  await writeFile(join(place, "package.json"), "{}\n");
  for (const fixture of fixtures) await cp(join(FIXTURES, fixture), join(place, fixture), { recursive: true });
  return place;
}

/** Runs a script under Node to its own end and returns what it prints, as JSON. */
export async function runScript(file: string, nodeOptions: readonly string[] = []): Promise<unknown> {
  const { stdout } = await exec(process.execPath, [...nodeOptions, file], { timeout: 20_000 });
  return JSON.parse(stdout);
}
