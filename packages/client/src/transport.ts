import { toError } from "@websockets-simple/shared";
import type { Ending } from "./connection-state.ts";
import type { Settle } from "./outbox.ts";
import type { PlatformSocket } from "./platform.ts";
import type { Target } from "./target.ts";

/** What a socket tells, from the attempt to open it to its end. Whoever is told `closed` calls `drop`, and is deaf from then on. */
export interface TransportListener {
  /** @param subprotocol the application's, as the server chose it; empty when nothing */
  opened(subprotocol: string): void;
  message(message: string | Uint8Array): void;
  /** An RFC 6455 pong came, with the round trip in milliseconds where it answers a ping. */
  pong(latencyMs?: number): void;
  /** @param retryInMs the server's wish (Retry-After), in milliseconds */
  closed(ending: Ending, retryInMs?: number): void;
}

/** Opens a WebSocket. It may throw what makes opening impossible; all else is told by `closed`, later. */
export type OpenTransport = (target: Target, listener: TransportListener) => PlatformSocket;

/** Hands a message to the socket, whatever its class throws: then it was not sent. */
export function hand(transport: PlatformSocket, message: string | Uint8Array, done: Settle): void {
  try {
    transport.send(message, done);
  } catch (thrown) {
    done(toError("NOT_SENT", "not sent", thrown));
  }
}

/** A socket class that throws where it should not has no more to say: whoever waits for its end has a time limit. */
export function quietly(run: () => void): void {
  try {
    run();
  } catch {}
}
