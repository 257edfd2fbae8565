import { createPrivateKey } from "node:crypto";
import { createSecureContext, type SecureContextOptions, type TlsOptions } from "node:tls";
import { checkOptions, type Rule, tableOf, unmet, WebsocketsSimpleError } from "@websockets-simple/shared";

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

/** A version of TLS; older ones are not spoken (RFC 8996). */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** What is checked of it: for Node. */
export type ServerTls = SecureContextOptions & Pick<TlsOptions, "requestCert" | "rejectUnauthorized">;

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const isPem = (value: unknown): boolean => isBytes(value) || (typeof value === "string" && value.includes("-----BEGIN "));
const pem: Rule = (value) => (isPem(value) ? undefined : "PEM: its text or bytes, not a path");

const DEFAULTS = Object.freeze({ minVersion: "TLSv1.2", maxVersion: "TLSv1.3", clientCertificate: "none" } as const);
const VERSIONS = ["TLSv1.2", "TLSv1.3"];

const RULES: Readonly<Record<string, Rule>> = {
  pfx: (value) => (isBytes(value) ? undefined : "the file's bytes, as readFileSync returns them"),
  passphrase: "string",
  key: pem,
  cert: pem,
  ca: (value) => (isPem(value) || (Array.isArray(value) && value.every(isPem)) ? undefined : "PEM, or a list of it"),
  minVersion: VERSIONS,
  maxVersion: VERSIONS,
  clientCertificate: ["none", "request", "require"],
};

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
  const { pfx, clientCertificate, ...options } = checkOptions<ServerTlsOptions>(given, tableOf(RULES, DEFAULTS), "tls.");
  const { key, cert } = options;
  if (pfx === undefined && (key === undefined || cert === undefined)) {
    throw new WebsocketsSimpleError("INVALID_OPTION", "option tls: give pfx (PKCS #12), or both key and cert (PEM)");
  }
  if (pfx !== undefined && (key !== undefined || cert !== undefined)) {
    throw new WebsocketsSimpleError("INVALID_OPTION", "option tls: give either pfx, or key and cert, not both");
  }
  const { minVersion, maxVersion } = options;
  if (minVersion === "TLSv1.3" && maxVersion === "TLSv1.2") throw invalid("maxVersion", "it is below tls.minVersion");
  const isAsked = clientCertificate !== "none";
  if (isAsked && options.ca === undefined) {
    throw invalid("ca", "give the authorities that sign your clients' certificates: without, any public one would do");
  }
  const context = { ...options, ...(pfx && { pfx }) } as SecureContextOptions;
  if (key !== undefined) checkKey(key, options.passphrase);
  try {
    createSecureContext(context);
  } catch (error) {
    throw pfx === undefined ? explainPem(error as Error) : explainPfx(error as Error);
  }
  return isAsked ? { ...context, requestCert: true, rejectUnauthorized: clientCertificate === "require" } : context;
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

function checkKey(key: string | Uint8Array, passphrase: string | undefined): void {
  const text = Buffer.from(key as string).toString("latin1");
  try {
    createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
  } catch (error) {
    // A wrong passphrase cannot be told by OpenSSL's error: one in 256 "decrypts" the key to noise, which fails later.
    if (!text.includes("ENCRYPTED")) {
      throw invalid("key", `it is no usable PEM of a private key (${(error as Error).message}): check the file`, error as Error);
    }
    const what =
      passphrase === undefined
        ? "the key is encrypted: give its passphrase"
        : "it does not open tls.key: give the passphrase the key was made with";
    throw invalid("passphrase", what, error as Error);
  }
}

function explainPem(error: Error): WebsocketsSimpleError {
  if (error.message.toLowerCase().includes("key values mismatch"))
    return invalid("key", "it does not belong to tls.cert: give the key the certificate was made for", error);
  return invalid("cert", `it is no usable PEM of a certificate (${error.message}): check the file`, error);
}

function explainPfx(error: Error): WebsocketsSimpleError {
  const message = error.message.toLowerCase();
  if (message.includes("mac verify failure"))
    return invalid("passphrase", "it does not open tls.pfx: give the passphrase the file was made with", error);
  if (message.includes("unsupported"))
    return invalid("pfx", "it is encrypted by an outdated method: export it anew (openssl pkcs12 -export with OpenSSL 3)", error);
  const what = `it is no usable PKCS #12 file with a certificate and its key (${error.message}): check the file`;
  return invalid("pfx", what, error);
}

function invalid(name: string, what: string, cause?: Error): WebsocketsSimpleError {
  return new WebsocketsSimpleError("INVALID_OPTION", `option tls.${name}: ${what}`, cause && { cause });
}
