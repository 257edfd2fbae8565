import { wrong } from "@websockets-simple/shared";
import { behindLabel, behindWildcard, mayBeWild, nameInAscii } from "./wildcard.ts";

/** Says whether this server is meant by a Host header. */
export type HostCheck = (host: string) => boolean;

const EXPECTED = 'a host such as "example.com", "*.example.com", "localhost:8989" or "[::1]", without scheme and path';
/** The ports that a client leaves out: whether TLS ends here or at a proxy, it is one of the two. */
const LEFT_OUT = ["80", "443"];
const MAX_LENGTH = 512;
/** Stands for every port. */
const ANY = "any";

/** The ports of each name; an empty one is a port that was left out. */
type Ports = Map<string, Set<string>>;

/**
 * Checks a list of hosts, and makes of it what judges requests. An entry without a port stands for every port, since whoever
 * came has found the port already; one with a port for that port alone. A leading `*.` stands for exactly one label. Case
 * makes no difference.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming the entry
 */
export function hostCheck(entries: readonly unknown[]): HostCheck {
  const exact: Ports = new Map();
  const wild: Ports = new Map();
  for (const [index, entry] of entries.entries()) {
    const refusal = (expected: string): Error => wrong(`hosts[${index}]`, entry, expected);
    if (typeof entry !== "string") throw refusal(EXPECTED);
    addEntry(entry, exact, wild, refusal);
  }
  return (text) => {
    const host = splitHost(text);
    if (!host) return false;
    const behind = behindLabel(host.name);
    return isIn(exact, host.name, host.port) || (behind !== undefined && isIn(wild, behind, host.port));
  };
}

function addEntry(entry: string, exact: Ports, wild: Ports, refusal: (expected: string) => Error): void {
  const host = splitHost(entry);
  const behind = host && behindWildcard(host.name);
  const name = host && nameInAscii(behind ?? host.name);
  if (!name) throw refusal(EXPECTED);
  if (behind !== undefined && !mayBeWild(name)) {
    throw refusal(`${EXPECTED}; a wildcard stands before a name of at least two labels, or localhost`);
  }
  const hosts = behind === undefined ? exact : wild;
  const ports = hosts.get(name) ?? new Set();
  hosts.set(name, ports.add(host.port === "" ? ANY : host.port));
  if (LEFT_OUT.includes(host.port)) ports.add("");
}

function isIn(hosts: Ports, name: string, port: string): boolean {
  const ports = hosts.get(name);
  return ports !== undefined && (ports.has(ANY) || ports.has(port));
}

/** Takes a Host header apart (RFC 9110 section 7.2); undefined when its port is none. The name is judged by who is allowed. */
function splitHost(text: string): { name: string; port: string } | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const lower = text.toLowerCase();
  const colon = lower.endsWith("]") ? -1 : lower.lastIndexOf(":");
  if (colon < 0) return { name: lower, port: "" };
  const port = lower.slice(colon + 1);
  return isPort(port) ? { name: lower.slice(0, colon), port } : undefined;
}

/** One to five digits of which the first is not 0, up to 65,535. */
function isPort(text: string): boolean {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 && value <= 65_535 && String(value) === text;
}
