import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { WebsocketServer } from "@websockets-simple/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { availableBrowsers, type Browser } from "../../testkit/browsers/index.ts";
import { type BuiltPage, buildPages } from "../packages/pages.ts";

const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".html": "text/html", ".css": "text/css" };

let pages: BuiltPage[];
let server: WebsocketServer;
let url: string;
beforeAll(async () => {
  pages = await buildPages();
  server = new WebsocketServer({ host: "127.0.0.1" });
  server.on("message", ({ type, packet, connection }) => type === "received" && connection?.send(`echo ${packet?.data}`));
  url = `ws://127.0.0.1:${(await server.start()).port}/`;
});
afterAll(() => server?.dispose());

describe.each(availableBrowsers())("pages of bundlers in $name", ({ launch }) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  it.each(["vite", "webpack", "esbuild"] as const)("%s's page talks to the server", async (bundler) => {
    const { folder } = pages.find((page) => page.bundler === bundler) as BuiltPage;
    const files = createServer(({ url = "/" }, response) => {
      const file = join(folder, url === "/" ? "index.html" : url);
      if (!existsSync(file)) return response.writeHead(404).end();
      response.setHeader("Content-Type", TYPES[/\.\w+$/.exec(file)?.[0] ?? ""] ?? "text/plain");
      return createReadStream(file).pipe(response);
    });
    await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
    const page = await browser.open(`http://localhost:${(files.address() as AddressInfo).port}/`);
    await page.waitFor(() => "talk" in globalThis);
    const talk = (url: string): Promise<string> =>
      (globalThis as unknown as { talk(url: string, text: string): Promise<string> }).talk(url, "hello");
    expect(await page.evaluate(talk, url)).toBe("echo hello");
    await page.close();
    files.close();
    files.closeAllConnections();
  });
});
