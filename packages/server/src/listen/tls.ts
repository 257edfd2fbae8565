import type { SecureContextOptions, TlsOptions } from "node:tls";
import { checkOptions, type Rule, tableOf, unmet, WebsocketsSimpleError } from "@websockets-simple/shared";
import { CERTIFICATE_RULES, faultOf, type TlsVersion } from "../socket.ts";

/** The server's certificate: PKCS #12 (`pfx`), or PEM (`key` and `cert`). */
export interface ServerTlsOptions {
  /** A PKCS #12 file's bytes, certificate and key in one. */
  pfx?: Uint8Array;
  /** What `pfx`, or `key`, is encrypted with. */
  passphrase?: string;
  /** The private key in PEM. */
  key?: string | Uint8Array;
  /** The certificate in PEM, followed by those between it and the root. */
  cert?: string | Uint8Array;
  /** Certificates in PEM that complete the chain; with `clientCertificate` the authorities whose clients are trusted. */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The lowest version spoken. Default: `"TLSv1.2"`. */
  minVersion?: TlsVersion;
  /** The highest version spoken. Default: `"TLSv1.3"`. */
  maxVersion?: TlsVersion;
  /**
   * Whether clients are asked for a certificate: `"require"` ends the TLS handshake of those without one that `ca` has
   * signed, `"request"` lets everybody in and leaves the judgement to you; see `connection.clientCertificate`.
   * Default: `"none"`.
   */
  clientCertificate?: "none" | "request" | "require";
}

/** What is checked of it: for Node. */
export type ServerTls = SecureContextOptions & Pick<TlsOptions, "requestCert" | "rejectUnauthorized">;

const DEFAULTS = Object.freeze({ minVersion: "TLSv1.2", maxVersion: "TLSv1.3", clientCertificate: "none" } as const);

const RULES: Readonly<Record<string, Rule>> = { ...CERTIFICATE_RULES, clientCertificate: ["none", "request", "require"] };

/**
 * Checks a certificate by using it, so that a wrong one is found before anybody connects.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`, saying what to do
 */
export function checkTls(given: ServerTlsOptions): ServerTls {
  for (const [name, value] of Object.entries(given)) {
    // These may be secrets, which an error must not quote.
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    const expected = rule && value !== undefined ? unmet(rule, value) : undefined;
    if (expected) throw invalid(name, `expected ${expected}`);
  }
  const { clientCertificate, ...certificate } = checkOptions<ServerTlsOptions>(given, tableOf(RULES, DEFAULTS), "tls.");
  if (certificate.pfx === undefined && certificate.key === undefined && certificate.cert === undefined)
    throw invalid("", "give pfx (PKCS #12), or both key and cert (PEM)");
  const fault = faultOf(certificate);
  if (fault) throw invalid(fault.option, fault.why, fault.cause);
  const context = certificate as SecureContextOptions;
  if (clientCertificate === "none") return context;
  if (certificate.ca === undefined)
    throw invalid("ca", "give the authorities that sign your clients' certificates: without, any public one would do");
  return { ...context, requestCert: true, rejectUnauthorized: clientCertificate === "require" };
}

/**
 * The options with a renewed certificate, the rest as it was.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`
 */
export function renewTls(given: ServerTlsOptions, renewed: ServerTlsOptions): ServerTlsOptions {
  if (typeof renewed !== "object" || renewed === null) throw new WebsocketsSimpleError("INVALID_OPTION", RENEWED);
  if (renewed.clientCertificate !== undefined && renewed.clientCertificate !== given.clientCertificate)
    throw invalid("clientCertificate", "it cannot change while the server runs: stop it, and make a new one");
  const { pfx, key, cert, passphrase, ...rest } = given;
  const isOfAnother = renewed.pfx !== undefined || renewed.key !== undefined || renewed.cert !== undefined;
  return isOfAnother ? { ...rest, ...renewed } : { ...given, ...renewed };
}

const RENEWED = "reloadTls: expected an object with what has changed: pfx and passphrase, or key and cert";

function invalid(name: string, what: string, cause?: Error): WebsocketsSimpleError {
  return new WebsocketsSimpleError("INVALID_OPTION", `option tls${name && `.${name}`}: ${what}`, cause && { cause });
}
