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
  identify(token: string, gone: AbortSignal): Promise<Verdict<unknown>>;
  /** Makes a connection of it; undefined when that failed, and the socket was closed. */
  admit(userId: unknown): Promise<SocketListener | undefined>;
  /** Says no and closes. */
  refuse(verdict: "refused" | "failed", why: string): void;
  /** The wait is over, one way or the other. */
  over(): void;
}

/**
 * Takes the first text message of a connection for its token. What follows it is kept, and reading pauses, until the
 * user is known.
 */
export function awaitToken(socket: EngineSocket, parts: FirstMessageParts): SocketListener {
  const gone = new AbortController();
  const held: (string | Uint8Array)[] = [];
  let state: "waiting" | "judging" | "over" = "waiting";
  let next: SocketListener | undefined;
  const cancelTimer = parts.clock.after(parts.timeoutMs, () =>
    refuse("refused", `no token within authTimeoutMs ${parts.timeoutMs}`),
  );

  function end(): void {
    if (state === "over") return;
    state = "over";
    cancelTimer();
    parts.over();
  }

  function refuse(verdict: "refused" | "failed", why: string): void {
    end();
    held.length = 0;
    socket.resume();
    parts.refuse(verdict, why);
  }

  async function judge(token: string): Promise<void> {
    const verdict = await parts.identify(token, gone.signal);
    if (gone.signal.aborted || verdict === "gone") return;
    if (verdict === "refused") return refuse(verdict, "the token was refused");
    if (verdict === "failed") return refuse(verdict, "the token could not be judged, try again later");
    next = await parts.admit(verdict.userId);
    end();
    socket.resume();
    for (const message of held.splice(0)) next?.message(message);
  }

  return {
    message(message) {
      if (next) return next.message(message);
      if (state === "judging") return void held.push(message);
      if (state === "over") return;
      if (typeof message !== "string") return refuse("refused", "the first message must be the token, as text");
      cancelTimer();
      state = "judging";
      // Nothing more is read meanwhile, so that the bound may be lifted for what came in the same read.
      socket.pause();
      socket.setMaxPayload(parts.maxPayload);
      void judge(message);
    },
    failed(error, kind) {
      next?.failed(error, kind);
    },
    closed(code, reason) {
      end();
      gone.abort();
      next?.closed(code, reason);
    },
  };
}
