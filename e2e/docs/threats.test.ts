import { expect, it } from "vitest";
import { checkClaims, claimsOf } from "./proofs.ts";

const PAGE = "docs/threats.md";
const ADVISORY = /^(CVE-\d{4}-\d+|GHSA(-\w{4}){3})$/;

checkClaims(
  "the table of threats",
  claimsOf(PAGE, /^\d+$/),
  Array.from({ length: 40 }, (_, index) => String(index + 1)),
);

const advisories = claimsOf(PAGE, ADVISORY);

checkClaims("the table of advisories", advisories, [...new Set(advisories.map(({ id }) => id))]);

it("no advisory is listed that is not replayed", () => {
  expect(advisories.length).toBeGreaterThan(0);
  expect(advisories.filter(({ state }) => state !== "done")).toEqual([]);
});
