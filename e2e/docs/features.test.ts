import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Link, ROOT, readPage, relativeLinks, tableRows } from "./markdown.ts";

const PAGE = "docs/features.md";
const STATES = ["done", "part", "open"];

/** P1 … A6, and F1 … F14 for the faults. */
const IDS = Object.entries({ P: 7, C: 19, S: 24, A: 6, F: 14 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
);

const rows = tableRows(readPage(PAGE))
  .filter(([id = ""]) => /^[A-Z]\d+$/.test(id))
  .map((cells) => ({ id: cells[0] as string, state: cells.at(-2) as string, tests: linksIn(cells.at(-1) as string) }));

describe("the table of features", () => {
  it("has every row once, in order", () => {
    expect(rows.map(({ id }) => id)).toEqual(IDS);
  });

  it.each(rows)("$id says whether it works, and links to a test if it does", ({ state, tests }) => {
    expect(STATES).toContain(state);
    expect(tests.length > 0).toBe(state !== "open");
  });

  it.each(rows.flatMap(({ id, tests }) => tests.map((test) => ({ id, ...test }))))("$id is proven by $text", ({ text, file }) => {
    expect(file).toMatch(/\.test\.ts$|suite\.ts$/);
    expect(hasTest(readFileSync(resolve(ROOT, file), "utf8"), text)).toBe(true);
  });
});

describe("docs/coming-from-dotnet.md", () => {
  it("calls open only what is open here", () => {
    const claims = readPage("docs/coming-from-dotnet.md").matchAll(/\bopen \(([^)]*)\)/g);
    const claimed = new Set([...claims].flatMap(([, ids = ""]) => ids.split(", ")));
    expect(claimed.size).toBeGreaterThan(0);
    const done = rows.filter(({ state }) => state === "done").map(({ id }) => id);
    expect([...claimed].filter((id) => !IDS.includes(id) || done.includes(id))).toEqual([]);
  });
});

function linksIn(cell: string): Link[] {
  return relativeLinks(PAGE, cell);
}

/** Whether a test, or a group of tests, has this title. */
function hasTest(source: string, title: string): boolean {
  const written = [`"${title.replaceAll('"', '\\"')}"`, `\`${title}\``, `'${title}'`];
  return written.some((literal) => source.includes(`(${literal}, `));
}
