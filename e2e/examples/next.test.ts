import { execFile } from "node:child_process";
import { cp, mkdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { digest } from "../../scripts/stamps.mjs";
import { RawSocket, upgradeRequest } from "../../testkit/raw-socket.ts";
import { installPackages, npm } from "../packages/consumer.ts";
import { checkExample, startExample } from "./running.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/next/", import.meta.url));
const NO_TELEMETRY = { NEXT_TELEMETRY_DISABLED: "1" };
const exec = promisify(execFile);

/** Next takes 340 MB and is no part of the workspace: the example lies elsewhere, with our packages from their tarballs. */
describe("examples/next", () => {
  // It is found again by the next run, and forgotten as those of other tests are.
  const folder = joinPath(tmpdir(), `websockets-simple-user-next-${digest(["examples/next/package.json"]).slice(0, 16)}`);
  const server = joinPath(folder, "server.mjs");

  beforeAll(async () => {
    const { tarballs } = await installPackages();
    await mkdir(folder, { recursive: true });
    await cp(EXAMPLE, folder, { recursive: true, filter: (path) => !/node_modules|\.next/.test(path.slice(EXAMPLE.length)) });
    // npm would hold fresh tarballs of the same name against what it noted of the last ones.
    const noted = ["package-lock.json", "node_modules/.package-lock.json", "node_modules/@websockets-simple"];
    for (const path of noted) await rm(joinPath(folder, path), { recursive: true, force: true });
    const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    await npm(["install", "--prefix", folder, ...quietly, tarballs.client, tarballs.server], folder);
    await utimes(folder, new Date(), new Date());
  }, 300_000);

  test("built, serves a page and a chat on one port, and ends in an orderly way", async () => {
    const next = joinPath(folder, "node_modules/next/dist/bin/next");
    await exec(process.execPath, [next, "build"], {
      cwd: folder,
      env: { ...process.env, ...NO_TELEMETRY, NODE_ENV: "production" },
    });
    const running = await startExample(server, { ...NO_TELEMETRY, NODE_ENV: "production" });
    await checkExample(running, "Chat on the port of Next");
  }, 180_000);

  test("while developing, hot reloading has its upgrades beside the chat", async () => {
    const running = await startExample(server, NO_TELEMETRY);
    // The page comes first, as in a browser.
    expect((await fetch(running.url)).status).toBe(200);
    const hot = await RawSocket.connect(running.port, { host: "localhost" });
    onTestFinished(() => hot.destroy());
    hot.write(upgradeRequest("/_next/hmr?id=1", { Origin: `http://localhost:${running.port}` }));
    expect((await hot.readHead()).status).toBe(101);
    await checkExample(running, "Chat on the port of Next");
  }, 180_000);
});
