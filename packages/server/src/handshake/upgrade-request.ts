import type { X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { ClientOrigin } from "../addresses/client-origin.ts";
import type { UpgradeHead } from "../socket.ts";
import { scanCookies } from "./scanners.ts";

/** What was read from the request line. */
export interface UpgradeTarget {
  readonly path: string;
  readonly channel: string;
  readonly query: string;
  readonly subprotocol: string | undefined;
  /** Who it is by HTTP authentication. */
  readonly userName?: string | undefined;
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
  /** Undefined: it is the Host header. */
  readonly #host: string | undefined;
  /** The path, percent-decoded, without query and without a token that it carried. */
  readonly path: string;
  /** What the path says after the service path; empty when it says nothing. */
  readonly channel: string;
  /** The application subprotocol that was agreed upon. */
  readonly subprotocol: string | undefined;
  /** Who the client has shown to be by user name and password; undefined without option `httpAuthentication`. */
  readonly userName: string | undefined;
  /** The client's address; IPv4 in its own form even on a dual-stack socket. Of whom it is told by a proxy: see `trustProxy`. */
  readonly remoteAddress: string;
  /** The client's port; 0 where a proxy does not tell it. */
  readonly remotePort: number;
  /** Whether the client came over TLS: to the server, or to a proxy of `trustProxy`. */
  readonly secure: boolean;
  /** The certificate of who connected to the server, be it a proxy; undefined without one, and where none was asked for. */
  readonly clientCertificate: ClientCertificate | undefined;

  constructor(request: Pick<UpgradeHead, "rawHeaders">, stream: Duplex, origin: ClientOrigin, target: UpgradeTarget) {
    this.#headers = request.rawHeaders.join(BETWEEN);
    this.#query = target.query;
    this.path = target.path;
    this.channel = target.channel;
    this.subprotocol = target.subprotocol;
    this.userName = target.userName;
    this.remoteAddress = origin.address;
    this.remotePort = origin.port;
    this.secure = origin.isSecure;
    this.#host = origin.host;
    this.clientCertificate = (stream as Partial<TLSSocket>).encrypted ? certificateOf(stream as TLSSocket) : undefined;
  }

  /**
   * The headers as the client sent them, names in lower case, repeated ones joined. Frozen, without a prototype. With option
   * `httpAuthentication` they are without `authorization`, which may tell a password.
   */
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

  /** The Host header, or what a proxy of `trustProxy` says that it was. */
  get host(): string {
    return this.#host ?? this.headers.host ?? "";
  }
}

function certificateOf(stream: TLSSocket): ClientCertificate | undefined {
  const x509 = stream.getPeerX509Certificate?.();
  if (!x509) return undefined;
  const { authorized, authorizationError } = stream;
  return { x509, isTrusted: authorized, ...(!authorized && { reason: String(authorizationError) }) };
}
