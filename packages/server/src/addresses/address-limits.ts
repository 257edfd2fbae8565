import type { Duplex } from "node:stream";
import type { Clock } from "../clock.ts";
import type { Refusal } from "../http-answer.ts";
import type { ClientOrigin } from "./client-origin.ts";
import { countedAs, isLocal, plainAddress } from "./ip.ts";
import { Places } from "./places.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";
import { UpgradeRate } from "./upgrade-rate.ts";

/** What one address may do; Infinity: as much as it likes. */
export interface AddressBounds {
  /** Undefined: as many as `MAX_OF_PUBLIC`, and any number of an address of a private network. */
  readonly maxConnectionsPerAddress?: number | undefined;
  readonly maxUpgradesPerSecondPerAddress: number;
  readonly upgradeBurstPerAddress: number;
}

/** How many connections a public address may have by default: enough for an office behind one, far from what a server holds. */
const MAX_OF_PUBLIC = 1_000;
/** How many of one address may be told that there are too many, at the same time; those beyond are closed without a word. */
const TURNED_AWAY_AT_ONCE = 8;

/**
 * Bounds what one address may do. Whoever comes by a trusted proxy is counted by its own address, once its request tells it;
 * all others from their first byte on.
 */
export class AddressLimits {
  readonly #max: number;
  readonly #isForLocal: boolean;
  readonly #proxies: TrustedProxies | undefined;
  readonly #places = new Places<string>();
  readonly #rate: UpgradeRate | undefined;
  readonly #tooMany: Refusal;
  readonly #tooOften: string;

  constructor(bounds: AddressBounds, proxies: TrustedProxies | undefined, clock: Clock) {
    const { maxConnectionsPerAddress: max, maxUpgradesPerSecondPerAddress: perSecond, upgradeBurstPerAddress: burst } = bounds;
    this.#max = max ?? MAX_OF_PUBLIC;
    this.#isForLocal = max !== undefined;
    this.#proxies = proxies;
    this.#rate = Number.isFinite(perSecond) ? new UpgradeRate(perSecond, burst, clock) : undefined;
    this.#tooMany = {
      status: 429,
      reason: `More connections of one address than limits.maxConnectionsPerAddress ${this.#max}. Try again later.`,
      headers: { "Retry-After": "5" },
    };
    this.#tooOften = `More upgrade requests of one address than limits.maxUpgradesPerSecondPerAddress ${perSecond}. Try again later.`;
  }

  /** A connection comes in. False: it is not worth a word. */
  arrive(socket: Duplex): boolean {
    const key = this.#keyOf(socket);
    if (key === undefined) return true;
    if (this.#places.of(key) >= this.#max + TURNED_AWAY_AT_ONCE) return false;
    this.#places.enter(socket, key);
    return true;
  }

  /** Why a connection that came in cannot stay; undefined: it can. */
  judge(stream: Duplex): Refusal | undefined {
    if (this.#places.size === 0) return undefined;
    const key = this.#keyOf(stream);
    return key !== undefined && this.#places.of(key) > this.#max ? this.#tooMany : undefined;
  }

  /** Why an upgrade request is refused; undefined: it is not. */
  judgeUpgrade(stream: Duplex, { address, isForwarded }: ClientOrigin): Refusal | undefined {
    if (isForwarded && !stream.closed && this.#isCounted(address)) {
      const key = countedAs(address);
      if (this.#places.of(key) >= this.#max) return this.#tooMany;
      this.#places.enter(stream, key);
    }
    // A proxy that speaks for itself asks whether the server is there.
    if (!this.#rate || address === "" || (!isForwarded && this.#proxies?.has(address))) return undefined;
    const earlyMs = this.#rate.take(countedAs(address));
    if (earlyMs === 0) return undefined;
    return { status: 429, reason: this.#tooOften, headers: { "Retry-After": String(Math.ceil(earlyMs / 1_000)) } };
  }

  /** A connection is closed. */
  leave(stream: Duplex): void {
    this.#places.leave(stream);
  }

  /** What a connection is counted by; undefined: by nothing. */
  #keyOf(stream: Duplex): string | undefined {
    if (this.#max === Number.POSITIVE_INFINITY) return undefined;
    const address = plainAddress((stream as { remoteAddress?: string }).remoteAddress);
    return this.#isCounted(address) && !this.#proxies?.has(address) ? countedAs(address) : undefined;
  }

  #isCounted(address: string): boolean {
    if (this.#max === Number.POSITIVE_INFINITY || address === "") return false;
    return this.#isForLocal || !isLocal(address);
  }
}
