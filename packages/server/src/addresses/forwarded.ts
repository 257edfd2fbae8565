import type { Scannable } from "../handshake/scanners.ts";
import { normalAddress } from "./ip.ts";

/** Where a hop came from, as the proxy after it has written it. */
export interface Hop {
  /** As the system writes it. */
  readonly address: string;
  /** 0 when it is not told. */
  readonly port: number;
}

/** One element of a Forwarded header. */
export interface ForwardedElement {
  readonly hop: Hop | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/**
 * Reads a list from its end, element by element: what a proxy has written stands behind what a client did, and whatever that
 * is, it changes nothing behind it. Commas within quotes end no element.
 *
 * It looks at every character once, from right to left, and at none before the element that is asked for.
 */
export function* elementsFromEnd(text: Scannable): Generator<string> {
  let end = text.length;
  let isQuoted = false;
  for (let index = text.length - 1; index >= 0; index--) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      const first = firstBackslash(text, index);
      // Behind an odd number of backslashes it is a character of the quoted text.
      if (!isQuoted || (index - first) % 2 === 0) isQuoted = !isQuoted;
      index = first;
    } else if (code === COMMA && !isQuoted) {
      yield text.slice(index + 1, end).trim();
      end = index;
    }
  }
  yield text.slice(0, end).trim();
}

/** Where the backslashes just before `index` begin; `index` when there are none. */
function firstBackslash(text: Scannable, index: number): number {
  let first = index;
  while (first > 0 && text.charCodeAt(first - 1) === BACKSLASH) first--;
  return first;
}

/** The longest that a hop can be: an address of IPv6 in brackets, and a port. */
const MAX_HOP_LENGTH = 53;

/** Reads an address with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`. */
export function readHop(text: string): Hop | undefined {
  if (text.length > MAX_HOP_LENGTH) return undefined;
  const close = text.startsWith("[") ? text.indexOf("]") : -1;
  const colon = text.indexOf(":");
  const isBare = close < 0 && (colon < 0 || text.includes(":", colon + 1));
  if (isBare) return hopOf(text, "");
  if (close < 0) return hopOf(text.slice(0, colon), text.slice(colon));
  const inner = text.slice(1, close);
  return inner.includes(":") ? hopOf(inner, text.slice(close + 1)) : undefined;
}

/** @param port empty, or with its colon */
function hopOf(text: string, port: string): Hop | undefined {
  const address = normalAddress(text);
  if (address === undefined) return undefined;
  if (port === "") return { address, port: 0 };
  const isPort = port.startsWith(":") && port.length >= 2 && port.length <= 6 && isDigits(port.slice(1));
  return isPort && Number(port.slice(1)) <= 65_535 ? { address, port: Number(port.slice(1)) } : undefined;
}

function isDigits(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}

/**
 * Reads one element of a Forwarded header (RFC 7239 section 4): `for=192.0.2.1;proto=https;host=example.com`. It looks at
 * every character once, from left to right.
 *
 * @returns undefined when it is malformed, or says something twice
 */
export function readForwarded(text: Scannable): ForwardedElement | undefined {
  const pairs = new Map<string, string>();
  for (let index = 0; index < text.length; index++) {
    const start = index;
    while (index < text.length && text.charCodeAt(index) !== EQUALS) index++;
    const name = text.slice(start, index).trim().toLowerCase();
    if (index >= text.length || pairs.has(name)) return undefined;
    index++;
    let value = "";
    if (text.charCodeAt(index) === QUOTE) {
      for (index++; text.charCodeAt(index) !== QUOTE; index++) {
        if (text.charCodeAt(index) === BACKSLASH) index++;
        if (index >= text.length) return undefined;
        value += text.slice(index, index + 1);
      }
      index++;
    } else {
      const from = index;
      while (index < text.length && text.charCodeAt(index) !== SEMICOLON) index++;
      value = text.slice(from, index);
    }
    if (index < text.length && text.charCodeAt(index) !== SEMICOLON) return undefined;
    pairs.set(name, value);
  }
  return { hop: readHop(pairs.get("for") ?? ""), proto: pairs.get("proto"), host: pairs.get("host") };
}

/** Whether a protocol as a proxy names it is a secure one; undefined when it is none. */
export function isSecure(proto: string | undefined): boolean | undefined {
  const name = proto?.toLowerCase();
  if (name === "https" || name === "wss") return true;
  return name === "http" || name === "ws" ? false : undefined;
}

/** The longest name of a host (RFC 1035 section 2.3.4), and a port. */
const MAX_HOST_LENGTH = 261;
/** What a host and its port are made of (RFC 3986 section 3.2.2), but for percent-encodings, which no name of a host has. */
const HOST = /^[\w.\-~:[\]]+$/;

/** A host, with or without a port; undefined when it is none. */
export function readHost(host: string | undefined): string | undefined {
  return host !== undefined && host.length <= MAX_HOST_LENGTH && HOST.test(host) ? host : undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
