import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type ClientOptions, WebsocketClient } from "@websockets-simple/client";
import { type HttpAuthenticationOptions, type ServerOptions, WebsocketServer } from "@websockets-simple/server";
import { describe, expect, it, onTestFinished } from "vitest";
import { orLeftOut } from "../../testkit/left-out.ts";
import { lighttpd } from "../../testkit/programs/lighttpd.ts";
import { nginx } from "../../testkit/programs/nginx.ts";
import { available, type RunningProgram, type ServerProgram, startProgram } from "../../testkit/programs/program.ts";
import { availableStrangerClients, startStrangerClient } from "../../testkit/strangers/strangers.ts";
import { nextConnection, started } from "../started.ts";

const ADA = { username: "ada", password: 's3cret, "quoted"' };
const credentials = (username: string) => (username === ADA.username ? ADA.password : null);

const guarded = (http: Partial<HttpAuthenticationOptions> = {}, options: ServerOptions = {}) =>
  started(new WebsocketServer({ host: "127.0.0.1", ...options, httpAuthentication: { credentials, ...http } }));

function client(url: string, options: ClientOptions = {}) {
  const made = new WebsocketClient({ url, reconnect: false, credentials: ADA, ...options });
  onTestFinished(() => made.dispose());
  return made;
}

async function running(
  program: ServerProgram,
  part: (port: number) => string,
  files?: Record<string, string>,
): Promise<RunningProgram> {
  const started = await startProgram(program, part, files);
  onTestFinished(() => started.stop());
  return started;
}

/** A server of ours that sends back what it gets, behind a program. */
async function echo(): Promise<{ server: WebsocketServer; port: number }> {
  const { server, url } = await started(new WebsocketServer({ host: "127.0.0.1" }));
  server.on("message", ({ type, message, connection }) => void (type === "received" && connection?.sendRaw(message)));
  return { server, port: Number(new URL(url).port) };
}

async function expectEcho(me: WebsocketClient): Promise<void> {
  const messages = me[Symbol.asyncIterator]();
  await me.sendRaw("żółw");
  expect((await messages.next()).value?.message).toBe("żółw");
}

const installed = (name: string, path: string) => orLeftOut(name, process.env.CI === "true" || existsSync(path) ? [path] : []);

describe.each(installed("curl", "/usr/bin/curl"))("our server and %s", (curl) => {
  const upgrade = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];

  /** What it prints, whatever becomes of it. */
  async function run(url: string, ...args: string[]): Promise<string> {
    const argv = ["-si", "--max-time", "20", ...args, ...upgrade.flatMap((line) => ["-H", line]), url];
    // It fails where it was let in: the server has ended a connection on which curl awaits an answer.
    return promisify(execFile)(curl, argv).then(
      ({ stdout }) => stdout,
      ({ stdout }: { readonly stdout: string }) => stdout,
    );
  }
  const statuses = (printed: string) => [...printed.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);

  it.each<[string, Partial<HttpAuthenticationOptions>, string[], string[]]>([
    ["--digest by SHA-256", {}, ["--digest"], ["401", "101"]],
    ["--digest by MD5", { algorithms: ["MD5"] }, ["--digest"], ["401", "101"]],
    ["--basic", { scheme: "basic" }, ["--basic"], ["101"]],
    ["--anyauth", { scheme: ["digest", "basic"], algorithms: ["SHA-256", "MD5"] }, ["--anyauth"], ["401", "101"]],
  ])("agree by %s, and not with a wrong password", async (_, http, args, expected) => {
    const { server, url } = await guarded(http);
    const target = `${url.replace("ws", "http")}room/a%20b?x=1`;
    const connected = nextConnection(server);
    server.on("connection", ({ type, connection }) => void (type === "connected" && connection.terminate()));
    expect(statuses(await run(target, ...args, "-u", `${ADA.username}:${ADA.password}`))).toEqual(expected);
    expect((await connected).userName).toBe("ada");
    const wrong = statuses(await run(target, ...args, "-u", `${ADA.username}:wrong`));
    expect(wrong.at(-1)).toBe("401");
    expect(wrong).not.toContain("101");
  });
});

describe.each(installed("python3", "/usr/bin/python3"))("our server and the urllib of %s", (python) => {
  it("agree by Digest, MD5 among others, and on what is overheard and said again", async () => {
    const { server, url } = await guarded({ algorithms: ["SHA-256", "MD5"] });
    const script = fileURLToPath(new URL("../../testkit/programs/clients/python_digest.py", import.meta.url));
    const ask = async (password: string): Promise<string[]> => {
      const args = [script, new URL(url).port, "/room?x=1", ADA.username, password];
      const { stdout } = await promisify(execFile)(python, args, { timeout: 30_000 });
      return stdout.trim().split("\n");
    };
    // urllib writes no quotes escaped: a password has none to show.
    expect(await ask(ADA.password)).toEqual(["401", "101", "401"]);
    expect(await ask("wrong")).toEqual(["401", "401", "401"]);
    expect(server.stats().refusals[401]).toBe(5);
  });
});

// A URL's user name and password are Basic to these.
describe.each(availableStrangerClients().filter((kind) => kind === "python-websockets" || kind === "mojolicious"))(
  "our server and %s",
  (kind) => {
    it("agree by Basic, and talk", async () => {
      const { server, url } = await guarded(
        { scheme: "basic", credentials: () => "s3cret" },
        { connectionSuccessString: "welcome" },
      );
      const connected = nextConnection(server);
      const stranger = startStrangerClient(kind, url.replace("ws://", "ws://ada:s3cret@"));
      onTestFinished(() => stranger.stop());
      await stranger.next("open");
      expect(await stranger.next("text")).toMatchObject({ data: "welcome" });
      expect((await connected).userName).toBe("ada");
      const refused = startStrangerClient(kind, url.replace("ws://", "ws://ada:wrong@"));
      onTestFinished(() => refused.stop());
      expect((await refused.next("refused")).status).toBe(401);
    });
  },
);

