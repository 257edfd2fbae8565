import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CloseCode } from "@websockets-simple/server";
import { describe, expect, it } from "vitest";
import { anchorsOf, codeBlocks, ROOT, readPage, tableRows } from "./markdown.ts";

describe("docs/architecture.md", () => {
  it.each(["shared", "engine", "client", "server"])("names every file of packages/%s/src, and no other", (name) => {
    const tree = codeBlocks(readPage("docs/architecture.md"))[0]?.code ?? "";
    const [, part = ""] = new RegExp(`^packages/${name}/src.*\\n((?:  .*\\n)+)`, "m").exec(tree) ?? [];
    const named = part.match(/[\w.-]+\.ts\b/g) ?? [];
    const there = readdirSync(join(ROOT, "packages", name, "src"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !["index.ts", "globals.d.ts"].includes(entry.name))
      .map((entry) => entry.name);
    expect(named.toSorted()).toEqual(there.toSorted());
  });
});

describe("docs/errors.md", () => {
  it("has a section for every error code, and says of each whether to try again", () => {
    const source = readFileSync(join(ROOT, "packages/shared/src/errors.ts"), "utf8");
    const codes = [...source.matchAll(/^ \* \| `([A-Z_]+)` \|.*\| (yes|no) \|$/gm)].map(([, code, retryable]) => [
      code,
      retryable,
    ]);
    const page = readPage("docs/errors.md");
    const told = tableRows(page)
      .filter(([code = ""]) => /`[A-Z_]+`/.test(code))
      .map((cells) => [/`([A-Z_]+)`/.exec(cells[0] as string)?.[1], cells.at(-1)]);
    expect(told).toEqual(codes);
    const anchors = anchorsOf(page);
    expect(codes.filter(([code = ""]) => !anchors.has(code.toLowerCase()))).toEqual([]);
  });
});

describe("docs/connection-states.md", () => {
  it("has a row for every state of a client", () => {
    const source = readFileSync(join(ROOT, "packages/client/src/connection-state.ts"), "utf8");
    const [, union = ""] = /^export type ClientState =([^;]+);/m.exec(source) ?? [];
    const rows = tableRows(readPage("docs/connection-states.md"));
    const start = rows.findIndex(([head]) => head === "`client.state`") + 2;
    const states = union.match(/\w+/g) ?? [];
    expect(states.length).toBeGreaterThan(0);
    expect(rows.slice(start, start + states.length).map(([state = ""]) => state.replaceAll("`", ""))).toEqual(states);
  });
});

describe("docs/protocol.md", () => {
  it("lists every close code that has a name here", () => {
    const listed = tableRows(readPage("docs/protocol.md")).map(([code]) => Number(code));
    expect(Object.values(CloseCode).filter((code) => !listed.includes(code))).toEqual([]);
  });
});
