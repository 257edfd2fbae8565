import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Link, ROOT, readPage, relativeLinks, tableRows } from "./markdown.ts";

/** A row of a table that says of something what works, or holds, and links to the tests that prove it. */
export interface Claim {
  readonly id: string;
  readonly state: string;
  readonly tests: readonly Link[];
}

const STATES = ["done", "part", "open"];

/** The claims of a page: the rows whose first cell is such an id, and whose last two are the state and the tests. */
export function claimsOf(page: string, id: RegExp): Claim[] {
  return tableRows(readPage(page))
    .filter(([first = ""]) => id.test(first))
    .map((cells) => ({
      id: cells[0] as string,
      state: cells.at(-2) as string,
      tests: relativeLinks(page, cells.at(-1) as string),
    }));
}

/** Checks that a table has all its claims, and that there is a test of every title that it links to. */
export function checkClaims(table: string, claims: readonly Claim[], ids: readonly string[]): void {
  describe(table, () => {
    it("has every row once, in order", () => {
      expect(claims.map(({ id }) => id)).toEqual(ids);
    });

    it.each(claims)("$id says whether it works, and links to a test if it does", ({ state, tests }) => {
      expect(STATES).toContain(state);
      expect(tests.length > 0).toBe(state !== "open");
    });

    it.each(claims.flatMap(({ id, tests }) => tests.map((test) => ({ id, ...test }))))(
      "$id is proven by $text",
      ({ text, file }) => {
        expect(file).toMatch(/\.test\.ts$|^testkit\/engine-\w+\.ts$/);
        expect(hasTest(readFileSync(resolve(ROOT, file), "utf8"), text)).toBe(true);
      },
    );
  });
}

/** Whether a test, or a group of tests, has this title. */
function hasTest(source: string, title: string): boolean {
  const written = [`"${title.replaceAll('"', '\\"')}"`, `\`${title}\``, `'${title}'`];
  return written.some((literal) => source.includes(`(${literal}, `));
}
