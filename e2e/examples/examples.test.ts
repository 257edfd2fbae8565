import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { availableBrowsers } from "../../testkit/browsers/index.ts";
import { checkExample, join, startExample, upgradeStatus } from "./running.ts";

const server = (name: string): string => fileURLToPath(new URL(`../../examples/${name}/server.mjs`, import.meta.url));

describe.each([
  ["express", "Express"],
  ["fastify", "Fastify"],
  ["hono", "Hono"],
])("examples/%s", (name, title) => {
  test("serves a page and a chat on one port, and ends in an orderly way", async () => {
    const running = await startExample(server(name));
    expect([await upgradeStatus(running.port, "/chatter"), await upgradeStatus(running.port, "/")]).toEqual([404, 404]);
    await checkExample(running, `Chat on the port of ${title}`);
  });

  test("a port that is taken ends it, and says so", async () => {
    const { port } = await startExample(server(name));
    await expect(startExample(server(name), { PORT: String(port) })).rejects.toThrow(/ended with 1.*EADDRINUSE/s);
  });

  // One browser is enough to show that the page does what it says.
  test.each(availableBrowsers().slice(0, 1))("its page shows what others say, in $name", async (engine) => {
    const { url } = await startExample(server(name));
    const browser = await engine.launch();
    try {
      const page = await browser.open(url);
      const { client, heard } = await join(url);
      await page.evaluate(() => {
        const input = document.querySelector("input") as HTMLInputElement;
        input.value = "from the page";
        document.querySelector("form")?.requestSubmit();
      });
      expect(await heard()).toBe("from the page");
      await client.send("to the page");
      await page.waitFor(() => document.querySelector("li:nth-child(2)")?.textContent === "to the page");
    } finally {
      await browser.close();
    }
  });
});
