import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { codeBlocks, PAGES, readPage } from "./markdown.ts";
import { makeFolder } from "./programs.ts";

const OPTIONS = {
  target: "ES2022",
  module: "NodeNext",
  lib: ["ES2023", "ESNext.Disposable", "DOM"],
  types: ["node"],
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  moduleDetection: "force",
};

it("every TypeScript example of the docs compiles against the built declarations", () => {
  const { path, remove } = makeFolder();
  onTestFinished(remove);
  const names = PAGES.flatMap((page) =>
    codeBlocks(readPage(page))
      .filter(({ language }) => language === "ts")
      .map(({ code, line }) => {
        const name = `${page.replaceAll("/", "_")}.${line}.mts`;
        // As many empty lines before it as in the page, so that an error names the page's line.
        writeFileSync(join(path, name), "\n".repeat(line - 1) + code);
        return name;
      }),
  );
  expect(names.length).toBeGreaterThanOrEqual(14);
  writeFileSync(join(path, "tsconfig.json"), JSON.stringify({ compilerOptions: OPTIONS, files: names }));
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", path], { encoding: "utf8", timeout: 50_000 });
  expect(stdout).toBe("");
});
