import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, PAGES, ROOT, readPage, relativeLinks } from "./markdown.ts";

describe("the links of a page", () => {
  it.each(PAGES)("%s lead somewhere", (page) => {
    const broken = relativeLinks(page)
      .filter(({ file, anchor }) => !leadsSomewhere(file, anchor))
      .map(({ file, anchor, line }) => `${page}:${line}: ${file}${anchor === undefined ? "" : `#${anchor}`}`);
    expect(broken).toEqual([]);
  });
});

function leadsSomewhere(file: string, anchor: string | undefined): boolean {
  const path = resolve(ROOT, file);
  if (file.startsWith("..") || !existsSync(path)) return false;
  if (anchor === undefined) return true;
  if (file.endsWith(".md")) return anchorsOf(readPage(file)).has(anchor);
  const line = Number(/^L(\d+)$/.exec(anchor)?.[1]);
  return line <= readFileSync(path, "utf8").split("\n").length;
}
