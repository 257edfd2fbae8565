import { PassThrough } from "node:stream";
import type { WebsocketsSimpleError } from "@websockets-simple/shared";
import { describe, expect, test } from "vitest";
import { type Asker, StopSignal } from "../src/handshake/asker.ts";
import { type UserService, UserServiceGate } from "../src/handshake/user-service.ts";
import { FakeClock } from "./support/fake-clock.ts";

/** A client who stays. */
const here = (address = "192.0.2.1"): Asker => ({
  gone: new AbortController().signal,
  stop: new StopSignal(),
  address,
  stream: new PassThrough(),
});

function gated<T>(getId: UserService<T>["getId"], concurrency = 2) {
  const clock = new FakeClock();
  const errors: WebsocketsSimpleError[] = [];
  const gate = new UserServiceGate<T>({ getId }, { timeoutMs: 3_000, concurrency }, clock, (error) => errors.push(error));
  return { clock, errors, gate };
}

/** A service whose answers the test gives. */
function manual() {
  const calls: { token: string; signal: AbortSignal; resolve: (id: number | null) => void; reject: (error: Error) => void }[] =
    [];
  const getId = (token: string, { signal }: { signal: AbortSignal }): Promise<number | null> =>
    new Promise((resolve, reject) => calls.push({ token, signal, resolve, reject }));
  return { calls, getId };
}

describe("the user service's gate", () => {
  test.each([
    ["a number", 42, { userId: 42 }],
    ["zero", 0, { userId: 0 }],
    ["an empty text", "", { userId: "" }],
    ["null", null, "refused"],
    ["undefined", undefined, "refused"],
    ["false", false, "refused"],
    ["NaN", Number.NaN, "refused"],
  ])("%s", async (_, answer, verdict) => {
    const sync = gated<unknown>(() => answer);
    expect(await sync.gate.identify("t", here())).toEqual(verdict);
    const later = gated<unknown>(async () => answer);
    expect(await later.gate.identify("t", here())).toEqual(verdict);
    expect([sync.clock.timers, later.clock.timers]).toEqual([0, 0]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no database for secret/token");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("no database for secret%2Ftoken");
      },
    ],
  ])("a service that %s fails, is reported once, and the token is not quoted", async (_, getId) => {
    const { errors, gate, clock } = gated<number>(getId);
    expect(await gate.identify("secret/token", here())).toBe("failed");
    expect(errors).toMatchObject([
      { code: "USER_SERVICE_FAILED", message: "user service: no database for [token]", retryable: true },
    ]);
    expect(clock.timers).toBe(0);
  });

  test("a service that hangs fails after timeoutMs, its signal aborted, its late answer ignored", async () => {
    const { calls, getId } = manual();
    const { clock, errors, gate } = gated(getId);
    const verdict = gate.identify("t", here());
    clock.advance(2_999);
    expect(calls[0]?.signal.aborted).toBe(false);
    clock.advance(1);
    expect([await verdict, calls[0]?.signal.aborted]).toEqual(["failed", true]);
    calls[0]?.resolve(42);
    expect(errors.map(({ message }) => message)).toEqual(["user service: no answer within userServiceLimits.timeoutMs 3000"]);
  });

  test("asks for so many at once; the others wait in line, and the wait counts", async () => {
    const { calls, getId } = manual();
    const { clock, gate } = gated(getId);
    const verdicts = ["a", "b", "c", "d"].map((token) => gate.identify(token, here()));
    expect(calls.map(({ token }) => token)).toEqual(["a", "b"]);
    clock.advance(2_000);
    calls[0]?.resolve(1);
    expect(await verdicts[0]).toEqual({ userId: 1 });
    expect(calls.map(({ token }) => token)).toEqual(["a", "b", "c"]);
    clock.advance(1_000);
    expect(await Promise.all(verdicts.slice(1))).toEqual(["failed", "failed", "failed"]);
    expect(calls.length).toBeLessThanOrEqual(4);
  });

  test("forgets who leaves while waiting; who leaves while being asked for keeps the place until the answer", async () => {
    const { calls, getId } = manual();
    const { gate } = gated(getId, 1);
    const leavers = [new AbortController(), new AbortController()];
    const asked = gate.identify("a", { ...here(), gone: (leavers[0] as AbortController).signal });
    const waiting = gate.identify("b", { ...here(), gone: (leavers[1] as AbortController).signal });
    const last = gate.identify("c", here());
    for (const leaver of leavers) leaver.abort();
    expect(await Promise.all([asked, waiting])).toEqual(["gone", "gone"]);
    expect(calls.map(({ token }) => token)).toEqual(["a"]);
    calls[0]?.reject(new Error("late"));
    await Promise.resolve();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.map(({ token }) => token)).toEqual(["a", "c"]);
    calls[1]?.resolve(3);
    expect(await last).toEqual({ userId: 3 });
  });

  test("does not ask for who is gone already", async () => {
    const { calls, getId } = manual();
    expect(await gated(getId).gate.identify("t", { ...here(), gone: AbortSignal.abort() })).toBe("gone");
    expect(calls).toEqual([]);
  });

  test("when the server stops all calls are given up, even of those who have left, and no timer stays", async () => {
    const { calls, getId } = manual();
    const { clock, errors, gate } = gated(getId);
    const stop = new StopSignal();
    const leaver = new AbortController();
    const verdicts = [leaver.signal, here().gone, here().gone].map((gone, index) =>
      gate.identify(`t${index}`, { ...here(), gone, stop }),
    );
    leaver.abort();
    expect([clock.timers, calls.map(({ token }) => token)]).toEqual([3, ["t0", "t1"]]);
    stop.stop();
    expect(await Promise.all(verdicts)).toEqual(["gone", "gone", "gone"]);
    expect([clock.timers, calls.map(({ signal }) => signal.aborted), errors]).toEqual([0, [true, true], []]);
    expect(await gate.identify("t3", { ...here(), stop })).toBe("gone");
    for (const call of calls) call.resolve(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect([calls.length, errors]).toEqual([2, []]);
  });
});
