import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { addFiles, type Consumer, installPackages, runScript } from "./consumer.ts";
import { openFakePage } from "./fake-page.ts";

describe("the file for <script>", () => {
  let consumer: Consumer;
  let file: string;
  let manifest: Record<string, string>;
  let code: string;
  /** What a bundler's import gives. */
  let names: string[];
  beforeAll(async () => {
    consumer = await installPackages();
    const folder = join(consumer.folder, "node_modules/@websockets-simple/client");
    manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    file = join(folder, manifest.unpkg ?? "");
    code = await readFile(file, "utf8");
    names = Object.keys(await import(pathToFileURL(join(folder, manifest.module ?? "")).href)).sort();
  });

  it("is what unpkg and jsDelivr serve, minified", () => {
    expect(manifest.jsdelivr).toBe(manifest.unpkg);
    expect(manifest.unpkg).toMatch(/\.umd\.min\.js$/);
    expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect(code).not.toMatch(/\/\*\*/);
  });

  it("defines one global, WebsocketsSimple, by which packets go out and come back", async () => {
    const { globals, run } = openFakePage();
    const before = Object.keys(globals);
    run(code, "websockets-simple.umd.min.js");
    expect(Object.keys(globals).filter((name) => !before.includes(name))).toEqual(["WebsocketsSimple"]);

    const library = globals.WebsocketsSimple as typeof import("@websockets-simple/client");
    expect(Object.keys(library).sort()).toEqual(names);
    const client = new library.WebsocketClient({ url: "/chat" });
    const received: unknown[] = [];
    const answer = new Promise<void>((resolve) => {
      client.on("message", ({ type, message }) => {
        if (type === "received") resolve(void received.push(message));
      });
    });
    await client.connect();
    await client.send("hello");
    await answer;
    await client.disconnect();
    expect({ received, state: client.state }).toEqual({ received: ["hello"], state: "disconnected" });
  });

  it("gives itself to an AMD loader where there is one", () => {
    const exports = {};
    const define = Object.assign((_names: string[], factory: (to: object) => void) => factory(exports), { amd: true });
    const { globals, run } = openFakePage({ define });
    run(code, "websockets-simple.umd.min.js");
    expect(Object.keys(exports).sort()).toEqual(names);
    expect(globals).not.toHaveProperty("WebsocketsSimple");
  });

  it("gives itself to CommonJS where there is such a thing", () => {
    const module = { exports: {} };
    const { globals, run } = openFakePage({ module, exports: module.exports });
    run(code, "websockets-simple.umd.min.js");
    expect(Object.keys(module.exports).sort()).toEqual(names);
    expect(globals).not.toHaveProperty("WebsocketsSimple");
  });

  it("is found in node_modules by the name /umd, and is there for modules of both kinds what its types say", async () => {
    const place = await addFiles(consumer, "umd", ["umd.mjs"]);
    expect(await runScript(join(place, "umd.mjs"))).toEqual({
      paths: [await realpath(file), pathToFileURL(await realpath(file)).href],
      ...{ isOne: true, names, isGlobal: false },
    });
  });
});
