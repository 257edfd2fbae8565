import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type Consumer, installPackages, npm } from "./consumer.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const EVERY = [
  "LICENSE",
  "README.md",
  "dist/index.cjs",
  "dist/index.d.cts",
  "dist/index.d.mts",
  "dist/index.mjs",
  "dist/msgpack.cjs",
  "dist/msgpack.d.cts",
  "dist/msgpack.d.mts",
  "dist/msgpack.mjs",
  "msgpack/package.json",
  "package.json",
];
const BROWSER = ["websockets-simple.browser.mjs", "websockets-simple.umd.min.js", "websockets-simple.umd.min.js.map"];
const FILES = { client: [...EVERY, ...BROWSER.map((file) => `dist/${file}`), "umd.d.ts"].sort(), server: EVERY };
const DEPENDENCIES = { client: ["eventemitter3", "isomorphic-ws", "proxy-from-env", "ws"], server: ["eventemitter3", "ws"] };

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPackages();
});

it("a user who installs both packages gets four more and no others", async () => {
  const lock = JSON.parse(await readFile(join(consumer.folder, "node_modules/.package-lock.json"), "utf8"));
  const installed = Object.keys(lock.packages).map((path) => path.replace("node_modules/", ""));
  expect(installed.sort()).toEqual([
    "@websockets-simple/client",
    "@websockets-simple/server",
    "eventemitter3",
    "isomorphic-ws",
    "proxy-from-env",
    "ws",
  ]);
});

describe.each(["client", "server"] as const)("the package of the %s", (name) => {
  const folder = (): string => join(consumer.folder, "node_modules/@websockets-simple", name);
  const read = (file: string): Promise<string> => readFile(join(folder(), file), "utf8");

  it("holds what users need and nothing else", async () => {
    const entries = await readdir(folder(), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    expect(files.map((file) => file.slice(folder().length + 1).replaceAll("\\", "/")).sort()).toEqual(FILES[name]);
  });

  it("is packed by a plain npm pack with the same files", async () => {
    const [packed] = JSON.parse(await npm(["pack", "--dry-run", "--json"], join(ROOT, "packages", name)));
    expect(packed.files.map(({ path }: { path: string }) => path).sort()).toEqual(FILES[name]);
  });

  it("bears the repository's license", async () => {
    expect(await read("LICENSE")).toBe(await readFile(join(ROOT, "LICENSE"), "utf8"));
  });

  it("has a README that names it, says how to install it, and links to nothing that is not there", async () => {
    const readme = await read("README.md");
    expect(readme).toMatch(new RegExp(`^# @websockets-simple/${name}\n`));
    expect(readme).toContain(`\nnpm install @websockets-simple/${name}\n`);
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, to = ""]) => to);
    expect(links.filter((to) => !/^(https:|#)/.test(to) && !FILES[name].includes(to))).toEqual([]);
  });

  it("names in its manifest no file that is not there", async () => {
    const paths = (await read("package.json")).match(/(?<=: "\.\/)[^"]+/g) ?? [];
    expect(paths.length).toBeGreaterThan(3);
    expect(paths.filter((path) => !FILES[name].includes(path))).toEqual([]);
  });

  it("asks for published packages only, by ranges", async () => {
    const manifest = JSON.parse(await read("package.json"));
    expect(Object.keys(manifest.dependencies).sort()).toEqual(DEPENDENCIES[name]);
    for (const range of Object.values(manifest.dependencies)) expect(range).toMatch(/^\^\d+\.\d+\.\d+$/);
    expect(manifest).not.toHaveProperty("peerDependencies");
    expect(manifest).not.toHaveProperty("scripts");
  });

  it("imports no package that is not published, and names no folder of the machine that built it", async () => {
    for (const file of FILES[name].filter((file) => file.startsWith("dist/"))) {
      const text = await read(file);
      // The sources inside a map import what was bundled.
      const imports = file.endsWith(".map") ? null : text.match(/["']@websockets-simple\/\w+["']/);
      expect({ file, imports, hasFolder: text.includes(process.cwd()) }).toEqual({ file, imports: null, hasFolder: false });
    }
  });
});
