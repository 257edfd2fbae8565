import { createPrivateKey } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";

/** A version of TLS; older ones are not spoken (RFC 8996). */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** Who one side of a TLS connection is, and whom it trusts: PKCS #12 (`pfx`), or PEM (`key` and `cert`). */
export interface Certificate {
  /** A PKCS #12 file's bytes, certificate and key in one. */
  pfx?: Uint8Array | undefined;
  /** What `pfx`, or `key`, is encrypted with. */
  passphrase?: string | undefined;
  /** The private key in PEM. */
  key?: string | Uint8Array | undefined;
  /** The certificate in PEM, followed by those between it and the root. */
  cert?: string | Uint8Array | undefined;
  /** Certificates of authorities in PEM. */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** The lowest version spoken. */
  minVersion?: TlsVersion | undefined;
  /** The highest version spoken. */
  maxVersion?: TlsVersion | undefined;
}

/** What is wrong with a certificate: which part of it, empty for the whole; and what to do. */
export interface CertificateFault {
  readonly option: keyof Certificate | "";
  readonly why: string;
  readonly cause?: Error;
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const isPem = (value: unknown): boolean => isBytes(value) || (typeof value === "string" && value.includes("-----BEGIN "));
const pem = (value: unknown): string | undefined => (isPem(value) ? undefined : "PEM: its text or bytes, not a path");

/** What each part must be. They may be secrets: whoever tells of one that is not, must not quote it. */
export const CERTIFICATE_RULES = Object.freeze({
  pfx: (value: unknown) => (isBytes(value) ? undefined : "the file's bytes, as readFileSync returns them"),
  passphrase: "string" as const,
  key: pem,
  cert: pem,
  ca: (value: unknown) => (isPem(value) || (Array.isArray(value) && value.every(isPem)) ? undefined : "PEM, or a list of it"),
  minVersion: ["TLSv1.2", "TLSv1.3"] as const,
  maxVersion: ["TLSv1.2", "TLSv1.3"] as const,
});

/** Finds what is wrong by using it, before anybody connects. */
export function faultOf(certificate: Certificate): CertificateFault | undefined {
  const { pfx, key, cert, passphrase, minVersion, maxVersion } = certificate;
  if (pfx !== undefined && (key !== undefined || cert !== undefined))
    return { option: "", why: "give either pfx, or key and cert, not both" };
  if ((key === undefined) !== (cert === undefined)) return { option: "", why: "give pfx (PKCS #12), or both key and cert (PEM)" };
  if (minVersion === "TLSv1.3" && maxVersion === "TLSv1.2") return { option: "maxVersion", why: "it is below minVersion" };
  const wrongKey = key === undefined ? undefined : faultOfKey(key, passphrase);
  if (wrongKey) return wrongKey;
  try {
    createSecureContext(certificate as SecureContextOptions);
  } catch (error) {
    return pfx === undefined ? explainPem(error as Error) : explainPfx(error as Error);
  }
  return undefined;
}

function faultOfKey(key: string | Uint8Array, passphrase: string | undefined): CertificateFault | undefined {
  const text = Buffer.from(key as string).toString("latin1");
  try {
    createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
    return undefined;
  } catch (error) {
    const cause = error as Error;
    // A wrong passphrase cannot be told by OpenSSL's error: one in 256 "decrypts" the key to noise, which fails later.
    if (!text.includes("ENCRYPTED"))
      return { option: "key", why: `it is no usable PEM of a private key (${cause.message}): check the file`, cause };
    const why =
      passphrase === undefined
        ? "the key is encrypted: give its passphrase"
        : "it does not open tls.key: give the passphrase the key was made with";
    return { option: "passphrase", why, cause };
  }
}

function explainPem(cause: Error): CertificateFault {
  if (cause.message.toLowerCase().includes("key values mismatch"))
    return { option: "key", why: "it does not belong to tls.cert: give the key the certificate was made for", cause };
  return { option: "cert", why: `it is no usable PEM of a certificate (${cause.message}): check the file`, cause };
}

function explainPfx(cause: Error): CertificateFault {
  const message = cause.message.toLowerCase();
  if (message.includes("mac verify failure"))
    return { option: "passphrase", why: "it does not open tls.pfx: give the passphrase the file was made with", cause };
  const why = message.includes("unsupported")
    ? "it is encrypted by an outdated method: export it anew (openssl pkcs12 -export with OpenSSL 3)"
    : `it is no usable PKCS #12 file with a certificate and its key (${cause.message}): check the file`;
  return { option: "pfx", why, cause };
}
