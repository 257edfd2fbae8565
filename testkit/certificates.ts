import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate with its key. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The key, encrypted with `passphrase`. */
  readonly encryptedKey: string;
  /** Both as PKCS #12, encrypted with `passphrase`. */
  readonly pfx: Buffer;
  readonly passphrase: string;
}

/** Certificates for tests, fresh for each run: nothing secret lies in the repository. */
export interface Certificates {
  /** The authority that signed those below but for `selfSigned`. */
  readonly ca: string;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly localhost: Certificate;
  /** The same once more, as renewed. */
  readonly renewed: Certificate;
  /** A client's. */
  readonly client: Certificate;
  /** For wrong-host.example. */
  readonly wrongHost: Certificate;
  /** For localhost, signed by itself. */
  readonly selfSigned: Certificate;
}

const PASSPHRASE = "correct horse";

let made: Certificates | undefined;

/** The certificates of this process, made by the `openssl` command, which must be installed, when they are first asked for. */
export const makeCertificates = (): Certificates => (made ??= makeAll());

function makeAll(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "websockets-simple-certificates-"));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

  function make(name: string, names: string, selfSigned: boolean): Certificate {
    const extensions = `subjectAltName=${names}`;
    const subject = ["-subj", `/CN=${name}`];
    if (selfSigned) {
      openssl(
        "req",
        "-x509",
        ...newKey,
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.pem`,
        "-days",
        "2",
        ...subject,
        "-addext",
        extensions,
      );
    } else {
      writeFileSync(at(`${name}.ext`), extensions);
      openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, ...subject);
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        `${name}.pem`,
        "-days",
        "2",
        "-extfile",
        `${name}.ext`,
      );
    }
    openssl("pkey", "-in", `${name}.key`, "-aes256", "-passout", `pass:${PASSPHRASE}`, "-out", `${name}.encrypted.key`);
    openssl(
      "pkcs12",
      "-export",
      "-in",
      `${name}.pem`,
      "-inkey",
      `${name}.key`,
      "-passout",
      `pass:${PASSPHRASE}`,
      "-out",
      `${name}.pfx`,
    );
    return {
      key: readFileSync(at(`${name}.key`), "utf8"),
      cert: readFileSync(at(`${name}.pem`), "utf8"),
      encryptedKey: readFileSync(at(`${name}.encrypted.key`), "utf8"),
      pfx: readFileSync(at(`${name}.pfx`)),
      passphrase: PASSPHRASE,
    };
  }

  try {
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-days",
      "2",
      "-subj",
      "/CN=Websockets Simple test authority",
    );
    const here = "DNS:localhost,IP:127.0.0.1,IP:::1";
    return {
      ca: readFileSync(at("ca.pem"), "utf8"),
      localhost: make("localhost", here, false),
      renewed: make("renewed", here, false),
      client: make("Ada", "email:ada@example.org", false),
      wrongHost: make("wrong-host", "DNS:wrong-host.example", false),
      selfSigned: make("self-signed", here, true),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
