import { X509Certificate } from "node:crypto";
import { createServer as createTlsServer } from "node:https";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Certificates, makeCertificates } from "../../../testkit/certificates.ts";
import type { ClientTlsOptions } from "../src/index.ts";
import { client, echoServer } from "./support/node.ts";

describe("TLS", () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });

  const secure = async (which: "localhost" | "wrongHost" | "selfSigned") => {
    const { key, cert } = certificates[which];
    const { port } = await echoServer({}, createTlsServer({ key, cert }));
    return `wss://localhost:${port}/`;
  };

  it("trusts an authority of one's own", async () => {
    const me = client(0, { url: await secure("localhost"), tls: { ca: certificates.ca } });
    await me.connect();
    const messages = me[Symbol.asyncIterator]();
    await me.send("over TLS");
    expect((await messages.next()).value?.message).toBe("over TLS");
  });

  it.each([
    ["a server of an unknown authority", "localhost", false],
    ["a self-signed server", "selfSigned", true],
    ["a certificate for another host", "wrongHost", true],
  ] as const)("refuses %s by default, for good, and says what to do", async (_what, which, withCa) => {
    const me = client(0, { url: await secure(which), reconnect: true, ...(withCa ? { tls: { ca: certificates.ca } } : {}) });
    await expect(me.connect()).rejects.toMatchObject({ code: "TLS_FAILED", message: expect.stringContaining("tls.ca") });
    expect(me.state).toBe("disconnected");
  });

  it.each<[string, (all: Certificates) => ClientTlsOptions]>([
    ["a PFX with its passphrase", ({ client: { pfx, passphrase } }) => ({ pfx, passphrase })],
    ["PEM with an encrypted key", ({ client: { encryptedKey: key, passphrase, cert } }) => ({ key, passphrase, cert })],
  ])("shows the certificate that a server wants: %s", async (_, tls) => {
    const { ca, localhost } = certificates;
    const settings = { key: localhost.key, cert: localhost.cert, ca, requestCert: true };
    const server = createTlsServer(settings);
    const subjects: unknown[] = [];
    server.on("secureConnection", (socket) => subjects.push(socket.getPeerCertificate().subject.CN));
    const { port } = await echoServer({}, server);
    await client(0, { url: `wss://localhost:${port}/`, tls: { ca, ...tls(certificates) } }).connect();
    expect(subjects).toEqual(["Ada"]);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("says what to do when the server wants a certificate by %s", async (version) => {
    const { ca, localhost, selfSigned } = certificates;
    const settings = { key: localhost.key, cert: localhost.cert, ca, requestCert: true, maxVersion: version };
    const { port } = await echoServer({}, createTlsServer(settings));
    const url = `wss://localhost:${port}/`;
    const nobody = client(0, { url, reconnect: true, tls: { ca } });
    const none = expect.stringContaining("the server wants a certificate that it trusts; give yours as option tls");
    await expect(nobody.connect()).rejects.toMatchObject({ code: "TLS_FAILED", message: none });
    expect(nobody.state).toBe("disconnected");
    // A server on Node ends the connection of a stranger without a word of why.
    const stranger = client(0, { url, tls: { ca, key: selfSigned.key, cert: selfSigned.cert } });
    const wrong = expect.stringContaining("it does not trust yours (option tls: pfx, or key and cert)");
    await expect(stranger.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED", message: wrong });
  });

  it("speaks the versions that it is told to, and says so when there is none in common", async () => {
    const { key, cert } = certificates.localhost;
    const { port } = await echoServer({}, createTlsServer({ key, cert, minVersion: "TLSv1.3" }));
    const url = `wss://localhost:${port}/`;
    await client(0, { url, tls: { ca: certificates.ca, minVersion: "TLSv1.3" } }).connect();
    const old = client(0, { url, reconnect: true, tls: { ca: certificates.ca, maxVersion: "TLSv1.2" } });
    await expect(old.connect()).rejects.toMatchObject({
      code: "TLS_FAILED",
      message: expect.stringContaining("no common version of TLS"),
    });
  });

  it("asks its own check of a certificate that is trusted, and takes nothing but undefined for a yes", async () => {
    const url = await secure("wrongHost");
    const asked: unknown[] = [];
    const tls = { ca: certificates.ca };
    const pinned = client(0, {
      url,
      tls: {
        ...tls,
        checkServerIdentity: (host, { subject, fingerprint256 }) => {
          asked.push([host, subject.CN, fingerprint256]);
          return undefined;
        },
      },
    });
    await pinned.connect();
    const { fingerprint256 } = new X509Certificate(certificates.wrongHost.cert);
    expect(asked).toEqual([["localhost", "wrong-host", fingerprint256]]);
    const thrower = (): never => {
      throw new Error("pinned to another");
    };
    const noes: [unknown, string][] = [
      [() => new Error("pinned to another"), "pinned to another"],
      [thrower, "pinned to another"],
      [() => false, "undefined, or an Error"],
      [async () => undefined, "undefined, or an Error"],
    ];
    for (const [checkServerIdentity, why] of noes) {
      const me = client(0, { url, reconnect: true, tls: { ...tls, checkServerIdentity: checkServerIdentity as never } });
      const message = expect.stringMatching(new RegExp(`option tls\\.checkServerIdentity.*${why}`));
      await expect(me.connect()).rejects.toMatchObject({ code: "TLS_FAILED", message });
      expect(me.state).toBe("disconnected");
    }
  });

  it("does not ask its own check of a certificate that nobody trusts", async () => {
    const checkServerIdentity = vi.fn(() => undefined);
    const me = client(0, { url: await secure("selfSigned"), tls: { checkServerIdentity } });
    await expect(me.connect()).rejects.toMatchObject({ code: "TLS_FAILED" });
    expect(checkServerIdentity).not.toHaveBeenCalled();
  });

  it.each<[string, unknown, RegExp]>([
    ["a path for an authority", { ca: "ca.pem" }, /option tls\.ca: expected PEM/],
    ["a number for an authority", { ca: 5 }, /option tls\.ca: expected PEM/],
    ["a list of numbers", { ca: [5] }, /option tls\.ca: expected PEM/],
    ["a path for a key", { key: "secret.key", cert: "x" }, /option tls\.key: expected PEM/],
    [
      "a certificate without its key",
      { cert: "-----BEGIN CERTIFICATE-----" },
      /option tls: give pfx \(PKCS #12\), or both key and cert/,
    ],
    ["a PFX that is none", { pfx: Buffer.from("x") }, /option tls\.pfx: it is no usable PKCS #12/],
    ["an old version", { minVersion: "TLSv1" }, /option tls\.minVersion: expected one of TLSv1\.2, TLSv1\.3/],
    ["an unknown option", { certificate: "x" }, /option tls\.certificate: unknown; known are/],
    ["a check that is none", { checkServerIdentity: true }, /option tls\.checkServerIdentity: expected function/],
    ["no object", "PEM", /option tls: expected an object/],
  ])("%s is found by the constructor, which quotes no secret", (_, tls, message) => {
    const made = (): unknown => client(1, { tls: tls as ClientTlsOptions });
    expect(made).toThrow(expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }));
    expect(made).not.toThrow(/secret/);
  });

  it("accepts any certificate only when told so", async () => {
    await client(0, { url: await secure("selfSigned"), tls: { rejectUnauthorized: false } }).connect();
  });
});
