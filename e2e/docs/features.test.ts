import { describe, expect, it } from "vitest";
import { readPage } from "./markdown.ts";
import { checkClaims, claimsOf } from "./proofs.ts";

/** P1 … A6, and F1 … F14 for the faults. */
const IDS = Object.entries({ P: 7, C: 19, S: 24, A: 6, F: 14 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
);

const claims = claimsOf("docs/features.md", /^[A-Z]\d+$/);

checkClaims("the table of features", claims, IDS);

describe("docs/coming-from-dotnet.md", () => {
  it("calls open only what is open here", () => {
    const open = readPage("docs/coming-from-dotnet.md").matchAll(/\bopen \(([^)]*)\)/g);
    const claimed = new Set([...open].flatMap(([, ids = ""]) => ids.split(", ")));
    const done = claims.filter(({ state }) => state === "done").map(({ id }) => id);
    expect([...claimed].filter((id) => !IDS.includes(id) || done.includes(id))).toEqual([]);
  });
});
