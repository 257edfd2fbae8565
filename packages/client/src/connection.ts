import { type Complete, heartbeatText, PING, PONG, toError, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import {
  broken,
  type ClientState,
  type ConnectionEvent,
  type ConnectionPolicy,
  type Ending,
  INITIAL_STATE,
  type Notice,
  next,
} from "./connection-state.ts";
import { type Heartbeat, type HeartbeatOptions, startHeartbeat } from "./heartbeat.ts";
import { notSent, type Outbox, type Settle } from "./outbox.ts";
import type { PlatformSignal, PlatformSocket } from "./platform.ts";
import type { Target } from "./target.ts";
import type { OpenTransport } from "./transport.ts";

/** What a connection needs of the world. */
export interface ConnectionParts extends ConnectionPolicy {
  readonly clock: Clock;
  readonly openTransport: OpenTransport;
  /** Gets the token and says where to connect; `fresh` asks past any cache. */
  readonly makeTarget: (fresh: boolean) => Promise<Target>;
  readonly watch: (listener: (signal: PlatformSignal) => void) => () => void;
  readonly heartbeat: Complete<HeartbeatOptions> | undefined;
  readonly outbox: Outbox | undefined;
  readonly maxBufferedBytes: number;
  /** Told of every message but those of the heartbeat. */
  readonly message: (message: string | Uint8Array) => void;
  readonly notice: (notice: Notice) => void;
  /** Told of what should never have been thrown. */
  readonly failed: (error: WebsocketsSimpleError) => void;
}

/** The running connection of a client. */
export interface Connection {
  readonly state: ClientState;
  readonly subprotocol: string;
  readonly latencyMs: number | undefined;
  /**
   * Puts a happening before the state machine, which decides at once. Of happenings within a listener the application is
   * told when its turn comes, in order.
   *
   * @param told called after that
   */
  dispatch(event: ConnectionEvent, told?: () => void): void;
  /** Sends now, or later, or says why not. */
  send(message: string | Uint8Array, settle: Settle): void;
}

const CLOSING = 2;

/** How many answers to pings may wait for a server that does not read. */
const MAX_UNREAD_CONTROLS = 8;

/** Carries out what the state machine decides. It owns one transport at a time, and the one timer that a state may have. */
export function createConnection(parts: ConnectionParts): Connection {
  const { clock, openTransport, makeTarget, watch, heartbeat: beat, outbox, maxBufferedBytes, message, notice, failed } = parts;
  /** What runs the application's code: one after the other, each to its end. */
  const turns = new Set<() => void>();
  let busy = false;
  let state = INITIAL_STATE;
  let transport: PlatformSocket | undefined;
  let subprotocol = "";
  let heartbeat: Heartbeat | undefined;
  let stopTimer: (() => void) | undefined;
  let unwatch: (() => void) | undefined;
  /** Control messages that the network has not taken yet. */
  let unread = 0;

  function dispatch(event: ConnectionEvent, told?: () => void): void {
    const isOutermost = !busy;
    busy = true;
    attempt(() => take(event));
    if (told) turns.add(told);
    if (!isOutermost) return;
    try {
      for (const turn of turns) {
        turns.delete(turn);
        attempt(turn);
      }
    } finally {
      // A subclass may throw even where it is told of a failure.
      busy = false;
    }
  }

  function attempt(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      // A socket class that breaks its word must not stop the machine.
      failed(toError("LISTENER_FAILED", "option webSocket", thrown));
    }
  }

  function take(event: ConnectionEvent): void {
    const before = state;
    state = next(parts, before, event, clock.random());
    if (state === before) return;
    const { name, generation, timeoutMs, notices } = state;
    // Only what was open is closed in an orderly way, whether or not anybody waits for the answer.
    const { ending } = event;
    if (ending && event.type !== "failed") quietly(() => transport?.socket.close(ending.code, ending.reason));
    if (generation !== before.generation) {
      heartbeat?.stop();
      quietly(() => transport?.drop());
      heartbeat = transport = undefined;
      subprotocol = "";
      unread = 0;
    }
    stopTimer?.();
    stopTimer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => dispatch({ type: "timer", generation }));
    if (name === "disconnected" || name === "disposed") {
      unwatch?.();
      unwatch = undefined;
    } else unwatch ??= watch(signal);
    const isFresh = state.fresh && !before.fresh;
    for (const told of notices) {
      turns.add(() => notice(told));
      if (told.type === "connecting") turns.add(() => void open(isFresh, generation));
      // What waited goes first: it was sent before anything that a listener of `connected` sends.
      if (told.type === "connected") outbox?.flush(send, isOpen);
      if (told.type === "disconnected") outbox?.reject("the client is disconnected");
    }
  }

  function signal(type: PlatformSignal): void {
    // That the network is gone is only said: look for oneself.
    heartbeat?.probe();
    if (type !== "offline") dispatch({ type });
  }

  async function open(fresh: boolean, generation: number): Promise<void> {
    // A listener that was told before may have ended it, and a token may come too late.
    const isPast = (): boolean => generation !== state.generation;
    const closed = (ending: Ending, retryInMs?: number): void => dispatch({ type: "failed", generation, ending, retryInMs });
    const lose = (error: WebsocketsSimpleError): void => closed(broken(error));
    if (isPast()) return;
    try {
      const target = await makeTarget(fresh);
      if (isPast()) return;
      const opened = openTransport(target, {
        opened(picked) {
          if (isPast()) return;
          subprotocol = picked;
          if (target.message !== undefined) sendControl(target.message);
          if (beat) {
            const why = `${target.label}: no sign of life within ${beat.timeoutMs} ms (option heartbeat.timeoutMs)`;
            const dead = (): void => lose(new WebsocketsSimpleError("CONNECTION_LOST", why));
            heartbeat = startHeartbeat(clock, beat, opened.progress, opened.ping ?? (() => sendControl(PING)), dead);
          }
          dispatch({ type: "opened", generation });
        },
        message(data) {
          if (isPast()) return;
          const word = heartbeatText(data);
          // A text pong is measured before it counts as any sign of life.
          if (word === PONG) heartbeat?.answered();
          else if (word) sendControl(PONG);
          else message(data);
          heartbeat?.heard();
        },
        pong() {
          if (!isPast()) heartbeat?.answered();
        },
        closed,
      });
      transport = opened;
    } catch (thrown) {
      lose(toError("REFUSED", "cannot open a WebSocket", thrown));
    }
  }

  function send(message: string | Uint8Array, settle: Settle): void {
    const { name } = state;
    const isConnected = name === "connected";
    // A connection that the server is closing takes nothing any more: the next one will, if there is one.
    const isAway = isConnected || name === "connecting" || name === "reconnecting" || name === "suspended";
    if (isConnected && transport && isOpen()) {
      const { bufferedAmount } = transport.socket;
      if (bufferedAmount >= maxBufferedBytes) {
        settle(notSent(`${bufferedAmount} bytes wait in the socket (option maxBufferedBytes: ${maxBufferedBytes})`));
      } else {
        hand(message, (error) => {
          // What calls the application waits for its turn, where there is one.
          if (busy) turns.add(() => settle(error));
          else settle(error);
        });
      }
    } else if (outbox && isAway) outbox.add(message, settle);
    else
      settle(
        notSent(
          `the client is ${isConnected ? "closing" : name}${isAway ? " (option outbox: false)" : name === "disconnected" ? "; call connect() first" : ""}`,
        ),
      );
  }

  /** Sends what belongs to the wire, not to the application. */
  function sendControl(text: string): void {
    const current = transport;
    // Who asks without reading the answers gets no more of them.
    if (!current || unread >= MAX_UNREAD_CONTROLS) return;
    unread++;
    hand(text, () => {
      if (current === transport) unread--;
    });
  }

  /** Hands a message to the socket. */
  function hand(message: string | Uint8Array, done: Settle): void {
    try {
      transport?.send(message, done);
    } catch (thrown) {
      done(toError("NOT_SENT", "not sent", thrown));
    }
  }

  /** Whether messages can be sent: neither side has begun to close. */
  function isOpen(): boolean {
    return !!transport && transport.socket.readyState < CLOSING;
  }

  return {
    get state() {
      return state.name;
    },
    get subprotocol() {
      return subprotocol;
    },
    get latencyMs() {
      return heartbeat?.latencyMs;
    },
    dispatch,
    send,
  };
}

/** A socket class that throws where it should not has no more to say: whoever waits for its end has a time limit. */
function quietly(run: () => void): void {
  try {
    run();
  } catch {}
}
