import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Browser, DEFAULT_VIEWPORT, type LaunchOptions, type Page, type Viewport } from "./browser.ts";
import { type Child, startChild } from "./child-process.ts";
import { startListening } from "./listening.ts";
import { createPage } from "./page.ts";
import { startSession, type WebDriverSession } from "./webdriver.ts";

const DRIVER = "/usr/bin/WebKitWebDriver";
const DISPLAY_SERVER = "/usr/bin/Xvfb";
const MINI_BROWSERS = ["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((machine) => [
  `/usr/lib/${machine}/webkit2gtk-4.1/MiniBrowser`,
  `/usr/lib/${machine}/webkit2gtk-4.0/MiniBrowser`,
]);

// MiniBrowser's toolbar makes a window at least 447 pixels wide, more than a phone; this shrinks it to nothing.
const NARROW_TOOLBAR = `* {
  font-size: 1px; min-width: 0; min-height: 0; padding: 0; margin: 0; border-width: 0; -gtk-icon-transform: scale(0);
}`;

/** Whether WebKitGTK, its driver and a virtual display are installed (Linux only). */
export function hasWebKit(): boolean {
  return existsSync(DRIVER) && existsSync(DISPLAY_SERVER) && MINI_BROWSERS.some(existsSync);
}

/** Start WebKitGTK: a virtual display, on which each page is a browser process of its own. */
export async function launchWebKit(options: LaunchOptions = {}): Promise<Browser> {
  const display = await startDisplay();
  const pages = new Set<Page>();
  return {
    name: "webkit",
    async open(url, { viewport = DEFAULT_VIEWPORT } = {}) {
      const page = await openPage(display.name, options, viewport);
      pages.add(page);
      try {
        await page.goto(url);
        return page;
      } catch (error) {
        await page.close();
        throw error;
      }
    },
    async close() {
      await Promise.all([...pages].map((page) => page.close()));
      await display.child.stop();
    },
  };
}

async function startDisplay(): Promise<{ readonly child: Child; readonly name: string }> {
  // Xvfb itself finds a free display and says which.
  const child = startChild(DISPLAY_SERVER, ["-displayfd", "1", "-screen", "0", "2560x1600x24", "-nolisten", "tcp"]);
  const lines = createInterface({ input: child.stdout });
  const number = await Promise.race([
    new Promise<string>((resolve) => lines.once("line", resolve)),
    child.ended.then((how) => ({ how })),
  ]);
  if (typeof number === "string") return { child, name: `:${number}` };
  await child.stop();
  throw new Error(number.how);
}

async function openPage(display: string, options: LaunchOptions, viewport: Viewport): Promise<Page> {
  // A driver serves one session at a time, so that each page has its own.
  const { child, port } = await startListening((port) =>
    startChild(DRIVER, [`--port=${port}`], {
      env: { DISPLAY: display, GDK_BACKEND: "x11", NO_AT_BRIDGE: "1", GSETTINGS_BACKEND: "memory" },
      files: { ".config/gtk-3.0/gtk.css": NARROW_TOOLBAR },
    }),
  );
  let session: WebDriverSession;
  try {
    session = await startSession(`http://127.0.0.1:${port}`, {
      acceptInsecureCerts: options.ignoreHttpsErrors ?? false,
      "webkitgtk:browserOptions": { binary: MINI_BROWSERS.find(existsSync), args: ["--automation"] },
    });
    await resizeViewport(session, viewport);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return createPage({
    run: (expression) => run(session, expression),
    goto: (url) => goto(session, url),
    click: (selector) => session.click(selector),
    async fill(selector, text) {
      await run(session, `(${fillField})(${JSON.stringify(selector)}, ${JSON.stringify(text)})`);
    },
    screenshot: (path) => session.screenshot(path),
    close: () => child.stop(),
  });
}

async function run<T>(session: WebDriverSession, expression: string): Promise<T> {
  return (await session.executeAsync(`const done = arguments[arguments.length - 1]; ${expression}.then(done);`)) as T;
}

async function goto(session: WebDriverSession, url: string): Promise<void> {
  await session.navigate(url);
  // WebKit may come back before deferred scripts have run, and does not report a failed load: it shows the reason on a
  // blank page.
  const loaded = "new Promise((loaded) => document.readyState === 'complete' ? loaded() : addEventListener('load', loaded))";
  const what = `${loaded}.then(() => [document.URL, document.body?.innerText])`;
  const [address, reason] = await run<[string, string?]>(session, what);
  if (address === "about:blank" && url !== address) throw new Error(`webkit cannot load ${url}: ${reason || "?"}`);
}

async function resizeViewport(session: WebDriverSession, viewport: Viewport): Promise<void> {
  await session.resizeWindow(viewport);
  const [width, height] = await run<[number, number]>(session, "Promise.resolve([innerWidth, innerHeight])");
  // What the window's own controls take is known only now.
  await session.resizeWindow({
    width: 2 * viewport.width - width,
    height: 2 * viewport.height - height,
  });
}

/** Runs inside the page. Typed keys would lose every character outside Unicode's basic plane. */
async function fillField(selector: string, text: string): Promise<void> {
  const field = document.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector);
  if (!field) return;
  field.focus();
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}
