import { connect } from "node:tls";
import { beforeAll, describe, expect, test } from "vitest";
import { type Certificates, makeCertificates } from "../../../testkit/certificates.ts";
import { within } from "../../../testkit/raw-socket.ts";
import { type ServerTlsOptions, WebsocketServer } from "../src/index.ts";
import { serve, TestClient } from "./support/harness.ts";

let certificates: Certificates;
let tls: { key: string; cert: string; ca: string };
beforeAll(() => {
  certificates = makeCertificates();
  const { localhost, ca } = certificates;
  tls = { key: localhost.key, cert: localhost.cert, ca };
});

/** Whom a server shows itself as to who connects now. */
async function shownBy(port: number): Promise<string> {
  const socket = connect({ port, host: "localhost", ca: certificates.ca });
  await within("a handshake", new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject)));
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

describe.each(["own", "ws"] as const)("certificates of clients, with engine %s", (engine) => {
  test("are not asked for by default", async () => {
    const { port, connections } = await serve({ engine, tls });
    const { key, cert } = certificates.client;
    await TestClient.connect(`wss://localhost:${port}`, { ca: certificates.ca, key, cert });
    expect((await connections.one(({ type }) => type === "connected")).connection.clientCertificate).toBeUndefined();
  });

  test("that are required are seen on the connection, and by createState; who has none, or a stranger's, does not come in", async () => {
    const seen: unknown[] = [];
    const { port, connections } = await serve({
      engine,
      tls: { ...tls, clientCertificate: "require" },
      createState: ({ clientCertificate }) => void seen.push(clientCertificate?.x509.subject),
    });
    const url = `wss://localhost:${port}`;
    const { key, cert } = certificates.selfSigned;
    await expect(TestClient.connect(url, { ca: certificates.ca })).rejects.toThrow();
    await expect(TestClient.connect(url, { ca: certificates.ca, key, cert })).rejects.toThrow();
    const ada = certificates.client;
    await TestClient.connect(url, { ca: certificates.ca, pfx: ada.pfx, passphrase: ada.passphrase });
    const { connection } = await connections.one(({ type }) => type === "connected");
    const { x509, ...judged } = connection.clientCertificate ?? {};
    expect([x509?.subject, x509?.subjectAltName, judged]).toEqual(["CN=Ada", "email:ada@example.org", { isTrusted: true }]);
    expect(seen).toEqual(["CN=Ada"]);
  });

  test("that are requested are judged by the application: nobody is kept out", async () => {
    const { port, connections } = await serve({ engine, tls: { ...tls, clientCertificate: "request" } });
    const url = `wss://localhost:${port}`;
    const told: unknown[] = [];
    for (const certificate of [undefined, certificates.client, certificates.selfSigned]) {
      const { key, cert } = certificate ?? {};
      const client = await TestClient.connect(url, { ca: certificates.ca, key, cert });
      const { connection } = await connections.one(({ type }) => type === "connected");
      const { x509, ...judged } = connection.clientCertificate ?? {};
      told.push([x509?.subject, judged]);
      client.socket.terminate();
      await connections.one(({ type }) => type === "disconnected");
      connections.all.length = 0;
    }
    expect(told).toEqual([
      [undefined, {}],
      ["CN=Ada", { isTrusted: true }],
      ["CN=self-signed", { isTrusted: false, reason: "DEPTH_ZERO_SELF_SIGNED_CERT" }],
    ]);
  });
});

describe("reloadTls", () => {
  test("shows a renewed certificate to whoever connects from now on, and drops nobody", async () => {
    const { localhost, renewed, ca } = certificates;
    const { server, port, messages, errors } = await serve({ tls: { pfx: localhost.pfx, passphrase: localhost.passphrase } });
    const client = await TestClient.connect(`wss://localhost:${port}`, { ca });
    expect(await shownBy(port)).toBe("localhost");
    server.reloadTls({ key: renewed.key, cert: renewed.cert });
    expect(await shownBy(port)).toBe("renewed");
    client.send("still there");
    expect((await messages.one()).message).toBe("still there");
    server.reloadTls({ pfx: localhost.pfx, passphrase: localhost.passphrase });
    expect(await shownBy(port)).toBe("localhost");
    expect(errors.all).toEqual([]);
  });

  test("holds for later starts too, also when it comes while the server starts", async () => {
    const { renewed, localhost } = certificates;
    const { server } = await serve({ tls });
    server.reloadTls({ key: renewed.key, cert: renewed.cert });
    await server.stop();
    expect(await shownBy((await server.start()).port)).toBe("renewed");
    await server.stop();
    const starting = server.start();
    server.reloadTls({ key: localhost.key, cert: localhost.cert });
    expect(await shownBy((await starting).port)).toBe("localhost");
  });

  test("keeps all else: who must have a certificate still must", async () => {
    const { renewed, client, ca } = certificates;
    const { server, port } = await serve({ tls: { ...tls, clientCertificate: "require", minVersion: "TLSv1.3" } });
    server.reloadTls({ key: renewed.key, cert: renewed.cert });
    const url = `wss://localhost:${port}`;
    const { key, cert } = client;
    await expect(TestClient.connect(url, { ca })).rejects.toThrow();
    await expect(TestClient.connect(url, { ca, key, cert, maxVersion: "TLSv1.2" })).rejects.toThrow();
    await TestClient.connect(url, { ca, key, cert });
  });

  test("that cannot be used is told, and changes nothing", async () => {
    const { renewed, localhost } = certificates;
    const { server, port } = await serve({ tls });
    const wrong: [unknown, RegExp][] = [
      [{ key: renewed.key, cert: localhost.cert }, /option tls\.key: it does not belong to tls\.cert/],
      [{ pfx: localhost.pfx }, /option tls\.passphrase: it does not open tls\.pfx/],
      [{ key: renewed.key }, /option tls: give pfx/],
      [{ clientCertificate: "require" }, /option tls\.clientCertificate: it cannot change while the server runs/],
      [undefined, /reloadTls: expected an object/],
    ];
    for (const [options, message] of wrong) {
      const expected = expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) });
      expect(() => server.reloadTls(options as ServerTlsOptions)).toThrow(expected);
    }
    expect(await shownBy(port)).toBe("localhost");
    const plain = new WebsocketServer();
    const noTls = expect.objectContaining({ code: "INVALID_STATE", message: expect.stringMatching(/no option tls/) });
    expect(() => plain.reloadTls(tls)).toThrow(noTls);
  });
});

test.each<[string, object, RegExp]>([
  ["a highest version below the lowest", { minVersion: "TLSv1.3", maxVersion: "TLSv1.2" }, /option tls\.maxVersion: it is below/],
  ["a version that nobody should speak", { maxVersion: "TLSv1.1" }, /option tls\.maxVersion: expected .*TLSv1\.2/],
  [
    "certificates of clients whom nobody has signed",
    { clientCertificate: "require", ca: undefined },
    /option tls\.ca: give the authorities/,
  ],
])("%s is found by the constructor", (_, options, message) => {
  const expected = expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) });
  expect(() => new WebsocketServer({ tls: { ...tls, ...options } as ServerTlsOptions })).toThrow(expected);
});
