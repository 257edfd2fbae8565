import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RawSocket, within } from "../../../testkit/raw-socket.ts";
import { Arrivals, TestClient } from "./support/harness.ts";

const here = dirname(fileURLToPath(import.meta.url));
let folder: string;

// The child runs plain Node, which knows no TypeScript; the bundle lies where its imports of ws are found.
beforeAll(async () => {
  folder = mkdtempSync(join(here, "../node_modules/.open-files-"));
  await build({
    configFile: false,
    logLevel: "error",
    root: here,
    build: {
      ssr: join(here, "support/server-child.ts"),
      outDir: folder,
      emptyOutDir: false,
      rollupOptions: { output: { entryFileNames: "server.mjs" } },
    },
    ssr: { noExternal: /^@websockets-simple/ },
  });
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true }));

test("a server with 256 open files sheds what is too much, lives, and recovers", async () => {
  const child = spawn("sh", ["-c", `ulimit -n 256 && exec "${process.execPath}" "${join(folder, "server.mjs")}"`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = new Arrivals<string>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split("\n")) if (line) lines.add(line);
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  onTestFinished(() => void child.kill());

  const port = Number(await lines.one());
  const kept = await TestClient.connect(`ws://127.0.0.1:${port}`);
  const flood = await Promise.all(Array.from({ length: 600 }, () => RawSocket.connect(port)));
  const answers = await Promise.all(
    flood.slice(200, 220).map((raw) =>
      raw.readHead().then(
        ({ status }) => status,
        () => "closed",
      ),
    ),
  );
  expect(answers.every((answer) => answer === 503 || answer === "closed")).toBe(true);
  await Promise.all(flood.slice(300).map((raw) => raw.whenOver()));
  kept.send("still here");
  expect(await kept.hears(1)).toEqual(["still here"]);

  for (const raw of flood) raw.destroy();
  const recovered = async (): Promise<TestClient> => {
    for (;;) {
      const client = await TestClient.connect(`ws://127.0.0.1:${port}`).catch(() => undefined);
      if (client) return client;
    }
  };
  const client = await within("recovery", recovered());
  client.send("welcome back");
  expect(await client.hears(1)).toEqual(["welcome back"]);
  expect(child.exitCode).toBeNull();
  child.stdin.end();
  expect(await within("the end", ended)).toBe(0);
}, 30_000);
