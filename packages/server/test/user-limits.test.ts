import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { Guesses } from "../src/addresses/guesses.ts";
import { type Asker, StopSignal } from "../src/handshake/asker.ts";
import { boundPerUser } from "../src/handshake/user-places.ts";
import { UserServiceGate } from "../src/handshake/user-service.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { turns, until } from "./support/harness.ts";

const asker = (address = "203.0.113.7"): Asker & { stream: PassThrough } => ({
  gone: new AbortController().signal,
  stop: new StopSignal(),
  address,
  stream: new PassThrough(),
});

const TOO_MANY = "Too many wrong tokens from this address: see option guessLimit.";

describe("the user service's gate, where guesses are limited", () => {
  const LIMIT = { free: 1, forgetMs: 1_000_000, delayMs: 1_000, maxDelayMs: 8_000, isForLocal: false };

  /** A gate before a service that answers when the test says so. */
  function gated() {
    const calls: { token: string; answer: (id: number | null) => void }[] = [];
    const clock = new FakeClock();
    const service = {
      getId: (token: string) => new Promise<number | null>((resolve) => calls.push({ token, answer: resolve })),
    };
    const gate = new UserServiceGate<number>(
      service,
      { timeoutMs: 60_000, concurrency: 2 },
      clock,
      () => {},
      new Guesses(LIMIT, clock),
    );
    return { calls, clock, gate };
  }

  test("asks for none of those in line whose address has to wait meanwhile, however many, and for all others", async () => {
    const { calls, gate } = gated();
    const first = [gate.identify("a", asker()), gate.identify("b", asker())];
    const line = Array.from({ length: 5_000 }, (_, index) => gate.identify(`c${index}`, asker()));
    const other = gate.identify("d", asker("203.0.113.8"));
    for (const { answer } of calls) answer(null);
    expect(await Promise.all(first)).toEqual(["refused", "refused"]);
    await until("the other is asked for", () => calls.some(({ token }) => token === "d"));
    // The first in line was asked for when only one had been found wrong, which is free.
    expect(calls.map(({ token }) => token)).toEqual(["a", "b", "c0", "d"]);
    calls[2]?.answer(null);
    calls[3]?.answer(7);
    expect(await other).toEqual({ userId: 7 });
    const verdicts = new Set((await Promise.all(line)).map((verdict) => JSON.stringify(verdict)));
    expect([...verdicts]).toEqual(['"refused"', JSON.stringify({ tooMany: TOO_MANY, waitMs: 1_000 })]);
  });

  test("lets nobody wait in line who has to wait anyway", async () => {
    const { calls, gate } = gated();
    const wrong = [gate.identify("a", asker()), gate.identify("b", asker())];
    for (const { answer } of calls) answer(null);
    await Promise.all(wrong);
    for (const address of ["203.0.113.8", "203.0.113.9"]) void gate.identify("slow", asker(address));
    expect(await gate.identify("c", asker())).toEqual({ tooMany: TOO_MANY, waitMs: 1_000 });
    expect(calls.map(({ token }) => token)).toEqual(["a", "b", "slow", "slow"]);
  });

  test("looks at one at a time after the wait", async () => {
    const { calls, clock, gate } = gated();
    const wrong = [gate.identify("a", asker()), gate.identify("b", asker())];
    for (const { answer } of calls) answer(null);
    await Promise.all(wrong);
    clock.advance(1_000);
    const next = gate.identify("c", asker());
    expect(await gate.identify("d", asker())).toEqual({ tooMany: TOO_MANY, waitMs: 1_000 });
    calls[2]?.answer(7);
    expect(await next).toEqual({ userId: 7 });
    const last = gate.identify("e", asker());
    calls[3]?.answer(8);
    expect(await last).toEqual({ userId: 8 });
  });
});

describe("the places of a user", () => {
  test("are held until the connection closes, and by nobody whose connection was closed before the verdict", async () => {
    const identify = boundPerUser<string>(async (token) => ({ userId: token }), 1);
    const [gone, first] = [asker(), asker()];
    gone.stream.destroy();
    await until("closed", () => gone.stream.closed);
    expect(await identify("ada", gone)).toBe("gone");
    expect(await identify("ada", first)).toEqual({ userId: "ada" });
    expect(await identify("ada", asker())).toEqual({
      tooMany: "More connections of one user than maxConnectionsPerUser 1.",
      waitMs: 5_000,
    });
    first.stream.destroy();
    await turns();
    expect(await identify("ada", asker())).toEqual({ userId: "ada" });
  });

  test.each(["refused", "failed", "gone"] as const)("are not asked for by one who is %s", async (verdict) => {
    const identify = boundPerUser<string>(async () => verdict, 1);
    expect(await identify("ada", asker())).toBe(verdict);
  });
});
