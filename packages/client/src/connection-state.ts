import { type CloseVerdict, WebsocketsSimpleError } from "@websockets-simple/shared";
import { backoffMs } from "./backoff.ts";
import type { ClientConnectionEvent } from "./events.ts";

/**
 * The life of a client's connection as one pure function; `docs/connection-states.md` draws it.
 *
 * Every attempt has a generation. What happens to an attempt bears its generation, and is ignored when that is not the
 * current one: a superseded socket cannot touch its successor. Whoever runs the machine drops socket, token request and
 * timer of a generation that has passed.
 */
export interface ConnectionState {
  readonly name: ClientState;
  readonly generation: number;
  /** Attempts since a connection last proved lasting, the current one included. */
  readonly attempts: number;
  /** Whether a fresh token was asked for after a refusal, with no lasting connection since. */
  readonly refreshed: boolean;
  /** How long the state may last before the event `timer`; without it, for ever. Re-entering a name starts it anew. */
  readonly timerMs?: number | undefined;
}

/**
 * Where a client stands.
 *
 * - `disconnected`: not connected, and not about to be
 * - `connecting`: getting the token, then opening the socket
 * - `connected`
 * - `reconnecting`: waiting for the next attempt
 * - `suspended`: the page is put aside (bfcache); it goes on when the page is taken up again
 * - `disconnecting`: waiting for the answer to our close frame
 * - `disposed`: over for good
 */
export type ClientState =
  | "disconnected"
  | "connecting"
  | "connected"
  | "reconnecting"
  | "suspended"
  | "disconnecting"
  | "disposed";

/** What can happen. `random` (0 ≤ n < 1) comes with whatever may start a delay, so that the machine stays pure. */
export type ConnectionEvent =
  | { readonly type: "connect" }
  | { readonly type: "disconnect"; readonly code: number; readonly reason: string }
  | { readonly type: "dispose" }
  /** The network is back, or the page is looked at again: worth trying now. */
  | { readonly type: "woken" }
  /** The page is put aside (bfcache), and taken up again. */
  | { readonly type: "suspended" | "restored" }
  | { readonly type: "opened"; readonly generation: number }
  | { readonly type: "timer"; readonly generation: number; readonly random: number }
  | ({ readonly type: "failed"; readonly generation: number; readonly random: number } & Failure);

