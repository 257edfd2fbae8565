import { CloseCode } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import type { EngineSocket, SocketListener } from "../socket.ts";
import type { Verdict } from "./user-service.ts";

/** What waiting for a token needs of its surroundings. */
export interface FirstMessageParts {
  readonly clock: Clock;
  /** How long the peer has, in milliseconds. */
  readonly timeoutMs: number;
  /** The bound of messages once the token has come, in bytes. */
  readonly maxPayload: number;
  /** Aborted when the peer has left, or the server stops. */
  readonly gone: AbortSignal;
  identify(token: string): Promise<Verdict<unknown>>;
  /** Makes the application's state; rejects when that failed. */
  createState(userId: unknown): Promise<unknown>;
  /** Makes a connection of it. */
  admit(data: unknown, userId: unknown): SocketListener;
  /** Says no and closes. */
  refuse(code: number, why: string): void;
  /** The peer has left without a word: nobody is to be told of it. */
  leave(): void;
  /** It is decided, one way or the other. */
  over(): void;
  /** Tells of what should not have happened. */
  failed(thrown: unknown): void;
}

/** RFC 6455 section 7.4.1, and the IANA registry for 1013. */
const NO_CLOSE_FRAME = 1006;
const INTERNAL_ERROR = 1011;
const TRY_AGAIN_LATER = 1013;

/** What a client is told when `createState` failed. */
export const STATE_FAILED = "The server could not prepare the connection.";

/**
 * Takes the first text message of a connection for its token. What follows it is kept, and reading pauses, until the
 * user is known; then it is told in order. A close frame is one of the things kept, so that a peer who sends its token, a
 * message and a close is heard as one whose token came with the request: connected, the message, disconnected. A peer who
 * leaves without a close frame before its user is known was never there.
 */
export function awaitToken(socket: EngineSocket, parts: FirstMessageParts): SocketListener {
  const kept: ((next: SocketListener) => void)[] = [];
  let state: "waiting" | "judging" | "over" = "waiting";
  let next: SocketListener | undefined;
  const cancelTimer = parts.clock.after(parts.timeoutMs, () => {
    // A peer who is closing already is not told any more; its end comes soon.
    if (socket.isOpen) refuse(CloseCode.unauthorized, `no token within authTimeoutMs ${parts.timeoutMs}`);
  });

  function end(): void {
    state = "over";
    cancelTimer();
    parts.over();
  }

  function refuse(code: number, why: string): void {
    end();
    kept.length = 0;
    socket.resume();
    parts.refuse(code, why);
  }

  async function judge(token: string): Promise<void> {
    const verdict = await parts.identify(token);
    if (parts.gone.aborted || verdict === "gone") return;
    if (verdict === "refused") return refuse(CloseCode.unauthorized, "the token was refused");
    if (verdict === "failed") return refuse(TRY_AGAIN_LATER, "the token could not be judged, try again later");
    if ("tooMany" in verdict) return refuse(CloseCode.tooManyMessages, verdict.tooMany);
    const made = await parts.createState(verdict.userId).then(
      (data) => ({ data }),
      () => undefined,
    );
    if (parts.gone.aborted) return;
    if (!made) return refuse(INTERNAL_ERROR, STATE_FAILED);
    // Before it is admitted: whoever accepts connections in a loop pauses them.
    socket.resume();
    next = parts.admit(made.data, verdict.userId);
    end();
    for (const tell of kept.splice(0)) tell(next);
  }

  /** Tells it on, or keeps it while the token is judged. */
  function pass(tell: (next: SocketListener) => void): void {
    if (next) tell(next);
    else if (state === "judging") kept.push(tell);
  }

  return {
    get begins() {
      return next?.begins;
    },
    message(message, size) {
      if (state !== "waiting") return pass((to) => to.message(message, size));
      if (typeof message !== "string") return refuse(CloseCode.unauthorized, "the first message must be the token, as text");
      if (message === "") return refuse(CloseCode.unauthorized, "no token: the first message is empty");
      cancelTimer();
      state = "judging";
      // Nothing more is read meanwhile, so that the bound may be lifted for what came in the same read.
      socket.pause();
      socket.setMaxPayload(parts.maxPayload);
      judge(message).catch((thrown) => {
        end();
        socket.terminate();
        parts.failed(thrown);
      });
    },
    // Nobody is told of those that come before there is a connection: they are no part of what is heard in order.
    pinged: (payload) => next?.pinged?.(payload),
    ponged: (payload) => next?.ponged?.(payload),
    taken(messages, bytes) {
      pass((to) => to.taken(messages, bytes));
    },
    blocked: () => pass((to) => to.blocked()),
    drained: () => pass((to) => to.drained()),
    failed(error, kind) {
      pass((to) => to.failed(error, kind));
    },
    closed(code, reason) {
      if (next || (state === "judging" && code !== NO_CLOSE_FRAME)) return pass((to) => to.closed(code, reason));
      parts.leave();
      end();
    },
  };
}
