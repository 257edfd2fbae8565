import { isIP, SocketAddress } from "node:net";

/** An IPv4 address that a dual-stack socket shows as `::ffff:192.0.2.1`, in its own form. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** The longest text of an address (RFC 4291 section 2.2, form 3). */
const MAX_LENGTH = 45;

/** An address that somebody else has written, as the system would write it (RFC 5952); undefined when it is none. */
export function normalAddress(text: string): string | undefined {
  const version = text.length <= MAX_LENGTH && !text.includes("%") ? isIP(text) : 0;
  if (version === 4) return text;
  return version === 6 ? plainAddress(new SocketAddress({ address: text, family: "ipv6" }).address) : undefined;
}

/**
 * What limits by address count by: an IPv4 address itself, of an IPv6 address its /64, since who has one address mostly has
 * all of those.
 *
 * @param address as the system writes it
 */
export function countedAs(address: string): string {
  if (!address.includes(":")) return address;
  const gap = address.indexOf("::");
  const first = address.slice(0, gap < 0 ? undefined : gap).split(":");
  if (gap >= 0) {
    const last = address.slice(gap + 2);
    // The groups that `::` stands for, so that the first four can be told.
    const groups = last === "" ? 0 : last.split(":").length + (last.includes(".") ? 1 : 0);
    const zeros = 8 - groups - (first[0] === "" ? 0 : first.length);
    if (first[0] === "") first.length = 0;
    for (let count = 0; count < zeros; count++) first.push("0");
    first.push(...last.split(":"));
  }
  return `${first.slice(0, 4).join(":")}::/64`;
}

/** Whether an address, as the system writes it, is of this machine; so is that of a socket of the file system, which is empty. */
export function isLoopback(address: string): boolean {
  return address === "" || address === "::1" || address.startsWith("127.");
}

/**
 * Whether an address is of this machine or of a private network, so that it may be a proxy's, behind which many are: loopback,
 * RFC 1918, RFC 3927, RFC 6598, RFC 4193, and link-local ones of IPv6.
 *
 * @param address as the system writes it
 */
export function isLocal(address: string): boolean {
  if (address.includes(":")) return address === "::1" || /^f(?:[cd]|e[89ab])/.test(address);
  const dot = address.indexOf(".");
  const second = Number(address.slice(dot + 1, address.indexOf(".", dot + 1)));
  switch (address.slice(0, dot)) {
    case "10":
    case "127":
      return true;
    case "100":
      return second >= 64 && second < 128;
    case "169":
      return second === 254;
    case "172":
      return second >= 16 && second < 32;
    case "192":
      return second === 168;
    default:
      return false;
  }
}
