/** Starts what is measured on one core, and what loads it on the other. Linux, with a C compiler. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A path in bench. @param {string[]} parts */
export const at = (...parts) => join(fileURLToPath(new URL("..", import.meta.url)), ...parts);

const WORK = at("../.tmp");

/** Builds a load generator: one for TCP, or one for TLS, which needs OpenSSL's headers. @returns {string} its path */
export function compileLoad({ tls = false } = {}) {
  mkdirSync(WORK, { recursive: true });
  const program = join(WORK, tls ? "load-tls" : "load");
  const extra = tls ? ["-DWITH_TLS", "-lssl", "-lcrypto"] : [];
  const { status, error, stderr } = spawnSync("cc", ["-O2", "-o", program, at("load/load.c"), ...extra], { encoding: "utf8" });
  if (status !== 0)
    throw new Error(`${tls ? "OpenSSL's headers" : "a C compiler, cc"}: ${error?.message ?? stderr.split("\n")[0]}`);
  return program;
}

/** Makes a certificate with the `openssl` command. @returns {string} the folder of key.pem and cert.pem */
export function makeCertificate() {
  const folder = join(WORK, "speed-tls");
  mkdirSync(folder, { recursive: true });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", join(folder, "key.pem")];
  const args = ["req", "-x509", ...key, "-out", join(folder, "cert.pem"), "-days", "2", "-subj", "/CN=localhost"];
  const { status, error, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the openssl command: ${error?.message ?? stderr}`);
  return folder;
}

/**
 * A program on a core of its own, read line by line. `line()` rejects when it ends instead, with what it said last.
 * @param {number} core @param {readonly string[]} command @param {Record<string, string>} [env]
 */
function pinned(core, command, env = {}) {
  const child = spawn("taskset", ["-c", String(core), ...command], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let complaint = "";
  child.stderr.on("data", (data) => {
    complaint += data;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise((resolve) => child.on("close", resolve));
  return {
    pid: child.pid,
    async line() {
      const { value, done } = await lines.next();
      if (!done) return value;
      await ended;
      // Of a stack trace the line that says what is wrong.
      const said = complaint.trim().split("\n");
      throw new Error(said.find((line) => /^\w*Error\b.*: /.test(line))?.replace(/^[^:]*: /, "") ?? said.at(-1));
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Starts a server and waits until it listens. @param {import("./servers.mjs").Server} server @param {readonly string[]} args */
export async function startServer({ file, args: own = [], env }, args) {
  const program = pinned(0, [process.execPath, "--expose-gc", at("servers", file), ...own, ...args], env);
  const { port } = JSON.parse(await program.line());
  return {
    ...program,
    port,
    /** CPU seconds that it has used, of all its threads, to the hundredth. */
    cpuSeconds() {
      const fields = readFileSync(`/proc/${program.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    /** Bytes in use after a collection. @returns {Promise<{ rss: number, heap: number }>} */
    async memory() {
      process.kill(program.pid, "SIGUSR2");
      return JSON.parse(await program.line());
    },
  };
}

/** Starts a load generator. @param {string} program @param {readonly (string | number)[]} args @param {Record<string, string>} env */
export const startLoad = (program, args, env) => pinned(1, [program, ...args.map(String)], env);
