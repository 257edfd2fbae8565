import { once } from "node:events";
import { get } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Child, startChild } from "../../testkit/browsers/child-process.ts";
import { availableBrowsers, type Browser, type Page } from "../../testkit/browsers/index.ts";

const SERVER = fileURLToPath(new URL("../../examples/chat/server.mjs", import.meta.url));
const PHONE = { viewport: { width: 390, height: 844 } };
/** For what the network and a busy machine decide. */
const SOON = { timeoutMs: 15_000 };
/** Up to 5 s of countdown, at times twice; and Firefox lets attempts after a failure wait as well. */
const RECONNECTED = { timeoutMs: 60_000 };

async function startDemo(env: Readonly<Record<string, string>> = { PORT: "0" }): Promise<{ child: Child; url: string }> {
  const child = startChild(process.execPath, [SERVER], { env });
  const lines = createInterface({ input: child.stdout });
  const said = await Promise.race([once(lines, "line"), child.ended]);
  const url = /http:\/\/localhost:\d+/.exec(String(said))?.[0];
  if (url) return { child, url };
  await child.stop();
  throw new Error(await child.ended);
}

async function join(browser: Browser, url: string, name: string, options = {}): Promise<Page> {
  const page = await browser.open(url, options);
  await page.fill("#name", name);
  await page.click("#join-form button");
  await page.waitFor(() => document.getElementById("badge")?.dataset.state === "connected", undefined, SOON);
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("#text", text);
  await page.click("#send");
}

/** Until the page shows the message; how often, and what stands beside it. */
async function shown(page: Page, text: string): Promise<{ times: number; from: string | undefined; status: string | undefined }> {
  await page.waitFor(
    (wanted) => [...document.querySelectorAll(".bubble")].some((bubble) => bubble.textContent === wanted),
    text,
    SOON,
  );
  return page.evaluate((wanted) => {
    const bubbles = [...document.querySelectorAll(".bubble")].filter((bubble) => bubble.textContent === wanted);
    const { from, status } = bubbles[0]?.closest("li")?.dataset ?? {};
    return { times: bubbles.length, from, status };
  }, text);
}

const peopleAre = (page: Page, names: string): Promise<void> =>
  page.waitFor(
    (wanted) => [...document.querySelectorAll("#people .person")].map((person) => person.textContent).join() === wanted,
    names,
    SOON,
  );

