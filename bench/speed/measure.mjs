/** One server under one load, once. */
import { compileLoad, makeCertificate, startLoad, startServer } from "./programs.mjs";
import { loadEnvironment } from "./servers.mjs";

/** @typedef {import("./cases.mjs").Case} Case @typedef {import("./servers.mjs").Server} Server */

/** What measuring needs: load generators, and a certificate. TLS is left out where it cannot be had. */
export function prepare() {
  const plain = compileLoad();
  try {
    return { plain, tls: compileLoad({ tls: true }), certificate: makeCertificate() };
  } catch (error) {
    return { plain, noTls: `TLS is not measured without ${error.message}` };
  }
}

/** @typedef {ReturnType<typeof prepare>} Tools */

/** Starts a server as a case wants it, has it loaded, and stops both. @param {Tools} tools @param {Server} server @param {Case} test */
async function underLoad(tools, server, test, loadArgs, seconds, watch) {
  if (test.tls && tools.noTls) throw new Error(tools.noTls);
  const args = [
    "--api",
    test.api,
    ...(test.tls ? ["--tls", tools.certificate] : []),
    ...(test.compression ? ["--compression"] : []),
  ];
  const running = await startServer(server, args);
  try {
    const before = await running.memory();
    const [mode, ...shape] = loadArgs;
    const load = startLoad(
      test.tls ? tools.tls : tools.plain,
      [mode, running.port, ...shape, seconds],
      loadEnvironment(server, test),
    );
    try {
      return await watch(running, load, before);
    } finally {
      await load.stop();
    }
  } finally {
    await running.stop();
  }
}

/**
 * Server CPU and answers of one case.
 * @param {Tools} tools @param {Server} server @param {Case} test @param {number} seconds
 */
export function measureSpeed(tools, server, test, seconds) {
  return underLoad(tools, server, test, test.load, seconds, async (running, load) => {
    await load.line();
    const from = running.cpuSeconds();
    const figures = JSON.parse(await load.line());
    const used = running.cpuSeconds() - from;
    if (figures.messages === 0) throw new Error(`it answered nothing, and used ${used.toFixed(2)} s of CPU`);
    return {
      micros: (used / figures.messages) * 1e6,
      rate: figures.messages / figures.seconds,
      /** Of its core, and of the load generator's. */
      busy: used / figures.seconds,
      loadBusy: figures.cpu / figures.seconds,
      p50: figures.p50,
      p99: figures.p99,
    };
  });
}

/**
 * Memory of a connection: what the server has more with all of them than before the first, after collections.
 * @param {Tools} tools @param {Server} server @param {typeof import("./cases.mjs").MEMORY_CASES[number]} test @param {number} connections
 */
export function measureMemory(tools, server, test, connections) {
  const load = ["hold", connections, test.echoes, 20, "text"];
  // Longer than it takes: the load generator is stopped when all is known.
  return underLoad(tools, server, { ...test, api: "raw", load }, load, 600, async (running, holding, before) => {
    await holding.line();
    const after = await running.memory();
    return { rss: (after.rss - before.rss) / connections, heap: (after.heap - before.heap) / connections };
  });
}
