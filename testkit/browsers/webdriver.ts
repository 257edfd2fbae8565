import { writeFile } from "node:fs/promises";
import { ACTION_TIMEOUT_MS, type Viewport } from "./browser.ts";

const ELEMENT_KEY = "element-6066-11e4-a52e-4f735466cecf";

/** One session of a W3C WebDriver (https://www.w3.org/TR/webdriver2/): a window that lasts as long as its driver. */
export interface WebDriverSession {
  /** Load a URL and wait for its `load` event. */
  navigate(url: string): Promise<void>;
  /** Run a function body in the page; it calls its last argument with the result. */
  executeAsync(script: string, args?: readonly unknown[]): Promise<unknown>;
  /** Click the first element that matches the CSS selector. */
  click(selector: string): Promise<void>;
  /** Write what the window shows to a PNG file. */
  screenshot(path: string): Promise<void>;
  /** Size of the whole window, its own controls included. */
  resizeWindow(size: Viewport): Promise<void>;
}

/** Ask the WebDriver at `endpoint` (`http://host:port`) for a session with these capabilities. */
export async function startSession(endpoint: string, capabilities: Readonly<Record<string, unknown>>): Promise<WebDriverSession> {
  const { sessionId } = (await command(endpoint, "POST", "/session", {
    capabilities: { alwaysMatch: capabilities },
  })) as { sessionId: string };
  const ask = (method: Method, path: string, body?: object) => command(endpoint, method, `/session/${sessionId}${path}`, body);

  // A script may wait for as long as its test does; a page has to load in time.
  await ask("POST", "/timeouts", { script: null, pageLoad: ACTION_TIMEOUT_MS });

  return {
    async navigate(url) {
      await ask("POST", "/url", { url });
    },
    executeAsync: (script, args = []) => ask("POST", "/execute/async", { script, args }),
    async click(selector) {
      const found = await ask("POST", "/element", { using: "css selector", value: selector });
      await ask("POST", `/element/${(found as Record<string, string>)[ELEMENT_KEY]}/click`, {});
    },
    async screenshot(path) {
      await writeFile(path, Buffer.from((await ask("GET", "/screenshot")) as string, "base64"));
    },
    async resizeWindow({ width, height }) {
      await ask("POST", "/window/rect", { width, height });
    },
  };
}

type Method = "GET" | "POST";

async function command(endpoint: string, method: Method, path: string, body?: object): Promise<unknown> {
  const response = await fetch(endpoint + path, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: unknown };
  if (response.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(`WebDriver ${method} ${path.replace(/^\/session\/[^/]+/, "")}: ${error}: ${message}`);
}
