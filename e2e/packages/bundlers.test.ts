import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openFakePage } from "./fake-page.ts";
import { type BuiltPage, buildPages } from "./pages.ts";

/** What only Node has. The code is minified, but names of globals and modules survive that. */
const LEFTOVERS = [/\bnode:/, /(?<![\w$.])require\s*\(/, /\bBuffer\b/, /\bprocess\./, /Sec-WebSocket/i, /\bisomorphic-ws\b/];
/** What rollup.config.mjs cuts out of other people's packages: eventemitter3's `emit`, sockets of old browsers. */
const CUT_OUT = [/\barguments[.[]/, /\bMozWebSocket\b/];

let pages: BuiltPage[];
beforeAll(async () => {
  pages = await buildPages();
});

describe.each(["vite", "webpack", "esbuild"] as const)("a page built by %s", (bundler) => {
  let page: BuiltPage;
  beforeAll(() => {
    page = pages.find((page) => page.bundler === bundler) as BuiltPage;
  });

  it("holds the client's browser build and no other package", () => {
    const packages = page.sources.map((file) => file.replaceAll("\\", "/").split("/node_modules/")[1]).filter(Boolean);
    expect([...new Set(packages)]).toEqual(["@websockets-simple/client/dist/websockets-simple.browser.mjs"]);
  });

  it("has nothing of Node in it", () => {
    expect(LEFTOVERS.filter((leftover) => leftover.test(page.code))).toEqual([]);
  });

  it("has nothing in it that was cut out of the client's browser build", () => {
    expect(CUT_OUT.filter((cut) => cut.test(page.code))).toEqual([]);
  });

  it("runs: a packet goes out and comes back", async () => {
    const { globals, run } = openFakePage();
    run(page.code, `${bundler}.js`);
    const talk = globals.talk as (url: string, text: string) => Promise<string>;
    expect(await talk("ws://localhost/chat", `hello from ${bundler}`)).toBe(`hello from ${bundler}`);
  });

  it("has an index.html that loads it", async () => {
    expect(await readFile(join(page.folder, "index.html"), "utf8")).toMatch(/<script type="module"[^>]* src="[^"]+\.js"/);
  });
});
