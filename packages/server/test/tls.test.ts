import { connect } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../../../testkit/certificates.ts";
import { frame, Opcode, RawSocket, within } from "../../../testkit/raw-socket.ts";
import { type ServerTlsOptions, WebsocketServer } from "../src/index.ts";
import { serve, TestClient } from "./support/harness.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});

describe("wss", () => {
  test.each<[string, (all: Certificates) => ServerTlsOptions]>([
    ["a PFX with its passphrase", ({ localhost }) => ({ pfx: localhost.pfx, passphrase: localhost.passphrase })],
    ["a key and a certificate in PEM", ({ localhost }) => ({ key: localhost.key, cert: localhost.cert })],
    ["PEM as bytes", ({ localhost }) => ({ key: Buffer.from(localhost.key), cert: Buffer.from(localhost.cert) })],
    [
      "an encrypted key with its passphrase, and the authority",
      ({ localhost, ca }) => ({ key: localhost.encryptedKey, passphrase: localhost.passphrase, cert: localhost.cert, ca: [ca] }),
    ],
  ])("works with %s, for a client that trusts the authority", async (_, tls) => {
    const { port, connections, messages } = await serve({ tls: tls(certificates), connectionSuccessString: "hi" });
    const client = await TestClient.connect(`wss://localhost:${port}`, { ca: certificates.ca });
    expect(await client.hears(1)).toEqual(["hi"]);
    client.send("żółw");
    expect((await messages.one()).message).toBe("żółw");
    const { connection } = await connections.one(({ type }) => type === "connected");
    expect([connection.secure, connection.remoteAddress]).toEqual([true, "127.0.0.1"]);
    await connection.sendRaw("x".repeat(200_000));
    expect((await client.hears(2))[1]).toHaveLength(200_000);
  });

  test("is refused by default by a client, when the certificate is self-signed or for another host", async () => {
    for (const [certificate, code] of [
      ["selfSigned", "DEPTH_ZERO_SELF_SIGNED_CERT"],
      ["wrongHost", "ERR_TLS_CERT_ALTNAME_INVALID"],
    ] as const) {
      const { key, cert } = certificates[certificate];
      const { port, connections } = await serve({ tls: { key, cert } });
      await expect(TestClient.connect(`wss://localhost:${port}`, { ca: certificates.ca })).rejects.toMatchObject({ code });
      expect(connections.all).toEqual([]);
    }
  });

  test("speaks TLS 1.2 and up by default, and only 1.3 when told so", async () => {
    const { key, cert } = certificates.localhost;
    const usual = await serve({ tls: { key, cert } });
    const strict = await serve({ tls: { key, cert, minVersion: "TLSv1.3" } });
    const speaks = async (port: number, version: "TLSv1.1" | "TLSv1.2" | "TLSv1.3"): Promise<boolean> => {
      const socket = connect({
        port,
        host: "localhost",
        ca: certificates.ca,
        minVersion: version,
        maxVersion: version,
        ciphers: "DEFAULT@SECLEVEL=0",
      });
      const speaking = within(
        "a handshake",
        new Promise<boolean>((resolve) => socket.once("secureConnect", () => resolve(true)).once("error", () => resolve(false))),
      );
      return speaking.finally(() => socket.destroy());
    };
    expect([
      await speaks(usual.port, "TLSv1.1"),
      await speaks(usual.port, "TLSv1.2"),
      await speaks(usual.port, "TLSv1.3"),
    ]).toEqual([false, true, true]);
    expect([await speaks(strict.port, "TLSv1.2"), await speaks(strict.port, "TLSv1.3")]).toEqual([false, true]);
  });

  test("does not wait for ever for a TLS handshake, and plain HTTP on the port harms nothing", async () => {
    const { key, cert } = certificates.localhost;
    const { server, port, errors } = await serve({ tls: { key, cert }, limits: { headersTimeoutMs: 50, checkIntervalMs: 20 } });
    const silent = await RawSocket.connect(port);
    const plain = await RawSocket.connect(port);
    plain.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await Promise.all([silent.whenOver(), plain.whenOver()]);
    const client = await TestClient.connect(`wss://localhost:${port}`, { ca: certificates.ca });
    await server.stop();
    expect((await client.closed).code).toBe(1001);
    expect(errors.all).toEqual([]);
  });

  test("turns connections beyond limits.maxConnections away with 503, and a reset at any moment harms nothing", async () => {
    const { key, cert } = certificates.localhost;
    const { server, port, errors } = await serve({ tls: { key, cert }, limits: { maxConnections: 1 } });
    const tls = { ca: certificates.ca, servername: "localhost" };
    const kept = await RawSocket.open(port, "/", {}, { tls });
    const turnedAway = await RawSocket.connect(port, { tls });
    expect((await turnedAway.readAnswer()).status).toBe(503);
    turnedAway.destroy();
    for (let count = 0; count < 20; count++) {
      const raw = await RawSocket.connect(port);
      raw.write("\x16\x03\x01\x02\x00".slice(0, count % 6));
      raw.reset();
    }
    kept.write(frame(Opcode.ping, "x"));
    expect((await kept.readFrame()).opcode).toBe(Opcode.pong);
    kept.destroy();
    await server.stop();
    expect(errors.all).toEqual([]);
  });
});

