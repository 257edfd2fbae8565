import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { codeBlocks, ROOT, readPage } from "./markdown.ts";
import { makeFolder, runProgram } from "./programs.ts";

/** The port that the examples name. The tests let the server take any free one, and tell the client which. */
const PORT = "8989";

const README = "README.md";
const OF_CLIENT = "packages/client/README.md";
const OF_SERVER = "packages/server/README.md";

/** The example that a page calls `name` in its first line. */
function example(page: string, name: string): string {
  const found = codeBlocks(readPage(page)).filter(({ code }) => code.startsWith(`// ${name}\n`));
  expect(found, `${name} in ${page}`).toHaveLength(1);
  return found[0]?.code as string;
}

/** Runs an example until the test ends. */
function run(folder: string, name: string, code: string) {
  const program = runProgram(folder, name, code);
  onTestFinished(() => program.stop());
  return program;
}

describe("the examples", () => {
  it.each([
    [README, README, "client.mjs", [/^sent hello$/, /^received echo: hello$/]],
    [README, README, "client.cjs", [/^received echo: hello$/]],
    [README, OF_CLIENT, "client.mjs", [/^connecting/, /^connected/, /^received echo: hello$/, /^disconnected 1000\b/]],
    [OF_SERVER, OF_SERVER, "client.mjs", [/^received Connected Successfully$/, /^received user 42 says hello$/]],
  ])("server of %s, client of %s (%s) say what they should", async (serverPage, clientPage, clientName, lines) => {
    const { path, remove } = makeFolder();
    onTestFinished(remove);
    const server = run(path, "server.mjs", example(serverPage, "server.mjs").replace(PORT, "0"));
    const [, port = ""] = await server.line(/^listening on port (\d+)$/);
    const code = example(clientPage, clientName);
    expect(code).toContain(PORT);
    const client = run(path, clientName, code.replaceAll(PORT, port));
    for (const line of lines) await client.line(line);
  });

  it("of server and client in the README have fifteen lines", () => {
    const lines = ["server.mjs", "client.mjs"].flatMap((name) => example(README, name).trim().split("\n").slice(1));
    expect(lines.filter((line) => line !== "").length).toBeLessThanOrEqual(15);
  });
});

describe("the script tag", () => {
  it.each([README, OF_CLIENT])("of %s loads a file that the package has, from both networks' paths", (page) => {
    const sources = [
      ...readPage(page).matchAll(/https:\/\/(?:unpkg\.com|cdn\.jsdelivr\.net\/npm)\/@websockets-simple\/client\/(\S+\.js)/g),
    ];
    expect(sources.length).toBeGreaterThan(0);
    for (const [, file = ""] of sources) expect(existsSync(resolve(ROOT, "packages/client", file)), file).toBe(true);
  });
});

describe("the README", () => {
  it("has the two commands and no other", () => {
    const commands = new Set([...readPage(README).matchAll(/`((?:npm|npx|pnpm|yarn) [^`]+)`/g)].map(([, command]) => command));
    expect(commands).toEqual(new Set(["npm start", "npm test"]));
  });
});
