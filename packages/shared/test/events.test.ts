import { describe, expect, it, vi } from "vitest";
import { IsolatingEmitter } from "../src/index.ts";

class Emitter extends IsolatingEmitter<{ news: string; error: unknown }> {
  readonly failures: [string, unknown][] = [];
  constructor() {
    super(["news", "error"]);
  }
  protected override listenerFailed(event: "news" | "error", thrown: unknown): void {
    this.failures.push([event, thrown]);
  }
}

describe("an emitter", () => {
  it.each(["on", "once", "addListener"] as const)("refuses to listen for what never comes: %s", (method) => {
    const listen = (): unknown => new Emitter()[method]("nwes" as never, () => {});
    expect(listen).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: 'no event "nwes"; known are news, error' }),
    );
  });

  it("calls the other listeners when one throws, and reports it", () => {
    const emitter = new Emitter();
    const boom = new Error("boom");
    const last = vi.fn();
    emitter
      .on("news", () => {
        throw boom;
      })
      .on("news", last);
    expect(emitter.emit("news", "x")).toBe(true);
    expect(last).toHaveBeenCalledExactlyOnceWith("x");
    expect(emitter.failures).toEqual([["news", boom]]);
  });

  it("reports a listener that rejects", async () => {
    const emitter = new Emitter();
    const boom = new Error("boom");
    emitter.on("news", async () => {
      throw boom;
    });
    emitter.emit("news", "x");
    await vi.waitFor(() => expect(emitter.failures).toEqual([["news", boom]]));
  });

  it("calls a one-time listener once, and a listener of every time each time", () => {
    const emitter = new Emitter();
    const listener = vi.fn();
    emitter.once("news", listener);
    emitter.emit("news", "1");
    emitter.emit("news", "2");
    expect(listener).toHaveBeenCalledExactlyOnceWith("1");
    emitter.on("news", listener).once("news", listener);
    emitter.emit("news", "3");
    emitter.emit("news", "4");
    expect(listener.mock.calls).toEqual([["1"], ["3"], ["3"], ["4"]]);
  });

  it("removes listeners, also from within one", () => {
    const emitter = new Emitter();
    const listener = vi.fn(() => {
      emitter.off("news", listener);
    });
    emitter.on("news", listener);
    emitter.emit("news", "1");
    expect(emitter.emit("news", "2")).toBe(false);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(emitter.listenerCount("news")).toBe(0);
  });
});
