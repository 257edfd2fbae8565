import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { availableBrowsers, type Browser, type Page } from "./index.ts";

const HTML = `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>harness</title><p id="greeting">hello</p><input id="name" value="old"><button>greet</button>
<script src="/page.js"></script>`;
const SCRIPT = `document.querySelector("button").onclick = (event) => {
  const answer = document.querySelector("#name").value + (event.isTrusted ? "" : " (by a script)");
  setTimeout(() => { document.querySelector("#greeting").textContent = answer; }, 50);
};`;

let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    // Pages of users forbid eval; the harness has to work on them.
    response.setHeader("content-security-policy", "default-src 'none'; script-src 'self'; connect-src 'self'");
    response.setHeader("content-type", request.url === "/page.js" ? "text/javascript" : "text/html");
    response.end(request.url === "/page.js" ? SCRIPT : HTML);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each(availableBrowsers())("$name", ({ launch }) => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
    page = await browser.open(`${origin}/`, { viewport: { width: 390, height: 700 } });
  });
  afterAll(() => browser?.close());

  test("opens a page in the viewport that was asked for", async () => {
    expect(await page.evaluate(() => [document.title, innerWidth, innerHeight])).toEqual(["harness", 390, 700]);
  });

  test("evaluates with an argument, returning what a promise resolves to", async () => {
    const result = await page.evaluate(async ({ words }) => ({ said: words.join(" "), at: location.pathname }), {
      words: ["grüß", "𝄞"],
    });
    expect(result).toEqual({ said: "grüß 𝄞", at: "/" });
    expect(await page.evaluate(() => {})).toBeUndefined();
  });

  test("an error thrown in the page rejects with its name and message", async () => {
    await expect(
      page.evaluate(() => {
        throw new TypeError("no such thing");
      }),
    ).rejects.toThrow("TypeError: no such thing");
  });

  test("an evaluation that waits does not hold up the others", async () => {
    const waiting = page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          (globalThis as { go?: typeof resolve }).go = resolve;
        }),
    );
    await page.waitFor(() => "go" in globalThis);
    await page.evaluate(() => (globalThis as { go?: (word: string) => void }).go?.("went"));
    expect(await waiting).toBe("went");
  });

  test("fills, clicks, waits and reads what is shown", async () => {
    await page.fill("#name", "Zoë 𝄞");
    await page.click("button");
    await page.waitFor((name) => document.querySelector("#greeting")?.textContent === name, "Zoë 𝄞");
    expect(await page.text("#greeting")).toBe("Zoë 𝄞");
  });

  test("a wait that is not met says what it waited for and what it saw last", async () => {
    const wait = page.waitFor((wanted) => document.title === wanted, "other", { timeoutMs: 200 });
    await expect(wait).rejects.toThrow(/not met within 200 ms: .*document\.title === wanted.*Last answer: false/s);
  });

  test("a wait goes on across a navigation", async () => {
    const wait = page.waitFor(() => location.search === "?second");
    await page.goto(`${origin}/?second`);
    await wait;
  });

  test("a URL that cannot be loaded rejects", async () => {
    const other = await browser.open(`${origin}/`);
    await expect(other.goto("http://127.0.0.1:1/")).rejects.toThrow();
    await other.close();
    await other.close();
  });

  test("two pages are two visitors, both visible", async () => {
    const other = await browser.open(`${origin}/`);
    await page.evaluate(() => localStorage.setItem("visitor", "first"));
    expect(await other.evaluate(() => localStorage.getItem("visitor"))).toBeNull();
    expect(await page.evaluate(() => document.visibilityState)).toBe("visible");
    expect(await other.evaluate(() => document.visibilityState)).toBe("visible");
    await other.close();
  });

  test("takes a screenshot", async () => {
    const directory = await mkdtemp(join(tmpdir(), "screenshot-"));
    const path = join(directory, "page.png");
    await page.screenshot(path);
    const png = await readFile(path);
    expect(png.subarray(1, 4).toString("latin1")).toBe("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([390, 700]);
    await rm(directory, { recursive: true });
  });
});
