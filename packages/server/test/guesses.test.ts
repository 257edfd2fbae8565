import { describe, expect, test } from "vitest";
import { frame, Opcode, RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { Guesses, type GuessLimit } from "../src/addresses/guesses.ts";
import type { AuthServerOptions } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { serveAuth, turns, until } from "./support/harness.ts";

const LIMIT: GuessLimit = { free: 3, forgetMs: 10_000, delayMs: 1_000, maxDelayMs: 30_000, isForLocal: true };

function guessing(limit: Partial<GuessLimit> = {}) {
  const clock = new FakeClock();
  const guesses = new Guesses({ ...LIMIT, ...limit }, clock);
  /** Tells a token, unless it has to wait; how long it then has to. */
  const tell = (isWrong: boolean, address = "203.0.113.7"): number => {
    const waitMs = guesses.waitMs(address);
    if (waitMs > 0) return waitMs;
    guesses.begin(address);
    guesses.end(address, isWrong);
    return guesses.waitMs(address);
  };
  return { clock, guesses, tell };
}

describe("who tells wrong tokens", () => {
  test("waits once what is free is used up, twice as long each time, and never longer than maxDelayMs", () => {
    const { clock, tell } = guessing({ forgetMs: 2_147_483_647 });
    const waits: number[] = [];
    for (let tries = 0; tries < 12; tries++) {
      const waitMs = tell(true);
      waits.push(waitMs);
      clock.advance(waitMs);
    }
    expect(waits).toEqual([0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  test("does not make the wait longer by what it tells meanwhile", () => {
    const { clock, tell } = guessing();
    for (let tries = 0; tries < 4; tries++) tell(true);
    clock.advance(400);
    for (let tries = 0; tries < 1_000; tries++) expect(tell(true)).toBe(600);
    clock.advance(600);
    expect(tell(false)).toBe(0);
  });

  test("makes nothing good by a right one, but that does not wait either", () => {
    const { clock, tell } = guessing();
    for (let tries = 0; tries < 4; tries++) tell(true);
    clock.advance(1_000);
    for (let tries = 0; tries < 10; tries++) expect(tell(false)).toBe(0);
    expect(tell(true)).toBe(2_000);
  });

  test("has one token looked at at a time once what is free is used up", () => {
    const { clock, guesses, tell } = guessing({ free: 2 });
    for (let tries = 0; tries < 3; tries++) tell(true);
    clock.advance(1_000);
    guesses.begin("203.0.113.7");
    expect([guesses.waitMs("203.0.113.7"), guesses.waitMs("203.0.113.8")]).toEqual([1_000, 0]);
    guesses.end("203.0.113.7", false);
    expect(guesses.waitMs("203.0.113.7")).toBe(0);
  });

  test("is forgotten with time, however long it guessed, and nothing is kept of it", () => {
    const { clock, guesses, tell } = guessing();
    for (let tries = 0; tries < 10_000; tries++) clock.advance(tell(true));
    clock.advance(30_000 + 10 * 10_000);
    expect([tell(true), tell(true), tell(true), tell(true)]).toEqual([0, 0, 0, 1_000]);
    clock.advance(1_000_000);
    for (let tries = 0; tries < 3; tries++) tell(true, "203.0.113.9");
    expect(guesses.size).toBe(1);
  });

  test("is one of a bounded number, though it has more addresses than that", () => {
    const { guesses, tell } = guessing();
    for (let index = 0; index < 100_000; index++)
      tell(true, `2001:db8:${(index >> 8).toString(16)}:${(index & 255).toString(16)}::1`);
    expect(guesses.size).toBe(65_536);
    for (let index = 0; index < 5; index++) tell(true, `2001:db9::${index}`);
    expect(guesses.waitMs("2001:db9::ffff")).toBeGreaterThan(0);
  });

  test.each([
    [true, "10.0.0.1", 1_000],
    [false, "10.0.0.1", 0],
    [false, "::1", 0],
    [false, "203.0.113.7", 1_000],
    [true, "", 0],
  ])("by default counts for public addresses only: %s, %s", (isForLocal, address, expected) => {
    const { tell } = guessing({ isForLocal });
    for (let tries = 0; tries < 3; tries++) tell(true, address);
    expect(tell(true, address)).toBe(expected);
  });
});

describe("a thousand guesses of one address", () => {
  /** A user service that counts, and knows one token. */
  function counting() {
    const tokens: string[] = [];
    const getId = async (token: string): Promise<number | null> => {
      tokens.push(token);
      return token === "ada" ? 1 : null;
    };
    return { tokens, getId };
  }

  async function ask(port: number, token: string, localAddress = "127.0.0.2") {
    const raw = await RawSocket.connect(port, { localAddress });
    raw.write(upgradeRequest("/", { Authorization: `Bearer ${token}` }));
    const head = await raw.readHead();
    raw.destroy();
    return head;
  }

  /** So many, 50 at the same time. */
  async function guess(port: number, count: number): Promise<number[]> {
    const statuses: number[] = [];
    for (let done = 0; done < count; done += 50) {
      const some = Array.from({ length: 50 }, (_, index) => ask(port, `wrong-${done + index}`));
      statuses.push(...(await Promise.all(some)).map(({ status }) => status));
    }
    return statuses;
  }

  test("ask the user service a bounded number of times; the others get 429 with Retry-After", async () => {
    const service = counting();
    const clock = new FakeClock();
    const options: AuthServerOptions<number> = withInternals(
      { guessLimit: { free: 20 }, userServiceLimits: { concurrency: 8 } },
      { clock },
    );
    const { server, port } = await serveAuth<number>(options, service);
    const statuses = await guess(port, 1_000);
    // What is free, the one after, and those that were asked for at the same time.
    expect(service.tokens.length).toBeLessThanOrEqual(20 + 8);
    expect(statuses.filter((status) => status === 401)).toHaveLength(service.tokens.length);
    expect(server.stats().refusals).toEqual({ 401: service.tokens.length, 429: 1_000 - service.tokens.length });

    const refused = await ask(port, "ada");
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers["retry-after"]);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(30);
    // Another address is no worse off, and a right token of the same one when the wait is over.
    expect((await ask(port, "ada", "127.0.0.3")).status).toBe(101);
    clock.advance(seconds * 1_000);
    expect((await ask(port, "ada")).status).toBe(101);
  });

  test("go on one by one however long they last, and a right token comes in between", async () => {
    const service = counting();
    const clock = new FakeClock();
    const { port } = await serveAuth<number>(
      withInternals({ guessLimit: { free: 10 }, userServiceLimits: { concurrency: 4 } }, { clock }),
      service,
    );
    await guess(port, 100);
    const before = service.tokens.length;
    for (let minute = 0; minute < 5; minute++) {
      clock.advance(60_000);
      expect((await ask(port, "ada")).status).toBe(101);
      await guess(port, 50);
    }
    // A minute forgives six, and those looked at together when it is over may be a few more.
    expect(service.tokens.length - before).toBeLessThanOrEqual(5 * (1 + 6 + 4));
  });

  test("in the first message end by 4429", async () => {
    const service = counting();
    const clock = new FakeClock();
    const { server, port } = await serveAuth<number>(
      withInternals({ tokenIn: "message" as const, guessLimit: { free: 3 } }, { clock }),
      service,
    );
    const codes: (number | undefined)[] = [];
    for (let tries = 0; tries < 6; tries++) {
      const raw = await RawSocket.open(port);
      raw.write(frame(Opcode.text, "wrong"));
      codes.push((await raw.readFrame()).code);
      raw.destroy();
    }
    expect([codes, service.tokens.length]).toEqual([[4401, 4401, 4401, 4401, 4429, 4429], 4]);
    expect(server.stats().refusals).toEqual({ 4401: 4, 4429: 2 });
  });

  test("count though who told them has left before the answer", async () => {
    const answers: (() => void)[] = [];
    const clock = new FakeClock();
    const { server, port } = await serveAuth<number>(withInternals({ guessLimit: { free: 2 } }, { clock }), {
      getId: () => new Promise<null>((resolve) => answers.push(() => resolve(null))),
    });
    for (let tries = 1; tries <= 3; tries++) {
      const raw = await RawSocket.connect(port, { localAddress: "127.0.0.2" });
      raw.write(upgradeRequest("/", { Authorization: "Bearer wrong" }));
      await until("it is asked for", () => answers.length === tries);
      raw.reset();
      await until("it has left", () => server.stats().pendingHandshakes === 0);
    }
    for (const answer of answers) answer();
    await turns();
    expect((await ask(port, "wrong")).status).toBe(429);
  });

  test.each([{ guessLimit: false }, {}])("are all looked at with %j from an address of this machine", async (options) => {
    const service = counting();
    const { port } = await serveAuth<number>(options, service);
    await guess(port, 200);
    expect(service.tokens).toHaveLength(200);
  });
});
