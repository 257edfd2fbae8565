import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { addFiles, type Consumer, installPackages, runScript } from "./consumer.ts";
import { openFakePage } from "./fake-page.ts";

/** A sentence of the library, which no minifier takes out. */
const OF_LIBRARY = "Max length exceeded";

let consumer: Consumer;
beforeAll(async () => {
  consumer = await installPackages();
});

describe("the entry msgpack", () => {
  it("is there for both kinds of modules, of either package, and needs nothing to be installed", async () => {
    const talked = { received: ["welcome", "hello to you too"], state: "disconnected" };
    const place = await addFiles(consumer, "msgpack", ["conversation.cjs", "msgpack.mjs"]);
    expect(await runScript(join(place, "msgpack.mjs"))).toEqual([talked, talked, talked, talked]);
  });

  it("runs in a page that was bundled", async () => {
    const { build } = await import("esbuild");
    const root = join(await addFiles(consumer, "msgpack-page", ["page"]), "page");
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: ["msgpack.js"],
      bundle: true,
      minify: true,
      write: false,
      logLevel: "silent",
    });
    const { globals, run } = openFakePage();
    run(outputFiles[0]?.text as string, "msgpack.js");
    const talk = globals.talk as (url: string, packet: object) => Promise<{ type: string; packet: object }[]>;
    const told = await talk("ws://localhost/chat", { data: "hello", list: [1, "two", null] });
    expect(told.map(({ type, packet }) => [type, packet])).toEqual([
      ["sent", expect.objectContaining({ data: "hello", list: [1, "two", null] })],
      ["received", expect.objectContaining({ data: "hello", list: [1, "two", null] })],
    ]);
  });

  it("is in no other file, so that nobody pays for it unused", async () => {
    const has = async (file: string): Promise<boolean> => {
      return (await readFile(join(consumer.folder, "node_modules/@websockets-simple", file), "utf8")).includes(OF_LIBRARY);
    };
    const main = ["index.mjs", "index.cjs", "websockets-simple.browser.mjs", "websockets-simple.umd.min.js"];
    const files = ["server/dist/index.mjs", "server/dist/index.cjs", ...main.map((file) => `client/dist/${file}`)];
    expect(await Promise.all(files.map(has))).toEqual(files.map(() => false));
    expect(await has("client/dist/msgpack.mjs")).toBe(true);
  });

  it("bears the license of what is inside", async () => {
    const text = await readFile(join(consumer.folder, "node_modules/@websockets-simple/server/dist/msgpack.cjs"), "utf8");
    expect(text).toContain("Copyright 2019 The MessagePack Community");
  });
});
