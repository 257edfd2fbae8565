import { type Complete, heartbeatText, PING, PONG, toError, WebsocketsSimpleError } from "@websockets-simple/shared";
import {
  broken,
  type ClientState,
  type ConnectionEvent,
  type ConnectionPolicy,
  type ConnectionState,
  type Ending,
  INITIAL_STATE,
  isEnding,
  type Notice,
  next,
  noticeOf,
} from "./connection-state.ts";
import { type Heartbeat, type HeartbeatOptions, startHeartbeat } from "./heartbeat.ts";
import { giveUp, notSent, type Outbox, type Settle } from "./outbox.ts";
import type { PlatformSignal, PlatformSocket } from "./platform.ts";
import type { Target } from "./target.ts";
import { hand, type OpenTransport, quietly } from "./transport.ts";

/** The settings of a connection. */
export interface ConnectionSettings extends ConnectionPolicy {
  readonly heartbeat: Complete<HeartbeatOptions> | false;
  readonly maxBufferedBytes: number;
}

/** What a connection tells the client. */
export interface ConnectionListener {
  /** Told of every message but those of the heartbeat. */
  message(message: string | Uint8Array): void;
  notice(notice: Notice): void;
  /** Told of what should never have been thrown. */
  failed(error: WebsocketsSimpleError): void;
}

/** The running connection of a client. */
export interface Connection {
  readonly state: ClientState;
  readonly subprotocol: string;
  readonly latencyMs?: number | undefined;
  /** The socket of the attempt or connection that is under way. */
  transport(): PlatformSocket | undefined;
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

/** From this `readyState` on a socket takes no messages. */
const CLOSING = 2;

/** How many answers to pings may wait for a server that does not read. */
const MAX_UNREAD_CONTROLS = 8;

/**
 * Carries out what the state machine decides. It owns one transport at a time, and the one timer that a state may have.
 *
 * @param makeTarget gets the token and says where to connect; `fresh` asks past any cache
 * @param watch tells of what the platform notices, until the returned function is called
 */
export function createConnection(
  settings: ConnectionSettings,
  outbox: Outbox | undefined,
  makeTarget: (fresh: boolean) => Promise<Target>,
  openTransport: OpenTransport,
  watch: (listener: (signal: PlatformSignal) => void) => () => void,
  listener: ConnectionListener,
): Connection {
  /** What runs the application's code: one after the other, each to its end. */
  const turns = new Set<() => void>();
  let busy = false;
  let state = INITIAL_STATE;
  let transport: PlatformSocket | undefined;
  let heartbeat: Heartbeat | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let unwatch: (() => void) | undefined;

  /** Where it stands, as the client shows it. */
  const connection: { -readonly [K in keyof Connection]: Connection[K] } = {
    state: state.name,
    subprotocol: "",
    transport: () => transport,
    dispatch,
    send,
  };

  function dispatch(event: ConnectionEvent, told?: () => void): void {
    const isOutermost = !busy;
    busy = true;
    attempt(() => {
      // What is closing ends without the answer that it waits for.
      if (event.type === "connect" && state.name === "disconnecting") take({ type: "failed" });
      take(event);
    });
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
      listener.failed(toError("LISTENER_FAILED", "option webSocket", thrown));
    }
  }

  function take(event: ConnectionEvent): void {
    const before = state;
    state = next(settings, before, event, Math.random());
    if (state === before) return;
    const { name, timeoutMs } = state;
    connection.state = name;
    const { type, ending } = event;
    // Only what was open is closed in an orderly way, whether or not anybody waits for the answer.
    if (ending && type !== "failed") quietly(() => transport?.socket.close(ending.code, ending.reason));
    if (name !== "connected" && name !== "disconnecting") letGo();
    clearTimeout(timer);
    if (timeoutMs !== undefined) timer = setTimeout(() => dispatch({ type: "timer" }), timeoutMs);
    const isOver = name === "disconnected" || name === "disposed";
    if (isOver) {
      unwatch?.();
      unwatch = undefined;
    } else unwatch ??= watch(signal);

    const notice = noticeOf(state, before);
    if (!notice) return;
    const current = state;
    turns.add(() => {
      listener.notice(notice);
      // A listener may have ended what it was told of.
      if (name === "connecting" && current === state) void open(isRefused(before));
    });
    // What waited goes first: it was sent before anything that a listener of `connected` sends.
    if (name === "connected") outbox?.flush(send, isOpen);
    if (isOver) outbox?.flush(giveUp("the client is disconnected"));
  }

