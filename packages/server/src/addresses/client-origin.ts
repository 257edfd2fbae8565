import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { elementsFromEnd, type Hop, isSecure, readForwarded, readHop, readHost } from "./forwarded.ts";
import { plainAddress } from "./ip.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

/** Where a request came from: from the peer, or from whom a trusted proxy says it came. */
export interface ClientOrigin {
  /** As the system writes it; empty for a socket of the file system. */
  readonly address: string;
  /** 0 when nobody knows. */
  readonly port: number;
  readonly isSecure: boolean;
  /** Undefined: it is the Host header. */
  readonly host: string | undefined;
  /** Whether the address is a trusted proxy's word. */
  readonly isForwarded: boolean;
}

/** Which headers the proxies write. */
export type ProxyHeaders = "x-forwarded" | "forwarded";

/** Whose word is taken, and which headers it stands in. */
export interface ProxyTrust {
  readonly proxies: TrustedProxies;
  readonly headers: ProxyHeaders;
}

/** How many proxies a request may have passed, one of ours each. */
const MAX_HOPS = 32;

/**
 * Where a request came from.
 *
 * @param rawHeaders names and values in turn
 * @param isUnix whether the peer came by a socket of the file system
 */
export function originOf(
  rawHeaders: readonly string[],
  stream: Duplex,
  isUnix: boolean,
  trust: ProxyTrust | undefined,
): ClientOrigin {
  const { remoteAddress, remotePort, encrypted } = stream as Partial<TLSSocket>;
  const peer: ClientOrigin = {
    address: plainAddress(remoteAddress),
    port: remotePort ?? 0,
    isSecure: encrypted === true,
    host: undefined,
    isForwarded: false,
  };
  if (!trust?.proxies.isPeer(peer.address, isUnix)) return peer;
  return trust.headers === "forwarded"
    ? byForwarded(rawHeaders, peer, trust.proxies)
    : byXForwarded(rawHeaders, peer, trust.proxies);
}

function byXForwarded(rawHeaders: readonly string[], peer: ClientOrigin, proxies: TrustedProxies): ClientOrigin {
  const hop = lastUntrusted(rawHeaders, "x-forwarded-for", readHop, (read) => read, proxies);
  return {
    address: hop?.address ?? peer.address,
    port: hop ? hop.port : peer.port,
    // Of several the last is what the proxy before us says; the others a client may have written.
    isSecure: isSecure(lastElement(rawHeaders, "x-forwarded-proto")) ?? peer.isSecure,
    host: readHost(lastElement(rawHeaders, "x-forwarded-host")),
    isForwarded: hop !== undefined,
  };
}

function byForwarded(rawHeaders: readonly string[], peer: ClientOrigin, proxies: TrustedProxies): ClientOrigin {
  const found = lastUntrusted(rawHeaders, "forwarded", readForwarded, (element) => element.hop, proxies);
  if (!found?.hop) return peer;
  return {
    address: found.hop.address,
    port: found.hop.port,
    isSecure: isSecure(found.proto) ?? peer.isSecure,
    host: readHost(found.host),
    isForwarded: true,
  };
}

/**
 * The last hop that is none of our proxies, or the first of all when every one is; undefined where a malformed one stands
 * before it is found, or there is none.
 */
function lastUntrusted<E>(
  rawHeaders: readonly string[],
  name: string,
  read: (text: string) => E | undefined,
  hopOf: (element: E) => Hop | undefined,
  proxies: TrustedProxies,
): E | undefined {
  let found: E | undefined;
  let hops = 0;
  for (const text of listFromEnd(rawHeaders, name)) {
    found = read(text);
    const hop = found && hopOf(found);
    if (!hop || ++hops > MAX_HOPS) return undefined;
    if (!proxies.has(hop.address)) return found;
  }
  return found;
}

function lastElement(rawHeaders: readonly string[], name: string): string | undefined {
  for (const text of listFromEnd(rawHeaders, name)) return text;
  return undefined;
}

/** The elements of all headers of one name, which together are one list (RFC 9110 section 5.3), from the last to the first. */
function* listFromEnd(rawHeaders: readonly string[], name: string): Generator<string> {
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    const given = rawHeaders[index] as string;
    if (given.length === name.length && given.toLowerCase() === name) yield* elementsFromEnd(rawHeaders[index + 1] as string);
  }
}
