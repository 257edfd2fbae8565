import { afterEach, describe, expect, it } from "vitest";
import { platform } from "../src/platform.browser.ts";

/** A page of which only the events matter. Node's global object has none, so it lends its own place. */
function fakePage() {
  const page = new EventTarget();
  const document = { visibilityState: "hidden" };
  Object.assign(globalThis, {
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    document,
  });
  return { page, document };
}

afterEach(() => {
  for (const name of ["addEventListener", "removeEventListener", "document"])
    delete (globalThis as Record<string, unknown>)[name];
});

const transition = (type: string, persisted: boolean): Event => Object.assign(new Event(type), { persisted });

describe("what a page notices", () => {
  it("tells of the network, of being looked at, and of being put aside and taken up again", () => {
    const { page, document } = fakePage();
    const signals: string[] = [];
    const stop = platform.watch((signal) => signals.push(signal));
    page.dispatchEvent(new Event("online"));
    page.dispatchEvent(new Event("offline"));
    page.dispatchEvent(new Event("visibilitychange"));
    document.visibilityState = "visible";
    page.dispatchEvent(new Event("visibilitychange"));
    for (const persisted of [false, true]) {
      page.dispatchEvent(transition("pagehide", persisted));
      page.dispatchEvent(transition("pageshow", persisted));
    }
    expect(signals).toEqual(["woken", "offline", "woken", "suspended", "restored"]);
    stop();
    page.dispatchEvent(new Event("online"));
    expect(signals).toHaveLength(5);
  });

  it("has no use for what a browser decides by itself, and says so", () => {
    for (const name of ["tls", "maxPayload"]) {
      const [rule] = platform.options[name] as readonly [(value: unknown) => string];
      expect(rule({})).toContain("nothing in a browser");
    }
  });

  it("is nothing where there is no page", () => {
    expect(() => platform.watch(() => {})()).not.toThrow();
    expect(platform.page).toBeUndefined();
  });
});
