import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { findRuntimes, MAJORS } from "../../scripts/runtimes.mjs";
import { addFiles, type Consumer, installPackages } from "../packages/consumer.ts";

const exec = promisify(execFile);
const talked = { received: ["welcome", "hello to you too"], state: "disconnected" };

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPackages();
});

it.each(["client", "server"])("the package of the %s asks for the oldest Node that it is tested with", async (name) => {
  const manifest = JSON.parse(
    await readFile(join(consumer.folder, `node_modules/@websockets-simple/${name}/package.json`), "utf8"),
  );
  expect(manifest.engines).toEqual({ node: `>=${Math.min(...MAJORS)}` });
});

// The Node that runs the tests is the business of e2e/packages/node.test.ts; npm test says which others are left out.
describe.each(findRuntimes().others)("in Node $version, client and server talk", ({ program, version }) => {
  let place: string;
  beforeAll(async () => {
    place = await addFiles(consumer, `node-${version}`, ["conversation.cjs", "import.mjs", "require.cjs", "mixed.mjs"]);
  });

  it.each([
    ["as ES modules", "import.mjs", talked],
    ["as CommonJS modules", "require.cjs", talked],
    ["as both in one process", "mixed.mjs", expect.objectContaining({ conversations: [talked, talked] })],
  ])("%s", async (_, script, said) => {
    const { stdout } = await exec(program, [join(place, script)], { timeout: 20_000 });
    expect(JSON.parse(stdout)).toEqual(said);
  });
});
