import { describeThrown, hideToken, spellToken, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import type { Asker, StopSignal } from "./asker.ts";

/** Tells users by their tokens. Write one for your application. */
export interface UserService<T> {
  /**
   * Says whose token this is. It MAY be asynchronous. To refuse, it MUST return null or undefined (false and NaN refuse
   * as well); every other value is an id, 0 and "" included. To throw, reject or take longer than
   * `userServiceLimits.timeoutMs` is a failure: nobody is let in, and `error` tells of it.
   *
   * @param token never empty: an empty token is none
   * @param options.signal aborted when the call is given up: it failed, or the server stops
   */
  getId(token: string, options: { readonly signal: AbortSignal }): T | null | undefined | Promise<T | null | undefined>;
}

/** How the user service may be used. */
export interface UserServiceLimits {
  /** How long one answer may take, waiting included, in milliseconds, 1 to 2,147,483,647. Default: 3,000. */
  timeoutMs?: number;
  /** Calls at once, 1 to 100,000; others wait. Default: 64. */
  concurrency?: number;
}

/** Why nobody is let in for now. */
export interface TooMany {
  /** A sentence for the client. */
  readonly tooMany: string;
  /** When it may try again. */
  readonly waitMs: number;
}

/** Who watches over those who guess. */
export interface GuessWatch {
  /** How long a token of this address has to wait, in milliseconds; 0: not at all. */
  waitMs(address: string): number;
  /** A token of this address is looked at, which does not have to wait. */
  begin(address: string): void;
  /** It has been looked at. */
  end(address: string, isWrong: boolean): void;
}

/** Whose token it is, or why nobody's: refused, the service failed, or the client has gone. */
export type Verdict<T> = { readonly userId: T } | TooMany | "refused" | "failed" | "gone";

interface Call<T> {
  readonly token: string;
  readonly address: string;
  readonly abort: AbortController;
  readonly resolve: (verdict: Verdict<T>) => void;
  readonly stop: StopSignal;
  /** Ends what watches over it. */
  unwatch: () => void;
  state: "waiting" | "running" | "over";
}

/** Stands before a user service: bounded in time and in calls at once, failing closed. */
export class UserServiceGate<T> {
  readonly #service: UserService<T>;
  readonly #limits: Required<UserServiceLimits>;
  readonly #clock: Clock;
  readonly #failed: (error: WebsocketsSimpleError) => void;
  readonly #guesses: GuessWatch | undefined;
  readonly #waiting = new Set<Call<T>>();
  #running = 0;

  /**
   * @param failed told of each failure of the service
   * @param guesses undefined: anybody may guess
   */
  constructor(
    service: UserService<T>,
    limits: Required<UserServiceLimits>,
    clock: Clock,
    failed: (error: WebsocketsSimpleError) => void,
    guesses?: GuessWatch,
  ) {
    this.#service = service;
    this.#limits = limits;
    this.#clock = clock;
    this.#failed = failed;
    this.#guesses = guesses;
  }

  /** Asks for a token's user. Never rejects. How many wait is bounded by who calls. */
  identify(token: string, { gone, stop, address }: Asker): Promise<Verdict<T>> {
    if (gone.aborted || stop.isStopped) return Promise.resolve("gone");
    const waitMs = this.#guesses?.waitMs(address);
    if (waitMs) return Promise.resolve(tooManyGuesses(waitMs));
    return new Promise((resolve) => {
      const call: Call<T> = { token, address, abort: new AbortController(), resolve, stop, unwatch: () => {}, state: "waiting" };
      const { timeoutMs } = this.#limits;
      const cancelTimer = this.#clock.after(timeoutMs, () =>
        this.#fail(call, `no answer within userServiceLimits.timeoutMs ${timeoutMs}`),
      );
      const leaveStop = stop.onStop(() => {
        this.#end(call, "gone");
        call.abort.abort();
      });
      call.unwatch = () => {
        cancelTimer();
        leaveStop();
      };
      gone.addEventListener("abort", () => {
        // A call that runs keeps its place until it ends: peers who come and go must not multiply the calls at once.
        if (call.state === "running") resolve("gone");
        else this.#end(call, "gone");
      });
      this.#waiting.add(call);
      this.#startNext();
    });
  }

  #startNext(): void {
    for (const call of this.#waiting) {
      if (this.#running >= this.#limits.concurrency || call.stop.isStopped) return;
      // Others of its address may have been found wrong while it waited.
      const waitMs = this.#guesses?.waitMs(call.address);
      if (!waitMs) return void this.#start(call);
      this.#end(call, tooManyGuesses(waitMs));
    }
  }

  #start(call: Call<T>): void {
    this.#waiting.delete(call);
    this.#guesses?.begin(call.address);
    this.#running++;
    call.state = "running";
    this.#ask(call).then(
      (userId) => this.#end(call, isRefusal(userId) ? "refused" : { userId }),
      (thrown) => this.#fail(call, describe(thrown, call.token), thrown),
    );
  }

  async #ask(call: Call<T>): Promise<T | null | undefined> {
    return this.#service.getId(call.token, { signal: call.abort.signal });
  }

  #fail(call: Call<T>, what: string, thrown?: unknown): void {
    if (call.state === "over") return;
    this.#failed(new WebsocketsSimpleError("USER_SERVICE_FAILED", `user service: ${what}`, { cause: thrown }));
    this.#end(call, "failed");
  }

  #end(call: Call<T>, verdict: Verdict<T>): void {
    if (call.state === "over") return;
    const wasRunning = call.state === "running";
    call.state = "over";
    call.unwatch();
    this.#waiting.delete(call);
    call.resolve(verdict);
    if (verdict === "failed") call.abort.abort();
    if (!wasRunning) return;
    this.#guesses?.end(call.address, verdict === "refused");
    this.#running--;
    this.#startNext();
  }
}

function tooManyGuesses(waitMs: number): TooMany {
  return { tooMany: "Too many wrong tokens from this address: see option guessLimit.", waitMs };
}

function isRefusal<T>(userId: T | null | undefined): userId is null | undefined {
  return userId === null || userId === undefined || (userId as unknown) === false || Number.isNaN(userId);
}

/** What a service throws often quotes the token, which must not reach a log. */
function describe(thrown: unknown, token: string): string {
  return hideToken(describeThrown(thrown), spellToken(token));
}