  /** Lets go of the socket, which is deaf from now on: it cannot touch its successor. */
  function letGo(): void {
    heartbeat?.stop();
    if (transport) {
      const { socket, drop } = transport;
      socket.onopen = socket.onmessage = socket.onclose = null;
      quietly(drop);
    }
    heartbeat = transport = connection.latencyMs = undefined;
    connection.subprotocol = "";
  }

  function signal(type: PlatformSignal): void {
    // That the network is gone is only said: look for oneself.
    heartbeat?.probe();
    if (type !== "offline") dispatch({ type });
  }

  async function open(fresh: boolean): Promise<void> {
    const current = state;
    const closed = (ending: Ending, retryInMs?: number): void => dispatch({ type: "failed", ending, retryInMs });
    try {
      const target = await makeTarget(fresh);
      // A token may come too late.
      if (current !== state) return;
      /** Control messages that the network has not taken yet. */
      let unread = 0;
      /** Sends what belongs to the wire, not to the application. Who asks without reading the answers gets no more of them. */
      const control = (text: string): void => {
        if (unread >= MAX_UNREAD_CONTROLS) return;
        unread++;
        hand(opened, text, () => unread--);
      };
      const opened = openTransport(target, {
        opened(picked) {
          const { label, message } = target;
          const { heartbeat: beat } = settings;
          connection.subprotocol = picked;
          if (message !== undefined) control(message);
          if (beat) {
            const why = `${label}: no sign of life within ${beat.timeoutMs} ms (option heartbeat.timeoutMs)`;
            heartbeat = startHeartbeat(
              beat,
              opened.progress,
              opened.ping ?? (() => control(PING)),
              (ms) => {
                connection.latencyMs = ms;
              },
              () => closed(broken(new WebsocketsSimpleError("CONNECTION_LOST", why))),
            );
          }
          dispatch({ type: "opened" });
        },
        message(data) {
          const word = heartbeatText(data);
          // A text pong is measured before it counts as any sign of life.
          heartbeat?.heard(word === PONG);
          if (word === PING) control(PONG);
          else if (!word) listener.message(data);
        },
        pong(latencyMs) {
          connection.latencyMs = latencyMs ?? connection.latencyMs;
          heartbeat?.heard();
        },
        closed,
      });
      transport = opened;
    } catch (thrown) {
      if (current === state) closed(broken(toError("REFUSED", "cannot open a WebSocket", thrown)));
    }
  }

  function send(message: string | Uint8Array, settle: Settle): void {
    const { name } = state;
    const isConnected = name === "connected";
    // A connection that the server is closing takes nothing any more: the next one will, if there is one.
    const isAway = !isEnding(name);
    if (isConnected && transport && isOpen()) {
      const { bufferedAmount } = transport.socket;
      const { maxBufferedBytes } = settings;
      if (bufferedAmount >= maxBufferedBytes) {
        settle(notSent(`${bufferedAmount} bytes wait in the socket (option maxBufferedBytes: ${maxBufferedBytes})`));
      } else {
        hand(transport, message, (error) => {
          // What calls the application waits for its turn, where there is one.
          if (busy) turns.add(() => settle(error));
          else settle(error);
        });
      }
    } else if (outbox && isAway) outbox.add(message, settle);
    else {
      const advice = isAway ? " (option outbox: false)" : name === "disconnected" ? "; call connect() first" : "";
      settle(notSent(`the client is ${isConnected ? "closing" : name}${advice}`));
    }
  }

  /** Whether messages can be sent: neither side has begun to close. */
  function isOpen(): boolean {
    return !!transport && transport.socket.readyState < CLOSING;
  }

  return connection;
}

/** Whether the server's no to the token is what led there. */
function isRefused({ told }: ConnectionState): boolean {
  return told?.error?.code === "UNAUTHORIZED";
}
