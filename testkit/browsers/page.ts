import { ACTION_TIMEOUT_MS, type Page, type WaitOptions } from "./browser.ts";

/** What an engine has to give for a {@link Page}. */
export interface PageDriver {
  /** Evaluate a JavaScript expression whose value is a promise; return what it resolves to. */
  run(expression: string): Promise<unknown>;
  goto(url: string): Promise<void>;
  /** Click an element that is there. */
  click(selector: string): Promise<void>;
  /** Fill a text field that is there. */
  fill(selector: string, text: string): Promise<void>;
  screenshot(path: string): Promise<void>;
  close(): Promise<void>;
}

interface Outcome<T> {
  readonly value?: T;
  readonly error?: string;
}

interface Poll {
  readonly met: boolean;
  readonly last: string;
}

const POLL_SLICE_MS = 1_000;
const ANSWER_MS = 1_000;
const RETRY_MS = 25;
const DEFAULT_WAIT_MS = 5_000;

/** Build the page that tests see: what needs only {@link PageDriver.run} is the same code for every engine. */
export function createPage(driver: PageDriver): Page {
  async function evaluate<T>(fn: (argument: never) => T | Promise<T>, argument?: unknown): Promise<T> {
    const outcome = JSON.parse((await driver.run(outcomeOf(call(fn, argument)))) as string) as Outcome<T>;
    if (outcome.error !== undefined) throw new Error(`In the page: ${outcome.error}`);
    return outcome.value as T;
  }

  async function waitFor(fn: (argument: never) => unknown, argument?: unknown, options: WaitOptions = {}) {
    const { timeoutMs = DEFAULT_WAIT_MS } = options;
    const deadline = performance.now() + timeoutMs;
    let last = "no answer from the page";
    for (let leftMs = timeoutMs; leftMs > 0; leftMs = deadline - performance.now()) {
      const sliceMs = Math.min(leftMs, POLL_SLICE_MS);
      try {
        const question = `(${pollInPage})(${fn}, ${json(argument)}, ${sliceMs})`;
        const answer = (await within(sliceMs + ANSWER_MS, driver.run(question))) as Poll;
        if (answer.met) return;
        last = answer.last;
      } catch (error) {
        // A page that navigates drops the question; ask the next document.
        last = error instanceof Error ? error.message : String(error);
        await pause(Math.min(RETRY_MS, Math.max(0, deadline - performance.now())));
      }
    }
    throw new Error(`waitFor: not met within ${timeoutMs} ms: ${fn}\nLast answer: ${last}`);
  }

  const appear = (selector: string) =>
    waitFor((wanted: string) => document.querySelector(wanted) !== null, selector, { timeoutMs: ACTION_TIMEOUT_MS });

  return {
    evaluate,
    waitFor,
    goto: (url) => driver.goto(url),
    async click(selector) {
      await appear(selector);
      await driver.click(selector);
    },
    async fill(selector, text) {
      await appear(selector);
      await driver.fill(selector, text);
    },
    async text(selector) {
      await appear(selector);
      // biome-ignore lint/performance/useDomNodeTextContent: what the user sees, without hidden parts
      return evaluate((wanted: string) => document.querySelector<HTMLElement>(wanted)?.innerText ?? "", selector);
    },
    screenshot: (path) => driver.screenshot(path),
    close: () => driver.close(),
  };
}

/** Runs inside the page: it may use nothing from outside itself. */
function pollInPage(fn: (argument: unknown) => unknown, argument: unknown, sliceMs: number): Promise<Poll> {
  const start = performance.now();
  return new Promise((resolve) => {
    const ask = async () => {
      let last: string;
      try {
        const answer = await fn(argument);
        if (answer) return resolve({ met: true, last: "" });
        last = String(answer);
      } catch (error) {
        last = String(error);
      }
      if (performance.now() - start >= sliceMs) resolve({ met: false, last });
      else setTimeout(ask, 20);
    };
    void ask();
  });
}

function call(fn: (argument: never) => unknown, argument: unknown): string {
  return `(${fn})(${json(argument)})`;
}

// As JSON text, since each engine's own way back keeps other things than its neighbours' (undefined, dates, NaN).
function outcomeOf(expression: string): string {
  return (
    `(async () => JSON.stringify({ value: await ${expression} }))()` +
    ".catch((error) => JSON.stringify({ error: String(error) }))"
  );
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the page does not answer")), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