describe("a wrong certificate is found by the constructor, which says what to do", () => {
  test.each<[string, (all: Certificates) => unknown, RegExp]>([
    ["nothing", () => ({}), /option tls: give pfx .*or both key and cert/],
    ["a key alone", ({ localhost }) => ({ key: localhost.key }), /option tls: give pfx/],
    [
      "pfx and key",
      ({ localhost }) => ({ pfx: localhost.pfx, key: localhost.key, cert: localhost.cert }),
      /option tls: give either/,
    ],
    [
      "a wrong passphrase",
      ({ localhost }) => ({ pfx: localhost.pfx, passphrase: "wrong" }),
      /option tls\.passphrase: it does not open tls\.pfx/,
    ],
    ["no passphrase", ({ localhost }) => ({ pfx: localhost.pfx }), /option tls\.passphrase: it does not open tls\.pfx/],
    ["bytes that are no PFX", () => ({ pfx: Buffer.from("hello") }), /option tls\.pfx: it is no usable PKCS #12/],
    ["a path for a PFX", () => ({ pfx: "server.pfx" }), /option tls\.pfx: expected the file's bytes/],
    ["a path for PEM", () => ({ key: "server.key", cert: "server.pem" }), /option tls\.key: expected PEM: .*not a path/],
    [
      "a key of another certificate",
      ({ localhost, wrongHost }) => ({ key: wrongHost.key, cert: localhost.cert }),
      /option tls\.key: it does not belong to tls\.cert/,
    ],
    [
      "an encrypted key without passphrase",
      ({ localhost }) => ({ key: localhost.encryptedKey, cert: localhost.cert }),
      /option tls\.passphrase: the key is encrypted/,
    ],
    [
      "an encrypted key with a wrong passphrase",
      ({ localhost }) => ({ key: localhost.encryptedKey, cert: localhost.cert, passphrase: "wrong" }),
      /option tls\.passphrase: it does not open tls\.key/,
    ],
    [
      "a key that is cut short",
      ({ localhost }) => ({ key: localhost.key.slice(0, 60), cert: localhost.cert }),
      /option tls\.key: it is no usable PEM of a private key/,
    ],
    [
      "a certificate that is cut short",
      ({ localhost }) => ({ key: localhost.key, cert: Buffer.from(localhost.cert.slice(0, 60)) }),
      /option tls\.cert: it is no usable PEM of a certificate/,
    ],
    [
      "a passphrase of another type",
      ({ localhost }) => ({ pfx: localhost.pfx, passphrase: 12_345 }),
      /option tls\.passphrase: expected string/,
    ],
    [
      "an old minVersion",
      ({ localhost }) => ({ key: localhost.key, cert: localhost.cert, minVersion: "TLSv1" }),
      /option tls\.minVersion: .*TLSv1\.2, TLSv1\.3/,
    ],
    ["an unknown option", ({ localhost }) => ({ key: localhost.key, cert: localhost.cert, certificate: 1 }), /tls\.certificate/],
  ])("%s", (_, tls, message) => {
    const make = (): unknown => new WebsocketServer({ tls: tls(certificates) as ServerTlsOptions });
    expect(make).toThrow(expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }));
    expect(make).not.toThrow(/12345|PRIVATE KEY/);
  });
  // One wrong passphrase in 256 leaves padding that looks right, and OpenSSL then stumbles over the noise instead.
  test("any wrong passphrase is told as one, whatever OpenSSL makes of it", () => {
    const { encryptedKey, cert } = certificates.localhost;
    const causes = new Set<string>();
    for (let n = 0; causes.size < 2 && n < 5000; n++) {
      try {
        new WebsocketServer({ tls: { key: encryptedKey, cert, passphrase: `wrong ${n}` } });
      } catch (error) {
        expect(error).toMatchObject({ code: "INVALID_OPTION", message: expect.stringContaining("it does not open tls.key") });
        causes.add(((error as Error).cause as Error).message);
      }
    }
    expect(causes.size).toBe(2);
  });
});
