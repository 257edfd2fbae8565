import type { Duplex } from "node:stream";
import type { ConnectListener, ConnectOptions } from "./engine.ts";

/** An attempt to open a connection as client: only the first thing that happens to it counts. */
export interface Attempt {
  /** It has come to this; `tell` is called unless it had ended before. */
  end(tell: () => void): void;
  /** It has failed: the stream is destroyed. */
  fail(error: Error): void;
}

/** Begins an attempt, which fails by itself when there is no answer in time. */
export function beginAttempt(
  stream: Duplex,
  { handshakeTimeoutMs }: Pick<ConnectOptions, "handshakeTimeoutMs">,
  listener: Pick<ConnectListener, "failed">,
): Attempt {
  let isOver = false;
  const end = (tell: () => void): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    tell();
  };
  const fail = (error: Error): void =>
    end(() => {
      stream.destroy();
      listener.failed(error);
    });
  const why = `no answer to the upgrade request within ${handshakeTimeoutMs} ms`;
  const timer = setTimeout(() => fail(new Error(why)), handshakeTimeoutMs);
  return { end, fail };
}
