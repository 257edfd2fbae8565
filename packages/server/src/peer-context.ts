import type { CodecOptions, Packet, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";
import type { Payload } from "./payload.ts";
import type { ReadingOptions } from "./peer-reading.ts";
import type { RateLimitOptions } from "./rate-limit.ts";
import type { SendQueueOptions } from "./send-queue.ts";
import type { StallWatch } from "./stall-watch.ts";
import type { Counters } from "./stats.ts";
import type { WatchRules } from "./watch-rules.ts";

/** What all peers of a server share; `Peer` is what they are. */
export interface PeerContext<P extends Packet, Peer> {
  readonly clock: Clock;
  readonly codec: CodecOptions<P>;
  readonly counters: Counters;
  readonly queue: Required<SendQueueOptions>;
  readonly stalls: StallWatch;
  readonly rate: Required<RateLimitOptions> | undefined;
  readonly watch: WatchRules;
  readonly reading: ReadingOptions;
  received(peer: Peer, message: string | Uint8Array): void;
  /** An RFC 6455 ping or pong came; its payload is to be used during the call. */
  beaten(peer: Peer, event: "ping" | "pong", payload: Uint8Array): void;
  /** A message was handed to the kernel. */
  sent(peer: Peer, payload: Payload<P>): void;
  failed(peer: Peer, error: WebsocketsSimpleError): void;
  /** Takes care of what a call rejects with that nobody may be waiting for. */
  unawaited<T>(peer: Peer, doing: Promise<T>): Promise<T>;
  severed(peer: Peer, code: number, reason: string): void;
  closed(peer: Peer, code: number, reason: string): void;
}
