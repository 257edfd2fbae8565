import { afterEach, describe, expect, it, vi } from "vitest";
import { ScriptedWebSocket } from "../../../testkit/scripted-websocket.ts";
import { platform } from "../src/platform.browser.ts";
import { makeTarget, TOKEN_PLACES } from "../src/target.ts";

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

describe("sending", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A socket that already holds so many bytes, and what was told of a message sent then. */
  function sending(bufferedAmount: number) {
    vi.useFakeTimers();
    const target = makeTarget(new URL("ws://a/"), [], "", TOKEN_PLACES.message);
    const options = { maxPayload: 1, closeTimeoutMs: 1 };
    const { send } = platform.createSocket(
      ScriptedWebSocket as never,
      target,
      options,
      () => {},
      () => {},
      { listenerCount: () => 0, emit: () => false },
    );
    const socket = ScriptedWebSocket.last;
    socket.open();
    socket.bufferedAmount = bufferedAmount;
    const told: unknown[] = [];
    send("x", (error) => told.push(error));
    return { socket, told };
  }

  it("is done at once while the socket holds little", () => {
    expect(sending(1_048_576).told).toEqual([undefined]);
    expect(sending(undefined as never).told).toEqual([undefined]);
  });

  it("is done when the socket holds little again, so that whoever awaits it sends no faster than the network", () => {
    const { socket, told } = sending(1_048_577);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([]);
    socket.bufferedAmount = 1_000_000;
    vi.advanceTimersByTime(20);
    expect(told).toEqual([undefined]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is UNKNOWN when the socket closes before", () => {
    const { socket, told } = sending(1_048_577);
    socket.breakOff();
    vi.advanceTimersByTime(20);
    expect(told).toMatchObject([{ code: "UNKNOWN" }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("an RFC 6455 ping", () => {
  it("is INVALID_STATE in a browser, which has none, whether or not it is connected", async () => {
    await expect(platform.ping(undefined, "x")).rejects.toMatchObject({
      code: "INVALID_STATE",
      message: expect.stringContaining("browser"),
    });
  });
});
