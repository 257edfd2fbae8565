import { orLeftOut } from "../left-out.ts";
import type { Browser, EngineName, LaunchOptions } from "./browser.ts";
import { findPlaywrightEngine, launchPlaywright } from "./playwright.ts";
import { hasWebKit, launchWebKit } from "./webkit.ts";

export type { Browser, EngineName, LaunchOptions, OpenOptions, Page, Viewport, WaitOptions } from "./browser.ts";

/** An engine to test with. */
export interface Engine {
  readonly name: EngineName;
  /** Start it. When it is not installed this rejects, saying how to get it. */
  launch(options?: LaunchOptions): Promise<Browser>;
}

const DEBIAN_PACKAGES: Readonly<Record<EngineName, string>> = {
  chromium: "chromium",
  firefox: "firefox-esr",
  webkit: "webkit2gtk-driver xvfb",
};

/**
 * The engines that this machine has, for `describe.each`; where there are none, a test is left out. With `CI=true` all of them: one that is missing there is a
 * failure, not a gap that nobody sees.
 */
export function availableBrowsers(): Engine[] {
  const names: EngineName[] = ["chromium", "firefox", "webkit"];
  const found = names.flatMap((name) => {
    const launch = launcher(name);
    if (launch) return [{ name, launch }];
    return process.env.CI === "true" ? [{ name, launch: () => Promise.reject(missing(name)) }] : [];
  });
  return orLeftOut("browser", found);
}

function launcher(name: EngineName): Engine["launch"] | undefined {
  const engine = findPlaywrightEngine(name);
  if (engine) return (options) => launchPlaywright(name, engine, options);
  return name === "webkit" && hasWebKit() ? launchWebKit : undefined;
}

function missing(name: EngineName): Error {
  return new Error(
    `${name} is not installed. Get it by "npx playwright install ${name}", ` +
      `or on Debian by "apt-get install ${DEBIAN_PACKAGES[name]}".`,
  );
}