/** How an attempt or a connection ended. */
export interface Failure {
  readonly code: number;
  readonly reason: string;
  readonly verdict: CloseVerdict;
  /** What went wrong; absent when the server closed in an orderly way. */
  readonly error?: WebsocketsSimpleError | undefined;
  /** The server's wish (Retry-After), in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/** What shall be done. */
export type ConnectionEffect =
  /** Get the token (past any cache when `fresh`), then open a socket. */
  | { readonly type: "open"; readonly fresh: boolean }
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  /** Tell the application. */
  | Notice;

/** What the application is told. */
export type Notice = ClientConnectionEvent;

/** The settings that the machine decides by. */
export interface ConnectionPolicy {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Attempts in a row without a lasting connection; 0 never comes back. */
  readonly maxAttempts: number;
  /** How long a connection must last before it counts as a success. */
  readonly settleMs: number;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  /** Whether a fresh token can be had after a refusal. */
  readonly canRefresh: boolean;
}

export interface Step {
  readonly state: ConnectionState;
  readonly effects: readonly ConnectionEffect[];
}

const NO_HISTORY = { attempts: 0, refreshed: false };
const CLOSED = { code: 1000, reason: "" };
export const INITIAL_STATE: ConnectionState = { name: "disconnected", generation: 0, ...NO_HISTORY };

/** Decides what a happening leads to. Pure: the same arguments give the same step. */
export function next(policy: ConnectionPolicy, state: ConnectionState, event: ConnectionEvent): Step {
  const { name, generation, attempts, refreshed } = state;
  const { connectTimeoutMs, closeTimeoutMs, settleMs, maxAttempts } = policy;
  const stay: Step = { state, effects: [] };

  const enter = (name: ClientState, timerMs: number | undefined, ...effects: ConnectionEffect[]): Step => ({
    state: { ...state, name, timerMs },
    effects,
  });
  const supersede = (name: ClientState, more: Partial<ConnectionState>, ...effects: ConnectionEffect[]): Step => ({
    state: { ...state, timerMs: undefined, ...more, name, generation: generation + 1 },
    effects,
  });
  const attempt = (history: Partial<ConnectionState> = {}, fresh = false, ...told: Notice[]): Step =>
    supersede(
      "connecting",
      { attempts: attempts + 1, timerMs: connectTimeoutMs, ...history },
      ...told,
      { type: "connecting" },
      { type: "open", fresh },
    );
  const end = (how: Pick<Failure, "code" | "reason" | "error">): Step =>
    supersede("disconnected", NO_HISTORY, { ...how, type: "disconnected" });
  const fail = (failure: Failure, random: number): Step => {
    const { code, reason, verdict, error, retryAfterMs = 0 } = failure;
    const notice = (retryInMs: number): Notice => ({ type: "reconnecting", code, reason, error, retryInMs });
    if (verdict === "unauthorized" && policy.canRefresh && maxAttempts && !refreshed) {
      return attempt({ refreshed: true }, true, notice(0));
    }
    if (verdict !== "retry" || attempts >= maxAttempts) return end({ code, reason, error });
    // A lasting connection left no attempts behind; one that broke at once counts, so that the delay grows.
    const jitterMs = backoffMs(Math.max(0, attempts - 1), random, policy.baseDelayMs, policy.maxDelayMs);
    const timerMs = Math.max(jitterMs, retryAfterMs);
    return supersede("reconnecting", { timerMs }, notice(timerMs));
  };

  if (name === "disposed" || ("generation" in event && event.generation !== generation)) return stay;
  switch (event.type) {
    case "connect":
      if (name === "disconnecting") return attempt({ attempts: 1, refreshed: false }, false, { type: "disconnected", ...CLOSED });
      return name === "disconnected" ? attempt() : stay;
    case "disconnect": {
      const { code, reason } = event;
      if (name === "connected") return enter("disconnecting", closeTimeoutMs, { type: "close", code, reason });
      return name === "disconnected" || name === "disconnecting" ? stay : end({ code, reason });
    }
    case "dispose":
      return supersede("disposed", {}, ...(name === "disconnected" ? [] : [{ type: "disconnected", ...CLOSED } as const]));
    case "woken":
      return name === "reconnecting" ? attempt() : stay;
    case "suspended":
      if (name !== "connecting" && name !== "connected" && name !== "reconnecting") return stay;
      return supersede("suspended", {}, { type: "reconnecting", code: 1000, reason: "page put aside", retryInMs: 0 });
    case "restored":
      return name === "suspended" ? attempt({ attempts: 1 }) : stay;
    case "opened":
      return name === "connecting" ? enter("connected", settleMs, { type: "connected", resumed: false }) : stay;
    case "failed":
      if (name === "disconnecting") return end({ code: event.code, reason: event.reason });
      return name === "connecting" || name === "connected" ? fail(event, event.random) : stay;
    case "timer":
      if (name === "reconnecting") return attempt();
      if (name === "disconnecting") return end({ code: 1006, reason: "no answer to the close frame" });
      if (name === "connected") return { state: { ...state, ...NO_HISTORY, timerMs: undefined }, effects: [] };
      return name === "connecting" ? fail(broken(tooSlow(connectTimeoutMs)), event.random) : stay;
  }
}

/** An end without a close frame. */
export function broken(error: WebsocketsSimpleError): Failure {
  return { code: 1006, reason: "", verdict: error.retryable ? "retry" : "final", error };
}

function tooSlow(connectTimeoutMs: number): WebsocketsSimpleError {
  return new WebsocketsSimpleError("CONNECT_FAILED", `no connection within ${connectTimeoutMs} ms (option connectTimeoutMs)`);
}
