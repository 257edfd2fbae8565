/** The engines that the tests drive. */
export type EngineName = "chromium" | "firefox" | "webkit";

/** How to start a browser. */
export interface LaunchOptions {
  /** Accept TLS certificates that no known authority signed, for pages and for `wss:` (default false). */
  readonly ignoreHttpsErrors?: boolean;
}

/** How to open a page. */
export interface OpenOptions {
  /** Size of the page's inner window in CSS pixels (default 1280 × 720). */
  readonly viewport?: Viewport;
}

/** Size in CSS pixels. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
}

/** The viewport of a page that asked for none. */
export const DEFAULT_VIEWPORT: Viewport = Object.freeze({ width: 1280, height: 720 });

/** How long a navigation, a click or a fill waits for the page, in milliseconds. */
export const ACTION_TIMEOUT_MS = 15_000;

/** A running browser: launch one per test file, close it in `afterAll`. */
export interface Browser {
  readonly name: EngineName;

  /** Open a page with storage of its own: two pages are two visitors, not two tabs of one visitor. */
  open(url: string, options?: OpenOptions): Promise<Page>;

  /** Close every page and end the browser's processes. May be called twice. */
  close(): Promise<void>;
}

/**
 * One page. Functions given to it run inside the page: they see its globals and their argument, nothing of the
 * test's scope. Arguments and results travel as JSON. Write them as arrow functions or `function` expressions.
 */
export interface Page {
  /** Load another URL and wait for its `load` event. Rejects when it cannot be loaded. */
  goto(url: string): Promise<void>;

  /**
   * Run a function in the page and return what it returns, after a returned promise has settled. An error thrown
   * there rejects with its name and message. Other calls on the page may go on meanwhile.
   */
  evaluate<T>(fn: () => T | Promise<T>): Promise<T>;
  evaluate<T, A>(fn: (argument: A) => T | Promise<T>, argument: A): Promise<T>;

  /**
   * Ask again inside the page (every 20 ms, across navigations) until the function returns something truthy. One
   * that throws counts as "not yet". Rejects after `timeoutMs` (default 5,000), naming the function and what it last
   * returned.
   */
  waitFor(fn: () => unknown, argument?: undefined, options?: WaitOptions): Promise<void>;
  waitFor<A>(fn: (argument: A) => unknown, argument: A, options?: WaitOptions): Promise<void>;

  /** Click the first element that matches the CSS selector, by a real pointer event, once it is there. */
  click(selector: string): Promise<void>;

  /** Replace the content of a text field, raising `input`, once it is there. */
  fill(selector: string, text: string): Promise<void>;

  /** The rendered text of the first element that matches the CSS selector, once it is there. */
  text(selector: string): Promise<string>;

  /** Write what the viewport shows to a PNG file. */
  screenshot(path: string): Promise<void>;

  /** Close the page. May be called twice. */
  close(): Promise<void>;
}

/** How long to wait. */
export interface WaitOptions {
  readonly timeoutMs?: number;
}
