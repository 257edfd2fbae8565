import { checkOptions, type Rule, tableOf, wrong } from "@websockets-simple/shared";
import type { ProxyTrust } from "./addresses/client-origin.ts";
import { isTrustedProxy, TrustedProxies } from "./addresses/trusted-proxies.ts";
import type { EndpointOptions } from "./listen/http-listener.ts";
import type { ServerLimits, ServerOptions } from "./options.ts";
import { type Given, host, port, timerMs } from "./rules.ts";

/** What is left to the system, or to the kind of address, has no value of its own. */
type Free = "maxConnections" | "maxConnectionsPerAddress";

/** The bounds of what comes before a connection. */
export type CheckedLimits = Given<Omit<ServerLimits, Free>> & Pick<ServerLimits, Free>;

/** The defaults of `limits`. */
export const LIMIT_DEFAULTS = Object.freeze({
  headersTimeoutMs: 10_000,
  checkIntervalMs: 2_000,
  maxHeaderBytes: 16_384,
  maxHeaders: 64,
  maxUrlBytes: 8_192,
  // maxConnections depends on the process: listen/open-files.ts; maxConnectionsPerAddress on the address: addresses/.
  maxPendingHandshakes: 1_000,
  maxEventLoopDelayMs: 1_000,
  maxUpgradesPerSecondPerAddress: Number.POSITIVE_INFINITY,
});
/** By default so many seconds' upgrade requests may come at once. */
const BURST_SECONDS = 10;

const LIMIT_RULES: Readonly<Record<string, Rule>> = {
  headersTimeoutMs: timerMs,
  checkIntervalMs: [10, 60_000],
  maxHeaderBytes: [512, 1_048_576],
  maxHeaders: [8, 10_000],
  maxUrlBytes: [16, 65_536],
  maxPendingHandshakes: [1, 1_000_000],
  maxEventLoopDelayMs: [10, Number.POSITIVE_INFINITY],
  maxConnections: [1, Number.POSITIVE_INFINITY],
  maxConnectionsPerAddress: [1, Number.POSITIVE_INFINITY],
  maxUpgradesPerSecondPerAddress: [1, Number.POSITIVE_INFINITY],
  upgradeBurstPerAddress: [1, Number.POSITIVE_INFINITY],
};

/** Checks `limits`, and fills in the defaults. */
export function checkLimits(given: object): CheckedLimits {
  const limits = checkOptions<Omit<CheckedLimits, "upgradeBurstPerAddress"> & Pick<ServerLimits, "upgradeBurstPerAddress">>(
    given,
    tableOf(LIMIT_RULES, LIMIT_DEFAULTS),
    "limits.",
  );
  const { upgradeBurstPerAddress = BURST_SECONDS * limits.maxUpgradesPerSecondPerAddress } = limits;
  return { ...limits, upgradeBurstPerAddress };
}

/** Node's own default of `net.Server.listen`. */
export const DEFAULT_BACKLOG = 511;

/** What the options of a server's one place must be. */
export const PLACE_RULES = { port, host, backlog: [1, 65_535] } as const satisfies Readonly<Record<string, Rule>>;

const ENDPOINT_RULES: Readonly<Record<string, Rule>> = {
  ...PLACE_RULES,
  // The kernel's bound is 107 bytes; a longer path is cut, and so another one.
  socketPath: (value) =>
    typeof value === "string" && value !== "" && Buffer.byteLength(value) <= 107 ? undefined : "a path of 1 to 107 bytes",
};

/** Checks `endpoints`, beside which there is no place of the server's own. */
export function checkEndpoints(endpoints: readonly unknown[], given: object): readonly EndpointOptions[] {
  for (const name of Object.keys(PLACE_RULES)) {
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined) throw wrong(name, value, "to be left out, since `endpoints` is given");
  }
  return endpoints.map((endpoint, index) => {
    const prefix = `endpoints[${index}].`;
    const checked = checkOptions<EndpointOptions>(endpoint, tableOf(ENDPOINT_RULES, { backlog: DEFAULT_BACKLOG }), prefix);
    const { port, host, socketPath } = checked;
    if ((port === undefined) === (socketPath === undefined)) throw wrong(`${prefix}port`, port, "either a port or a socketPath");
    if (socketPath !== undefined && host !== undefined) throw wrong(`${prefix}host`, host, "to be left out beside a socketPath");
    return checked;
  });
}

/** What `trustProxy` must be. */
export const proxies: Rule = (value) => {
  const expected = 'false, or a list of addresses ("192.0.2.1"), networks ("10.0.0.0/8"), "loopback" and "unix"';
  if (value === false) return undefined;
  if (!Array.isArray(value)) return expected;
  const odd = value.find((entry) => !isTrustedProxy(entry));
  if (odd !== undefined) return `${expected}; ${JSON.stringify(odd)} is none`;
  return value.length > 0 ? undefined : `${expected}, at least one`;
};

/** Whose word is taken on where a request came from; undefined: nobody's. */
export function proxyTrust(list: ServerOptions["trustProxy"], headers: ProxyTrust["headers"]): ProxyTrust | undefined {
  return list ? { proxies: new TrustedProxies(list), headers } : undefined;
}
