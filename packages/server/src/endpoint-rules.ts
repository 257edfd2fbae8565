import { isIP } from "node:net";
import { checkOptions, type Rule, tableOf, wrong } from "@websockets-simple/shared";
import type { EndpointOptions } from "./listen/http-listener.ts";

/** Node's own default of `net.Server.listen`. */
export const DEFAULT_BACKLOG = 511;

const host: Rule = (value) => {
  if (typeof value !== "string") return "string";
  return value.includes(":") && !isIP(value) ? "a name or an address, without a port: that is an option of its own" : undefined;
};

/** What the options of a server's one place must be. */
export const PLACE_RULES = { port: [0, 65_535], host, backlog: [1, 65_535] } as const satisfies Readonly<Record<string, Rule>>;

const RULES: Readonly<Record<string, Rule>> = {
  ...PLACE_RULES,
  // The kernel's bound is 107 bytes; a longer path is cut, and so another one.
  socketPath: (value) =>
    typeof value === "string" && value !== "" && Buffer.byteLength(value) <= 107 ? undefined : "a path of 1 to 107 bytes",
};

/**
 * Checks option `endpoints`.
 *
 * @param given all options
 * @throws WebsocketsSimpleError `INVALID_OPTION`
 */
export function checkEndpoints(endpoints: readonly unknown[], given: object): readonly EndpointOptions[] {
  for (const name of Object.keys(PLACE_RULES)) {
    const value = (given as Record<string, unknown>)[name];
    if (value !== undefined) throw wrong(name, value, "to be left out, since `endpoints` is given");
  }
  return endpoints.map((endpoint, index) => {
    const prefix = `endpoints[${index}].`;
    const checked = checkOptions<EndpointOptions>(endpoint, tableOf(RULES, { backlog: DEFAULT_BACKLOG }), prefix);
    const { port, host, socketPath } = checked;
    if ((port === undefined) === (socketPath === undefined)) throw wrong(`${prefix}port`, port, "either a port or a socketPath");
    if (socketPath !== undefined && host !== undefined) throw wrong(`${prefix}host`, host, "to be left out beside a socketPath");
    return checked;
  });
}
