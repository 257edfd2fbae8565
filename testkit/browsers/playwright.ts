import { existsSync } from "node:fs";
import {
  type BrowserServer,
  type BrowserType,
  chromium,
  firefox,
  type LaunchOptions as PlaywrightOptions,
  webkit,
} from "playwright";
import { ACTION_TIMEOUT_MS, type Browser, DEFAULT_VIEWPORT, type EngineName, type LaunchOptions } from "./browser.ts";
import { privateEnvironment, privateHome, removeHome, watch } from "./confinement.ts";
import { createPage } from "./page.ts";

/** A browser that Playwright can drive here. */
export interface PlaywrightEngine {
  readonly type: BrowserType;
  readonly options: PlaywrightOptions;
}

const SYSTEM_CHROMIUMS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const SYSTEM_FIREFOXES = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

const CHROMIUM_ARGS = [
  // The sandbox needs user namespaces and another user than root, which containers lack.
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
  "--no-first-run",
  // What still wants to phone home finds nobody.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
];

const FIREFOX_PREFERENCES = {
  "app.normandy.enabled": false,
  "dom.push.connection.enabled": false,
  "network.captive-portal-service.enabled": false,
  // What still wants to phone home meets a dead proxy; loopback goes past every proxy.
  "network.proxy.allow_bypass": false,
  "network.proxy.failover_direct": false,
  "network.proxy.type": 1,
  "network.proxy.http": "127.0.0.1",
  "network.proxy.http_port": 9,
  "network.proxy.ssl": "127.0.0.1",
  "network.proxy.ssl_port": 9,
  "network.trr.mode": 5,
};

/** The build of an engine that Playwright downloaded, else the system's own, else nothing. */
export function findPlaywrightEngine(name: EngineName): PlaywrightEngine | undefined {
  const type = { chromium, firefox, webkit }[name];
  const options = {
    chromium: { args: CHROMIUM_ARGS },
    firefox: { firefoxUserPrefs: FIREFOX_PREFERENCES },
    webkit: {},
  }[name];
  if (existsSync(type.executablePath())) return { type, options };

  const systemBrowsers = { chromium: SYSTEM_CHROMIUMS, firefox: SYSTEM_FIREFOXES, webkit: [] }[name];
  const executablePath = systemBrowsers.find((path) => existsSync(path));
  if (executablePath === undefined) return undefined;
  // Playwright's own Firefox is patched; a released one it drives over WebDriver BiDi.
  return { type, options: { ...options, executablePath, ...(name === "firefox" && { channel: "moz-firefox" }) } };
}

/** Start a browser that {@link findPlaywrightEngine} found. */
export async function launchPlaywright(
  name: EngineName,
  { type, options }: PlaywrightEngine,
  { ignoreHttpsErrors = false }: LaunchOptions = {},
): Promise<Browser> {
  const home = privateHome();
  let server: BrowserServer;
  try {
    // A server of its own tells us the process, which Firefox needs: it lives on when the tests are killed.
    server = await type.launchServer({ ...options, host: "127.0.0.1", env: privateEnvironment(home) });
  } catch (error) {
    removeHome(home);
    throw error;
  }
  const { pid } = server.process();
  const release = pid === undefined ? () => {} : watch(pid, home);
  const browser = await type.connect(server.wsEndpoint());

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await browser.close();
    await server.close();
    release();
    removeHome(home);
  }

  return {
    name,
    async open(url, { viewport = DEFAULT_VIEWPORT } = {}) {
      const context = await browser.newContext({ viewport, ignoreHTTPSErrors: ignoreHttpsErrors });
      context.setDefaultTimeout(ACTION_TIMEOUT_MS);
      const page = await context.newPage();
      try {
        await page.goto(url);
      } catch (error) {
        await context.close();
        throw error;
      }
      return createPage({
        run: (expression) => page.evaluate(expression),
        async goto(address) {
          await page.goto(address);
        },
        click: (selector) => page.locator(selector).first().click(),
        fill: (selector, text) => page.locator(selector).first().fill(text),
        async screenshot(path) {
          await page.screenshot({ path });
        },
        close: () => context.close(),
      });
    },
    close: () => (closing ??= close()),
  };
}
