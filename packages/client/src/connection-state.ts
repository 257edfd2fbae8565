import { CloseCode, WebsocketsSimpleError } from "@websockets-simple/shared";
import { backoffMs } from "./backoff.ts";
import type { ClientConnectionEvent } from "./events.ts";

/**
 * The life of a client's connection as one pure function; `docs/connection-states.md` draws it.
 *
 * It knows one attempt or connection at a time: whoever runs the machine lets go of the socket, token request and timer of
 * every state that it leaves for another attempt, so that a superseded socket cannot touch its successor.
 */
export interface ConnectionState {
  readonly name: ClientState;
  /** Attempts since a connection last proved lasting, the current one included. */
  readonly attempts: number;
  /** Whether a fresh token was asked for after a refusal, with no lasting connection since. */
  readonly fresh: boolean;
  /** How long the state may last before the event `timer`; without it, for ever. Re-entering a name starts it anew. */
  readonly timeoutMs?: number | undefined;
  /** What the notice of this state tells beside its type: how what was before ended. */
  readonly told?: Omit<Notice, "type"> | undefined;
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

/** What can happen. */
export interface ConnectionEvent {
  readonly type:
    | "connect"
    | "disconnect"
    | "dispose"
    /** The network is back, or the page is looked at again: worth trying now. */
    | "woken"
    /** The page is put aside (bfcache), and taken up again. */
    | "suspended"
    | "restored"
    /** The socket opened. */
    | "opened"
    /** The attempt or the connection failed, or closed. */
    | "failed"
    /** The time of the state is over. */
    | "timer";
  /** How it ends (`disconnect`, `failed`). Default: in an orderly way. */
  readonly ending?: Ending;
  /** The server's wish (Retry-After), in milliseconds. */
  readonly retryInMs?: number | undefined;
}

/** How an attempt or a connection ends. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  /** What went wrong; absent when the end is orderly. A client comes back after retryable ones only. */
  readonly error?: WebsocketsSimpleError | undefined;
}

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

const NO_HISTORY = { attempts: 0, fresh: false };
const CLOSED: Ending = { code: CloseCode.normal, reason: "" };
export const INITIAL_STATE: ConnectionState = { name: "disconnected", ...NO_HISTORY };

/** What matters in one state only. */
const WHILE: Partial<Record<ConnectionEvent["type"], ClientState>> = {
  connect: "disconnected",
  opened: "connecting",
  woken: "reconnecting",
  restored: "suspended",
};

/**
 * Decides what a happening leads to: another state, or the same one when it changes nothing. Pure: the same arguments give
 * the same state.
 *
 * @param random from 0 up to, not including, 1; for the delay where one starts
 */
export function next(policy: ConnectionPolicy, state: ConnectionState, event: ConnectionEvent, random: number): ConnectionState {
  const { name, attempts, fresh } = state;
  const { type, ending = CLOSED, retryInMs = 0 } = event;

  const enter = (name: ClientState, timeoutMs?: number, more?: Partial<ConnectionState>): ConnectionState => ({
    attempts,
    fresh,
    ...more,
    name,
    timeoutMs,
  });
  const end = (told = ending): ConnectionState => enter("disconnected", undefined, { ...NO_HISTORY, told });
  const fail = (how = ending): ConnectionState => {
    const { code, error } = how;
    const { canRefresh, maxAttempts, baseDelayMs, maxDelayMs } = policy;
    // Only the server refuses a token: what the token function throws has neither code nor status.
    const isRefused = error?.code === "UNAUTHORIZED" && (error.closeCode ?? error.status);
    const asksAnew = !!(isRefused && canRefresh && maxAttempts && !fresh);
    const isFinal = error ? !error.retryable : code === CloseCode.normal;
    if (!asksAnew && (isFinal || attempts >= maxAttempts)) return end(how);
    // A lasting connection left no attempts behind; one that broke at once counts, so that the delay grows.
    const jitterMs = backoffMs(Math.max(0, attempts - 1), random, baseDelayMs, maxDelayMs);
    const delayMs = asksAnew ? 0 : Math.max(jitterMs, retryInMs);
    return enter("reconnecting", delayMs, { fresh: fresh || asksAnew, told: { ...how, retryInMs: delayMs } });
  };

  if (name === "disposed" || (WHILE[type] ?? name) !== name) return state;
  if (type === "dispose") return enter("disposed", undefined, { told: ending });
  if (type === "opened") return enter("connected", policy.settleMs, { told: { resumed: false } });
  if (type === "failed" && name === "disconnecting") return end({ ...ending, error: undefined });
  const isIdle = isEnding(name);
  if (type === "disconnect") {
    if (name === "connected") return enter("disconnecting", policy.closeTimeoutMs);
    return isIdle ? state : end();
  }
  if (type === "suspended") {
    const told = { ...CLOSED, reason: "page put aside", retryInMs: 0 };
    return isIdle || name === type ? state : enter(type, undefined, { attempts: 0, told });
  }
  if (type === "failed") return name === "connecting" || name === "connected" ? fail() : state;
  // What is left begins an attempt, or is the event `timer`.
  if (type === "timer") {
    if (name === "connected") return enter(name, undefined, NO_HISTORY);
    if (name === "disconnecting") return end({ code: CloseCode.abnormal, reason: "no answer to the close frame" });
    if (name === "connecting") return fail(broken(tooSlow(policy.connectTimeoutMs)));
    if (name !== "reconnecting") return state;
  }
  return enter("connecting", policy.connectTimeoutMs, { attempts: attempts + 1 });
}

/** Whether it is over, or about to be: nothing is to be sent any more. */
export function isEnding(name: ClientState): boolean {
  return name.startsWith("dis");
}

/** What the application is told when `state` follows `before`, if anything. */
export function noticeOf({ name, told }: ConnectionState, before: ConnectionState): Notice | undefined {
  const type = name === "disposed" ? "disconnected" : name === "suspended" ? "reconnecting" : name;
  const isKnown = name === before.name || (type === "disconnected" && type === before.name);
  return isKnown || type === "disconnecting" ? undefined : { ...told, type };
}

/** An end without a close frame. */
export function broken(error: WebsocketsSimpleError): Ending {
  return { code: CloseCode.abnormal, reason: "", error };
}

function tooSlow(connectTimeoutMs: number): WebsocketsSimpleError {
  return new WebsocketsSimpleError("CONNECT_FAILED", `no connection within ${connectTimeoutMs} ms (option connectTimeoutMs)`);
}
