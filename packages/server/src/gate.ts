import type { Duplex } from "node:stream";
import { AddressLimits } from "./addresses/address-limits.ts";
import { type ClientOrigin, originOf } from "./addresses/client-origin.ts";
import { Guesses } from "./addresses/guesses.ts";
import type { Clock } from "./clock.ts";
import type { Candidate } from "./handshake/candidate.ts";
import type { Authentication } from "./handshake/handshake-parts.ts";
import type { HostCheck } from "./handshake/hosts.ts";
import { LoopDelay } from "./handshake/loop-delay.ts";
import type { CheckedOptions } from "./option-rules.ts";
import type { Engine, UpgradeHead } from "./socket.ts";

/** Who tells users by their tokens, and how large a first message that is one may be. */
export type GateKeeper = Authentication & { readonly maxPayloadBeforeAuth: number };

/** What everything that is served at a server's ports shares while they are open: it counts for all of them together. */
export interface Gate {
  readonly clock: Clock;
  readonly engine: Engine;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  /** How long a hook of the application's may take, in milliseconds. */
  readonly hookTimeoutMs: number;
  readonly maxPending: number;
  /** All requests that are being judged. */
  readonly pending: Set<Candidate>;
  /** Undefined: any host. */
  readonly isHost: HostCheck | undefined;
  readonly limits: AddressLimits;
  readonly loopDelay: LoopDelay;
  /** Watches over those who guess tokens and passwords; undefined: anybody may. */
  readonly guesses: Guesses | undefined;
  /** Undefined: anybody may come. */
  readonly authentication: GateKeeper | undefined;
  /** Where a request came from. */
  originOf(request: UpgradeHead, stream: Duplex, isUnix: boolean): ClientOrigin;
}

/** The options that decide about a gate. */
export type GateOptions = Pick<CheckedOptions<never, unknown>, "noDelay" | "limits" | "isHost" | "trust" | "guesses">;

/** Makes a gate, before which nobody has come yet. */
export function createGate(
  options: GateOptions,
  engine: Engine,
  clock: Clock,
  authenticate: ((guesses: Guesses | undefined) => GateKeeper) | undefined,
): Gate {
  const { noDelay, limits, isHost, trust } = options;
  const guesses = options.guesses && new Guesses(options.guesses, clock);
  return {
    clock,
    engine,
    noDelay,
    hookTimeoutMs: limits.headersTimeoutMs,
    maxPending: limits.maxPendingHandshakes,
    pending: new Set(),
    isHost,
    limits: new AddressLimits(limits, trust?.proxies, clock),
    loopDelay: new LoopDelay(limits.maxEventLoopDelayMs, clock),
    guesses,
    authentication: authenticate?.(guesses),
    originOf: (request, stream, isUnix) => originOf(request.rawHeaders, stream, isUnix, trust),
  };
}
