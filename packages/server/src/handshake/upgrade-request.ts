import type { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { UpgradeHead } from "../socket.ts";
import { scanCookies } from "./scanners.ts";

/** What was read from the request line. */
export interface UpgradeTarget {
  readonly path: string;
  readonly channel: string;
  readonly query: string;
  readonly subprotocol: string | undefined;
}

/** Who a client is by its certificate: see `tls.clientCertificate`. */
export interface ClientCertificate {
  /** The certificate: its subject, fingerprint, dates and all else. */
  readonly x509: X509Certificate;
  /** Whether an authority of `tls.ca` has signed it, and it is valid now. Always true with `"require"`. */
  readonly isTrusted: boolean;
  /** Why it is not trusted, as OpenSSL names it. */
  readonly reason?: string;
}

/** What no header has in it (RFC 9110 section 5.5). */
const BETWEEN = "\0";

/** The upgrade request that a connection began with. What is seldom asked for is computed when it is. */
export class UpgradeRequest {
  /** Names and values in turn, in one text: connections live long, and are many. */
  readonly #headers: string;
  readonly #query: string;
  /** The path, percent-decoded, without query and without a token that it carried. */
  readonly path: string;
  /** What the path says after the service path; empty when it says nothing. */
  readonly channel: string;
  /** The application subprotocol that was agreed upon. */
  readonly subprotocol: string | undefined;
  /** The peer's address; IPv4 in its own form even on a dual-stack socket. */
  readonly remoteAddress: string;
  /** The peer's port. */
  readonly remotePort: number;
  /** Whether it came over TLS. */
  readonly secure: boolean;
  /** The client's certificate; undefined without one, and where none was asked for. */
  readonly clientCertificate: ClientCertificate | undefined;

  constructor(request: Pick<UpgradeHead, "rawHeaders">, stream: Duplex, target: UpgradeTarget) {
    this.#headers = request.rawHeaders.join(BETWEEN);
    this.#query = target.query;
    this.path = target.path;
    this.channel = target.channel;
    this.subprotocol = target.subprotocol;
    const { remoteAddress, remotePort, encrypted } = stream as Partial<TLSSocket>;
    this.remoteAddress = plainAddress(remoteAddress);
    this.remotePort = remotePort ?? 0;
    this.secure = encrypted === true;
    this.clientCertificate = this.secure ? certificateOf(stream as TLSSocket) : undefined;
  }

  /** The headers as the client sent them, names in lower case, repeated ones joined. Frozen, without a prototype. */
  get headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = Object.create(null);
    const rawHeaders = this.#headers.split(BETWEEN);
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = (rawHeaders[index] as string).toLowerCase();
      const value = rawHeaders[index + 1] as string;
      headers[name] = name in headers ? `${headers[name]}${name === "cookie" ? "; " : ", "}${value}` : value;
    }
    return Object.freeze(headers);
  }

  /** The cookies by name, values as they were sent. */
  get cookies(): ReadonlyMap<string, string> {
    return scanCookies(this.headers.cookie ?? "");
  }

  /** The query, without a token that it carried. */
  get query(): URLSearchParams {
    // It takes off one question mark in front, which is here no part of the query but of its first name.
    return new URLSearchParams(`?${this.#query}`);
  }

  /** The Origin header. */
  get origin(): string | undefined {
    return this.headers.origin;
  }

  /** The Host header. */
  get host(): string {
    return this.headers.host ?? "";
  }
}

function certificateOf(stream: TLSSocket): ClientCertificate | undefined {
  const x509 = stream.getPeerX509Certificate?.();
  if (!x509) return undefined;
  const { authorized, authorizationError } = stream;
  return { x509, isTrusted: authorized, ...(!authorized && { reason: String(authorizationError) }) };
}

/** An IPv4 address that a dual-stack socket shows as `::ffff:192.0.2.1`, in its own form. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