describe.each(availableBrowsers())("the demo in $name", ({ launch }) => {
  let browser: Browser;
  let demo: Awaited<ReturnType<typeof startDemo>>;
  let ada: Page;
  let grace: Page;

  beforeAll(async () => {
    [browser, demo] = await Promise.all([launch(), startDemo()]);
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.child.stop();
  });

  test("two people talk, see each other come, and find what was said before", async () => {
    ada = await join(browser, demo.url, "Ada", PHONE);
    await say(ada, "Is anybody here?");
    expect(await shown(ada, "Is anybody here?")).toEqual({ times: 1, from: "Ada", status: "sent" });

    grace = await join(browser, demo.url, "  Grace ");
    expect(await shown(grace, "Is anybody here?")).toEqual({ times: 1, from: "Ada" });
    await peopleAre(grace, "Grace,Ada");
    await peopleAre(ada, "Ada,Grace");
    await say(grace, "<b>I am</b>\n& “you” 👋");
    expect(await shown(ada, "<b>I am</b>\n& “you” 👋")).toEqual({ times: 1, from: "Grace" });
    expect(await ada.evaluate(() => document.querySelectorAll("#messages b").length)).toBe(0);

    await grace.fill("#text", " \n ");
    expect(await grace.evaluate(() => document.querySelector<HTMLButtonElement>("#send")?.disabled)).toBe(true);
  });

  test("a cut connection heals; what was under way, and what was written meanwhile, arrives once", async () => {
    await ada.evaluate(() => {
      const badge = document.getElementById("badge") as HTMLElement;
      const field = document.getElementById("text") as HTMLTextAreaElement;
      const write = (text: string) => {
        field.value = text;
        field.form?.requestSubmit();
        return document.querySelector<HTMLElement>("#messages > :last-child")?.dataset.status;
      };
      const seen: unknown[] = [];
      Object.assign(globalThis, { seen, write });
      // Written in the very moment in which the page knows: no attempt to reconnect can be quicker.
      new MutationObserver(() => {
        seen.push(badge.dataset.state);
        if (badge.dataset.state !== "reconnecting" || seen.includes("waiting")) return;
        seen.push(document.getElementById("badge-text")?.textContent, write("Written while away"));
        // The longest text that the badge has.
        seen.push(document.documentElement.scrollWidth - innerWidth);
      }).observe(badge, { attributeFilter: ["data-state"] });
      // The server severs the connection on reading the first packet, and never sees the second.
      document.getElementById("cut")?.click();
      write("Lost at first");
    });

    await ada.waitFor(() => (globalThis as unknown as { seen: unknown[] }).seen.at(-1) === "connected", undefined, RECONNECTED);
    const seen = await ada.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    const countdown = expect.stringMatching(/^reconnecting( in \d s|…)$/);
    expect(seen.slice(0, 5)).toEqual(["reconnecting", countdown, "waiting", 0, "connecting"]);

    await shown(grace, "Lost at first");
    // Whatever were to arrive a second time would come before this.
    await say(ada, "Back again");
    await shown(grace, "Back again");
    for (const text of ["Lost at first", "Written while away"]) {
      expect(await shown(ada, text)).toEqual({ times: 1, from: "Ada", status: "sent" });
      expect(await shown(grace, text)).toEqual({ times: 1, from: "Ada" });
    }
    await peopleAre(grace, "Grace,Ada");
  }, 120_000);

  test("who goes is seen to go", async () => {
    await grace.close();
    await peopleAre(ada, "Ada");
    const notes = await ada.evaluate(() => [...document.querySelectorAll(".note")].map((note) => note.textContent));
    expect(notes).toEqual(["Grace joined", "Grace left"]);
  });

  test("the server stops in an orderly way, and the page waits for it", async () => {
    await demo.child.stop();
    expect(await demo.child.ended).toMatch(/ended with 0$/);
    await ada.waitFor(() => document.getElementById("badge")?.dataset.state === "reconnecting", undefined, SOON);
  });
});

describe("the demo's server", () => {
  test("a port that is taken, and one that is none, are told by the name of the setting", async () => {
    const { child, url } = await startDemo();
    const port = new URL(url).port;
    await Promise.all([
      expect(startDemo({ PORT: port })).rejects.toThrow(/ended with 1: PORT \d+ is in use.*PORT=8080 npm start/),
      expect(startDemo({ PORT: "0", WS_PORT: port })).rejects.toThrow(/ended with 1: WS_PORT.* is in use/),
      expect(startDemo({ PORT: "http" })).rejects.toThrow('ended with 1: PORT is "http"; expected a port from 0'),
    ]);
    await child.stop();
  });

  test("nothing but the page's own files is served", async () => {
    const { child, url } = await startDemo();
    const { hostname, port } = new URL(url);
    const status = async (path: string): Promise<number | undefined> => {
      const [response] = await once(get({ hostname, port, path }), "response");
      response.resume();
      return response.statusCode;
    };
    for (const path of ["/", "/chat.js", "/chat.css?1", "/websockets-simple.umd.min.js"]) expect(await status(path)).toBe(200);
    for (const path of ["/../server.mjs", "/%2e%2e/server.mjs", "//etc/passwd", "/public", "/package.json", "/%"]) {
      expect(await status(path)).toBe(404);
    }
    expect((await fetch(url, { method: "POST" })).status).toBe(405);
    await child.stop();
  });
});
