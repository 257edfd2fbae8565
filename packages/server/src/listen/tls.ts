import { createPrivateKey } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
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
  /** Certificates in PEM that complete the chain. */
  ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** The lowest version spoken. Default: `"TLSv1.2"`. */
  minVersion?: "TLSv1.2" | "TLSv1.3";
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
const isPem = (value: unknown): boolean => isBytes(value) || (typeof value === "string" && value.includes("-----BEGIN "));
const pem: Rule = (value) => (isPem(value) ? undefined : "PEM: its text or bytes, not a path");

const RULES: Readonly<Record<string, Rule>> = {
  pfx: (value) => (isBytes(value) ? undefined : "the file's bytes, as readFileSync returns them"),
  passphrase: "string",
  key: pem,
  cert: pem,
  ca: (value) => (isPem(value) || (Array.isArray(value) && value.every(isPem)) ? undefined : "PEM, or a list of it"),
  minVersion: ["TLSv1.2", "TLSv1.3"],
};

/**
 * Checks a certificate by using it, so that a wrong one is found before anybody connects.
 *
 * @throws WebsocketsSimpleError `INVALID_OPTION`, saying what to do
 */
export function checkTls(given: ServerTlsOptions): SecureContextOptions {
  for (const [name, value] of Object.entries(given)) {
    // These may be secrets, which an error must not quote.
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    const expected = rule && value !== undefined ? unmet(rule, value) : undefined;
    if (expected) throw invalid(name, `expected ${expected}`);
  }
  const { pfx, ...options } = checkOptions<ServerTlsOptions>(given, tableOf(RULES, { minVersion: "TLSv1.2" }), "tls.");
  const { key, cert } = options;
  if (pfx === undefined && (key === undefined || cert === undefined)) {
    throw new WebsocketsSimpleError("INVALID_OPTION", "option tls: give pfx (PKCS #12), or both key and cert (PEM)");
  }
  if (pfx !== undefined && (key !== undefined || cert !== undefined)) {
    throw new WebsocketsSimpleError("INVALID_OPTION", "option tls: give either pfx, or key and cert, not both");
  }
  const context = { ...options, ...(pfx && { pfx }) } as SecureContextOptions;
  if (key !== undefined) checkKey(key, options.passphrase);
  try {
    createSecureContext(context);
  } catch (error) {
    throw pfx === undefined ? explainPem(error as Error) : explainPfx(error as Error);
  }
  return context;
}

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
