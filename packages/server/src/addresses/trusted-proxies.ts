import { BlockList, isIP } from "node:net";
import { plainAddress } from "./ip.ts";

const MAX_KNOWN = 1_024;

/** Those whose word on where a request came from is taken. */
export class TrustedProxies {
  readonly #addresses = new BlockList();
  /** Those that were found in it: proxies are few, and each is asked for at every request. */
  readonly #known = new Set<string>();
  /** Whether whoever comes by a socket of the file system is one. */
  readonly #isUnix: boolean;

  /** @param list checked by `isTrustedProxy` */
  constructor(list: readonly string[]) {
    this.#isUnix = list.includes("unix");
    for (const entry of list) {
      if (entry === "loopback") {
        this.#addresses.addSubnet("127.0.0.0", 8, "ipv4");
        this.#addresses.addAddress("::1", "ipv6");
      } else if (entry !== "unix") {
        const [address, bits] = split(entry);
        if (bits === undefined) this.#addresses.addAddress(address, familyOf(address));
        else this.#addresses.addSubnet(address, Number(bits), familyOf(address));
      }
    }
  }

  /** Whether it is one who stands behind a connection. */
  isPeer(address: string, isUnix: boolean): boolean {
    return isUnix ? this.#isUnix : this.has(address);
  }

  /** @param address as the system writes it; empty: nobody knows */
  has(address: string): boolean {
    if (this.#known.has(address)) return true;
    if (address === "" || !this.#addresses.check(address, familyOf(address))) return false;
    if (this.#known.size < MAX_KNOWN) this.#known.add(address);
    return true;
  }
}

/** Whether an entry of the list can be read. */
export function isTrustedProxy(entry: unknown): boolean {
  if (entry === "loopback" || entry === "unix") return true;
  if (typeof entry !== "string" || entry.includes("%")) return false;
  const [address, bits] = split(entry);
  const version = isIP(address);
  if (version === 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** An address, and the bits of its network when they are told. */
function split(entry: string): [address: string, bits: string | undefined] {
  const slash = entry.indexOf("/");
  return slash < 0 ? [plainAddress(entry), undefined] : [entry.slice(0, slash), entry.slice(slash + 1)];
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
