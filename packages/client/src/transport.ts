import type { Ending } from "./connection-state.ts";
import type { PlatformSocket } from "./platform.ts";
import type { Target } from "./target.ts";

/** What a socket tells, from the attempt to open it to its end. Whoever is told `closed` calls `drop`, and is deaf from then on. */
export interface TransportListener {
  /** @param subprotocol the application's, as the server chose it; empty when nothing */
  opened(subprotocol: string): void;
  message(message: string | Uint8Array): void;
  pong(): void;
  /** @param retryInMs the server's wish (Retry-After), in milliseconds */
  closed(ending: Ending, retryInMs?: number): void;
}

/** Opens a WebSocket. It may throw what makes opening impossible; all else is told by `closed`, later. */
export type OpenTransport = (target: Target, listener: TransportListener) => PlatformSocket;
