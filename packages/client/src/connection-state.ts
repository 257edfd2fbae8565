import { CloseCode, WebsocketsSimpleError } from "@websockets-simple/shared";
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
  readonly fresh: boolean;
  /** How long the state may last before the event `timer`; without it, for ever. Re-entering a name starts it anew. */
  readonly timeoutMs?: number | undefined;
  /** What the application is told when it comes to this. All else follows from the state: each `connecting` opens a socket. */
  readonly notices: readonly Notice[];
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
  /** Whom it happened to, where that is an attempt or a connection. */
  readonly generation?: number;
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
export const INITIAL_STATE: ConnectionState = { name: "disconnected", generation: 0, ...NO_HISTORY, notices: [] };

/**
 * Decides what a happening leads to: another state, or the same one when it changes nothing. Pure: the same arguments give
 * the same state.
 *
 * @param random from 0 up to, not including, 1; for the delay where one starts
 */
export function next(policy: ConnectionPolicy, state: ConnectionState, event: ConnectionEvent, random: number): ConnectionState {
  const { name, generation, attempts, fresh } = state;
  const { type, ending = CLOSED, retryInMs: wishMs = 0 } = event;
  const { connectTimeoutMs, maxAttempts } = policy;

  const isTrying = name === "connecting" || name === "connected";
  const enter = (name: ClientState, more: Partial<ConnectionState>, ...notices: Notice[]): ConnectionState => ({
    ...state,
    timeoutMs: undefined,
    ...more,
    name,
    notices,
  });
  const supersede = (name: ClientState, more: Partial<ConnectionState>, ...notices: Notice[]): ConnectionState =>
    enter(name, { ...more, generation: generation + 1 }, ...notices);
  const attempt = (history?: Partial<ConnectionState>, ...notices: Notice[]): ConnectionState =>
    supersede("connecting", { attempts: attempts + 1, timeoutMs: connectTimeoutMs, ...history }, ...notices, {
      type: "connecting",
    });
  const ended = (how = ending): Notice => ({ ...how, type: "disconnected" });
  const end = (how?: Ending): ConnectionState => supersede("disconnected", NO_HISTORY, ended(how));
  const fail = (how: Ending): ConnectionState => {
    const { code, error } = how;
    const notice = (retryInMs: number): Notice => ({ ...how, type: "reconnecting", retryInMs });
    // Only the server refuses a token: what the token function throws has neither code nor status.
    const isRefused = error?.code === "UNAUTHORIZED" && (error.closeCode ?? error.status);
    if (isRefused && policy.canRefresh && maxAttempts && !fresh) {
      return attempt({ fresh: true }, notice(0));
    }
    if ((error ? !error.retryable : code === CloseCode.normal) || attempts >= maxAttempts) return end(how);
    // A lasting connection left no attempts behind; one that broke at once counts, so that the delay grows.
    const jitterMs = backoffMs(Math.max(0, attempts - 1), random, policy.baseDelayMs, policy.maxDelayMs);
    const timeoutMs = Math.max(jitterMs, wishMs);
    return supersede("reconnecting", { timeoutMs }, notice(timeoutMs));
  };

  if (name === "disposed" || (event.generation ?? generation) !== generation) return state;
  switch (type) {
    case "connect":
      if (name === "disconnecting") return attempt({ attempts: 1, fresh: false }, ended());
      return name === "disconnected" ? attempt() : state;
    case "disconnect":
      if (name === "connected") return enter("disconnecting", { timeoutMs: policy.closeTimeoutMs });
      return name === "disconnected" || name === "disconnecting" ? state : end();
    case "dispose":
      return supersede("disposed", {}, ...(name === "disconnected" ? [] : [ended()]));
    case "woken":
      return name === "reconnecting" ? attempt() : state;
    case "suspended":
      if (!isTrying && name !== "reconnecting") return state;
      return supersede("suspended", {}, { ...CLOSED, type: "reconnecting", reason: "page put aside", retryInMs: 0 });
    case "restored":
      return name === "suspended" ? attempt({ attempts: 1 }) : state;
    case "opened":
      return name === "connecting"
        ? enter("connected", { timeoutMs: policy.settleMs }, { type: "connected", resumed: false })
        : state;
    case "failed":
      if (name === "disconnecting") return end({ ...ending, error: undefined });
      return isTrying ? fail(ending) : state;
    case "timer":
      if (name === "reconnecting") return attempt();
      if (name === "disconnecting") return end({ code: CloseCode.abnormal, reason: "no answer to the close frame" });
      if (name === "connected") return enter(name, NO_HISTORY);
      return name === "connecting" ? fail(broken(tooSlow(connectTimeoutMs))) : state;
  }
}

/** An end without a close frame. */
export function broken(error: WebsocketsSimpleError): Ending {
  return { code: CloseCode.abnormal, reason: "", error };
}

function tooSlow(connectTimeoutMs: number): WebsocketsSimpleError {
  return new WebsocketsSimpleError("CONNECT_FAILED", `no connection within ${connectTimeoutMs} ms (option connectTimeoutMs)`);
}
