import { describe, expect, it } from "vitest";
import { iterateMessages } from "../src/message-iterator.ts";

function source() {
  let message: (value: number) => void = () => {};
  let end: () => void = () => {};
  const state = { subscribed: 0 };
  const subscribe = (onMessage: typeof message, onEnd: typeof end) => {
    message = onMessage;
    end = onEnd;
    state.subscribed++;
    return () => {
      state.subscribed--;
    };
  };
  return { state, subscribe, message: (value: number) => message(value), end: () => end() };
}

describe("iterating over messages", () => {
  it("yields what came since the call, in order, and ends with the connection", async () => {
    const { state, subscribe, message, end } = source();
    const messages = iterateMessages(subscribe, 10);
    message(1);
    message(2);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const value of messages) {
        seen.push(value);
        if (value === 2) queueMicrotask(() => message(3));
        if (value === 3) end();
      }
    })();
    await reading;
    expect(seen).toEqual([1, 2, 3]);
    expect(state.subscribed).toBe(0);
  });

  it("yields what waits before it ends", async () => {
    const { subscribe, message, end } = source();
    const messages = iterateMessages(subscribe, 10);
    message(1);
    end();
    expect(await messages.next()).toEqual({ done: false, value: 1 });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
  });

  it("fails rather than lose a message in silence when it is read too slowly", async () => {
    const { state, subscribe, message } = source();
    const messages = iterateMessages(subscribe, 2);
    for (let n = 0; n < 1_000; n++) message(n);
    for (const value of [0, 1]) expect(await messages.next()).toEqual({ done: false, value });
    await expect(messages.next()).rejects.toMatchObject({
      code: "OVERFLOW",
      message: expect.stringContaining("more than 2 messages"),
    });
    expect(await messages.next()).toEqual({ done: true, value: undefined });
    expect(state.subscribed).toBe(0);
  });

  it("lets go when it is given up before it was ever read, or while a reader waits", async () => {
    const { state, subscribe } = source();
    await iterateMessages(subscribe, 2).return?.();
    expect(state.subscribed).toBe(0);
    const messages = iterateMessages(subscribe, 2);
    const waiting = messages.next();
    await messages.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(state.subscribed).toBe(0);
  });

  it("stops listening when the loop is left", async () => {
    const { state, subscribe, message } = source();
    const messages = iterateMessages(subscribe, 2);
    message(1);
    for await (const _ of messages) break;
    expect(state.subscribed).toBe(0);
  });
});
