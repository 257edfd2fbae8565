/**
 * One message piece by piece, both ways, between two processes: `npm run bench streams` sends 1 GiB there and back, over TCP
 * and TLS; `npm run bench streams 256` as many MiB. It prints how fast that was, and by how much the resident memory of each
 * process grew at most, seen every 20 ms, after 64 MiB both ways: by then Node has its buffers, and V8 has compiled what runs.
 * A hash of what was sent and of what was received is compared on both ends.
 */
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MIB = 1_048_576;
const WARM_UP_BYTES = 64 * MIB;

/** Starts one side. @param {string} file @param {object} options */
function start(file, options) {
  const path = fileURLToPath(new URL(`streams/${file}`, import.meta.url));
  return fork(path, [JSON.stringify(options)], { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** The next report of a side. @param {import("node:child_process").ChildProcess} side */
async function report(side) {
  const gone = once(side, "exit").then(() => Promise.reject(new Error("a side of the transfer is gone")));
  const [told] = await Promise.race([once(side, "message"), gone]);
  return told;
}

/**
 * Sends one message there and back.
 *
 * @param {number} bytes
 * @param {{ key: string, cert: string, ca: string }} [tls] files in PEM
 * @returns what each side saw: the growth of its memory in bytes, and the hashes
 */
export async function transfer(bytes, tls) {
  const server = start("server.mjs", { tls });
  try {
    const { port } = await report(server);
    const url = `${tls ? "wss" : "ws"}://127.0.0.1:${port}`;
    const client = start("client.mjs", { url, ca: tls?.ca, sizes: [WARM_UP_BYTES, bytes] });
    try {
      await Promise.all([report(server), report(client)]);
      const [there, here] = await Promise.all([report(server), report(client)]);
      return { server: there, client: here };
    } finally {
      client.kill();
    }
  } finally {
    server.kill();
  }
}

/** Whether every byte arrived as it was sent, both ways. @param {Awaited<ReturnType<typeof transfer>>} result @param {number} bytes */
export function isWhole({ server, client }, bytes) {
  return [
    server.received.bytes === bytes && client.received.bytes === bytes,
    server.received.hash === client.sent && client.received.hash === server.sent,
  ].every(Boolean);
}

/** A certificate of its own for 127.0.0.1, as files, in a folder that is removed afterwards. @param {(tls: { key: string, cert: string, ca: string }) => Promise<void>} use */
async function withCertificate(use) {
  const folder = mkdtempSync(join(tmpdir(), "streams-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...names];
    execFileSync("openssl", made, { stdio: "ignore" });
    await use({ key, cert, ca: cert });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {number} bytes @param {{ key: string, cert: string, ca: string }} [tls] */
async function print(bytes, tls) {
  const result = await transfer(bytes, tls);
  const mib = (/** @type {number} */ count) => (count / MIB).toFixed(1);
  console.log(`${mib(bytes)} MiB there and back over ${tls ? "TLS" : "TCP"} in ${result.client.seconds.toFixed(1)} s`);
  console.log(`  every byte as it was sent: ${isWhole(result, bytes) ? "yes" : "NO"}`);
  console.log(`  memory grew by ${mib(result.server.grownBytes)} MiB (server), ${mib(result.client.grownBytes)} MiB (client)`);
  if (!isWhole(result, bytes)) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = Number(process.argv[2] ?? 1_024) * MIB;
  await print(bytes);
  await withCertificate((tls) => print(bytes, tls));
}