describe("our client and our server", () => {
  it.each<[string, Partial<HttpAuthenticationOptions>, object, string]>([
    ["Digest by SHA-256", {}, {}, "a"],
    ["Digest by MD5", { algorithms: ["MD5"] }, { algorithms: ["MD5"] }, "a"],
    ["Basic", { scheme: "basic" }, {}, "a"],
    ["Basic before it is asked for", { scheme: "basic" }, { preemptive: true }, "a"],
    ["a name and a password beyond ASCII", { credentials: () => "hasło" }, { username: "żółw", password: "hasło" }, "ż?q=ó"],
  ])("agree by %s", async (_, http, more, path) => {
    const { server, url } = await guarded(http);
    const connected = nextConnection(server);
    const mine = { ...ADA, ...more };
    await client(`${url}${path}`, { credentials: mine }).connect();
    expect((await connected).userName).toBe(mine.username);
    const wrong = client(url, { credentials: { ...mine, password: "wrong" } });
    await expect(wrong.connect()).rejects.toMatchObject({ code: "UNAUTHORIZED", status: 401 });
  });

  it("agree on who comes back, without a question in between, until the nonce is stale", async () => {
    const { server, url } = await guarded({ nonceLifetimeMs: 1_000 });
    const me = client(url, { reconnect: { baseDelayMs: 1, maxDelayMs: 1 } });
    await me.connect();
    const refusals = () => server.stats().refusals[401];
    expect(refusals()).toBe(1);
    const drop = () => {
      for (const connection of server.connections.values()) connection.terminate();
    };
    drop();
    await expect.poll(() => [me.state, server.stats().accepted]).toEqual(["connected", 2]);
    expect(refusals()).toBe(1);
    await expect
      .poll(async () => {
        if (me.state === "connected") drop();
        return refusals();
      })
      .toBe(2);
    await expect.poll(() => me.state).toBe("connected");
  });
});

describe.each(available(nginx))("our client and $name", (program) => {
  const sha1 = (text: string) => `{SHA}${createHash("sha1").update(text).digest("base64")}`;

  it("agree by Basic before a server of ours, on challenge and before; a wrong password is refused for good", async () => {
    const { server, port } = await echo();
    const front = await running(
      program,
      (listen) => `
        server {
          listen 127.0.0.1:${listen};
          location / {
            auth_basic "members only";
            auth_basic_user_file users;
            proxy_pass http://127.0.0.1:${port};
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection upgrade;
            proxy_set_header Authorization "";
          }
        }`,
      { users: `${ADA.username}:${sha1(ADA.password)}\n` },
    );
    const url = `ws://127.0.0.1:${front.port}/`;
    for (const preemptive of [false, true]) {
      const me = client(url, { credentials: { ...ADA, preemptive } });
      await me.connect();
      await expectEcho(me);
    }
    const refused = { code: "UNAUTHORIZED", status: 401, message: expect.stringMatching(/user name or the password is refused/) };
    await expect(client(url, { credentials: { ...ADA, password: "wrong" } }).connect()).rejects.toMatchObject(refused);
    await expect(client(url, { credentials: { ...ADA, scheme: ["digest"] } }).connect()).rejects.toMatchObject({
      message: expect.stringMatching(/asks for Basic \(credentials\.scheme\)/),
    });
    expect(server.stats().accepted).toBe(2);
  });
});

describe.each(available(lighttpd))("our client and $name", (program) => {
  const hashes = { "SHA-256": "sha256", MD5: "md5" } as const;

  it.each(["SHA-256", "MD5"] as const)("agree by Digest before a server of ours, %s, and come back", async (algorithm) => {
    const { server, port } = await echo();
    const ha1 = createHash(hashes[algorithm]).update(`${ADA.username}:members:${ADA.password}`).digest("hex");
    const front = await running(
      program,
      () => `
        server.modules = ("mod_auth", "mod_authn_file", "mod_proxy")
        auth.backend = "htdigest"
        auth.backend.htdigest.userfile = "users"
        auth.require = ("" => ("method" => "digest", "realm" => "members", "require" => "valid-user", "algorithm" => "${algorithm}"))
        proxy.header = ("upgrade" => "enable")
        proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${port})))`,
      { users: `${ADA.username}:members:${ha1}\n` },
    );
    const url = `ws://127.0.0.1:${front.port}/room?x=1`;
    const allowed = { ...ADA, algorithms: [algorithm] };
    const me = client(url, { credentials: allowed, reconnect: { baseDelayMs: 1, maxDelayMs: 1 } });
    await me.connect();
    await expectEcho(me);
    for (const connection of server.connections.values()) connection.terminate();
    await expect.poll(() => [me.state, server.stats().accepted]).toEqual(["connected", 2]);
    const wrong = client(url, { credentials: { ...allowed, password: "wrong" } });
    await expect(wrong.connect()).rejects.toMatchObject({ code: "UNAUTHORIZED", status: 401 });
    if (algorithm === "SHA-256") return;
    const message = expect.stringMatching(/asks for Digest by MD5 \(credentials\.algorithms\)/);
    await expect(client(url).connect()).rejects.toMatchObject({ message });
  });
});
