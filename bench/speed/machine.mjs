/** On what, and of which versions, figures are: those of two machines are not compared. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import { at } from "./programs.mjs";
import { SERVERS } from "./servers.mjs";

/** @returns {Record<string, string>} */
export function machine() {
  const [{ model = "unknown" } = {}] = os.cpus();
  return {
    CPU: `${model.trim()}, ${os.cpus().length} cores`,
    memory: `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    system: `${os.type()} ${os.release()}, ${os.arch()}`,
  };
}

/** @returns {Record<string, string>} */
export function versions() {
  const packages = SERVERS.map((server) => server.package)
    .filter((name) => name && existsSync(manifest(name)))
    .map((name) => [name, JSON.parse(readFileSync(manifest(name), "utf8")).version]);
  return {
    "Node.js": process.versions.node,
    V8: process.versions.v8,
    OpenSSL: process.versions.openssl,
    ...Object.fromEntries(packages),
  };
}

/** The commit that was measured. */
export function commit() {
  const { stdout } = spawnSync("git", ["describe", "--always", "--dirty"], { cwd: at(), encoding: "utf8" });
  return stdout?.trim() || "unknown";
}

const manifest = (name) => at("node_modules", name, "package.json");
