import type { Clock } from "../clock.ts";
import type { Refusal } from "../http-answer.ts";
import type { Asker } from "./asker.ts";
import { type RequestVerdict, type Ruling, toRuling } from "./request-verdict.ts";
import type { UpgradeRequest } from "./upgrade-request.ts";
import { waitFor } from "./wait-for.ts";

/** What goes with a request that the application is to verify. */
export interface VerifyOptions {
  /** Aborted when the answer is not waited for any more: the client has left, it came too late, or the server stops. */
  readonly signal: AbortSignal;
}

/** The application's hook. */
export type VerifyHook = (request: UpgradeRequest, options: VerifyOptions) => RequestVerdict | Promise<RequestVerdict>;

/** Asks the application about a request; never rejects. Without a promise where the application has answered at once. */
export type VerifyRequest = (request: UpgradeRequest, asker: Asker) => Ruling | Promise<Ruling>;

const FAILED: Ruling = Object.freeze({ refusal: { status: 500, reason: "The server could not judge the request." } });
const LATE: Ruling = Object.freeze({
  refusal: {
    status: 503,
    reason: "The server could not judge the request in time. Try again later.",
    headers: { "Retry-After": "1" },
  } satisfies Refusal,
});

/** What the application is given. The signal is made when it is asked for: who answers at once needs none. */
class Call implements VerifyOptions {
  readonly #asker: Asker;
  #abort: AbortController | undefined;
  #isOver = false;

  constructor(asker: Asker) {
    this.#asker = asker;
  }

  get signal(): AbortSignal {
    if (this.#abort) return this.#abort.signal;
    this.#abort = new AbortController();
    const { gone } = this.#asker;
    if (this.#isOver || gone.aborted) this.#abort.abort();
    else gone.addEventListener("abort", () => this.#giveUp());
    return this.#abort.signal;
  }

  /** Whether the application was told that nobody waits any more: then it may well fail. */
  get wasGivenUp(): boolean {
    return this.#abort?.signal.aborted === true;
  }

  /** It is settled, or waited for no longer. */
  end(isGivenUp: boolean): void {
    if (isGivenUp) this.#giveUp();
    this.#isOver = true;
  }

  #giveUp(): void {
    if (!this.#isOver) this.#abort?.abort();
  }
}

/**
 * Stands before the application's `verifyRequest`: bounded in time, failing closed. How many run at the same time is bounded by
 * who calls.
 *
 * @param failed told of each failure
 * @returns undefined when there is none
 */
export function verifyRequest(
  hook: VerifyHook | undefined,
  timeoutMs: number,
  clock: Clock,
  failed: (thrown: unknown) => void,
): VerifyRequest | undefined {
  if (!hook) return undefined;

  async function wait(verdict: Promise<RequestVerdict>, call: Call, asker: Asker): Promise<Ruling> {
    try {
      const outcome = await waitFor(verdict, timeoutMs, clock, asker.stop);
      call.end(typeof outcome === "string");
      if (typeof outcome === "object") return toRuling(outcome.value);
      if (outcome === "late") failed(new Error(`no answer within limits.headersTimeoutMs ${timeoutMs}`));
      return LATE;
    } catch (thrown) {
      // Who gives up because the client has left has not failed.
      if (!call.wasGivenUp) failed(thrown);
      return FAILED;
    }
  }

  return (request, asker) => {
    const call = new Call(asker);
    try {
      const verdict: unknown = hook(request, call);
      if (isThenable(verdict)) return wait(Promise.resolve(verdict), call, asker);
      call.end(false);
      return toRuling(verdict);
    } catch (thrown) {
      failed(thrown);
      return FAILED;
    }
  };
}

function isThenable(verdict: unknown): verdict is PromiseLike<RequestVerdict> {
  return typeof verdict === "object" && verdict !== null && typeof (verdict as { then?: unknown }).then === "function";
}
