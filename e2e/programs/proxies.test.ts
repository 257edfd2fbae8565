import { createHash } from "node:crypto";
import { type ClientOptions, WebsocketClient } from "@websockets-simple/client";
import { WebsocketServer } from "@websockets-simple/server";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Certificates, makeCertificates } from "../../testkit/certificates.ts";
import { available, type RunningProgram, startProgram } from "../../testkit/programs/program.ts";
import { squid } from "../../testkit/programs/squid.ts";
import { tinyproxy } from "../../testkit/programs/tinyproxy.ts";

const ADA = { username: "ada", password: "s3cret" };
const LISTENING_MS = 30_000;

let certificates: Certificates;
/** An echo over ws, another over wss, and where they are. */
const servers: Record<"ws" | "wss", { readonly server: WebsocketServer; readonly port: number }> = {} as never;

beforeAll(async () => {
  certificates = makeCertificates();
  const { key, cert } = certificates.localhost;
  for (const scheme of ["ws", "wss"] as const) {
    const server = new WebsocketServer({ host: "127.0.0.1", ...(scheme === "wss" && { tls: { key, cert } }) });
    server.on("message", ({ type, message, connection }) => {
      if (type === "received") void connection.sendRaw(message);
    });
    servers[scheme] = { server, port: (await server.start()).port };
  }
});
afterAll(() => Promise.all(Object.values(servers).map(({ server }) => server.dispose())));

function through(proxy: ClientOptions["proxy"], scheme: "ws" | "wss" = "ws", port = servers[scheme].port): WebsocketClient {
  const client = new WebsocketClient({
    url: `${scheme}://localhost:${port}/`,
    proxy,
    tls: { ca: certificates.ca },
    reconnect: false,
  });
  onTestFinished(() => client.dispose());
  return client;
}

/** Texts, and a message that goes in many pieces, there and back. */
async function talks(client: WebsocketClient): Promise<void> {
  await client.connect();
  const messages = client[Symbol.asyncIterator]();
  const large = new Uint8Array(300_000).map((_, index) => index % 251);
  for (const message of ["hello", large]) {
    await client.sendRaw(message);
    expect((await messages.next()).value?.message).toEqual(message);
  }
}

const refusal = (client: WebsocketClient) =>
  client.connect().then(
    () => undefined,
    (error) => error,
  );

/** A running proxy, for all tests of a block. */
function running(start: () => Promise<RunningProgram>): { readonly url: string } {
  let program: RunningProgram | undefined;
  beforeAll(async () => {
    program = await start();
  }, LISTENING_MS);
  afterAll(() => program?.stop());
  return {
    get url() {
      return `http://127.0.0.1:${program?.port}`;
    },
  };
}

describe.each(available(squid))("through $name", (program) => {
  describe("that asks nobody", () => {
    const proxy = running(() =>
      startProgram(
        program,
        () => `acl open port ${servers.ws.port} ${servers.wss.port} 1\nhttp_access allow CONNECT open\nhttp_access deny all`,
      ),
    );

    test.each(["ws", "wss"] as const)("a client talks over %s", (scheme) => talks(through(proxy.url, scheme)));

    test("a port that it does not let through is told, and a server that is not there", async () => {
      expect(await refusal(through(proxy.url, "ws", 2))).toMatchObject({
        code: "REFUSED",
        status: 403,
        message: expect.stringContaining("let anybody through to localhost:2"),
      });
      expect(await refusal(through(proxy.url, "ws", 1))).toMatchObject({
        code: "CONNECT_FAILED",
        status: 503,
        message: expect.stringContaining("does not reach localhost:1"),
      });
    });
  });

  describe("that asks by Digest", () => {
    const secret = createHash("md5").update("ada:p:s3cret").digest("hex");
    const proxy = running(() =>
      startProgram(
        program,
        () => `
auth_param digest program /usr/lib/squid/digest_file_auth -c digests
auth_param digest realm p
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all`,
        { digests: `ada:p:${secret}\n` },
      ),
    );
    const by = (more: object) => ({ url: proxy.url, credentials: { ...ADA, ...more } });

    test.each(["ws", "wss"] as const)("a client that may use MD5 talks over %s", (scheme) =>
      talks(through(by({ algorithms: ["MD5"] }), scheme)),
    );

    test("a client that may not, or has the wrong password, or none, is told what to do", async () => {
      expect(await refusal(through(by({})))).toMatchObject({
        code: "REFUSED",
        status: 407,
        message: expect.stringContaining("proxy.credentials.algorithms"),
      });
      expect(await refusal(through(by({ algorithms: ["MD5"], password: "wrong" })))).toMatchObject({
        code: "REFUSED",
        status: 407,
        message: expect.stringContaining("the password is refused"),
      });
      expect(await refusal(through(proxy.url))).toMatchObject({
        code: "REFUSED",
        status: 407,
        message: expect.stringContaining("option proxy.credentials"),
      });
    });
  });
});

describe.each(available(tinyproxy))("through $name", (program) => {
  describe("that asks nobody", () => {
    const proxy = running(() => startProgram(program, () => ""));

    test.each(["ws", "wss"] as const)("a client talks over %s", (scheme) => talks(through(proxy.url, scheme)));
  });

  describe("that asks by Basic", () => {
    const proxy = running(() => startProgram(program, () => "BasicAuth ada s3cret"));
    const as = (user: string) => proxy.url.replace("//", `//${user}@`);

    test.each(["ws", "wss"] as const)("a client talks over %s, with what stands in the URL", (scheme) =>
      talks(through(as("ada:s3cret"), scheme)),
    );

    test("a wrong password is told", async () => {
      expect(await refusal(through(as("ada:wrong")))).toMatchObject({
        code: "REFUSED",
        message: expect.stringContaining("the password is refused"),
      });
    });
  });
});
