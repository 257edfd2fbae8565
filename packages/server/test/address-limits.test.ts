import { Duplex, PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { AddressLimits } from "../src/addresses/address-limits.ts";
import { UpgradeRate } from "../src/addresses/upgrade-rate.ts";
import type { LogFields } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { serve, serveAuth, TestClient, turns, until } from "./support/harness.ts";

/** Sends an upgrade request from an address of 127.0.0.0/8 and reads the whole answer; of an upgrade the head only. */
async function ask(port: number, localAddress: string, headers: Record<string, string> = {}) {
  const raw = await RawSocket.connect(port, { localAddress });
  raw.write(upgradeRequest("/", headers));
  const head = await raw.readHead();
  const body = head.status === 101 ? "" : await raw.readToEnd();
  return { ...head, body, raw };
}

/** The statuses that several at once are answered with. */
async function statusesOf(asks: Promise<{ status: number }>[]): Promise<number[]> {
  return (await Promise.all(asks)).map(({ status }) => status);
}

const forwardedFor = (address: string) => ({ "X-Forwarded-For": address });

describe("limits.maxConnectionsPerAddress", () => {
  test("beyond it an address gets 429 with Retry-After before the user service is asked, and others do not", async () => {
    let calls = 0;
    const lines: { fields: LogFields; message: string }[] = [];
    const note = (fields: LogFields, message: string): void => void lines.push({ fields, message });
    const { server, port } = await serveAuth<number>(
      { limits: { maxConnectionsPerAddress: 3 }, logger: { debug: note, info: note, warn: note, error: note } },
      { getId: () => ++calls },
    );
    const token = { Authorization: "Bearer ada" };
    const open = [await ask(port, "127.0.0.2", token), await ask(port, "127.0.0.2", token), await ask(port, "127.0.0.2", token)];
    expect(open.map(({ status }) => status)).toEqual([101, 101, 101]);

    const refused = await ask(port, "127.0.0.2", token);
    expect(refused).toMatchObject({
      status: 429,
      headers: { "retry-after": "5", connection: "close" },
      body: "More connections of one address than limits.maxConnectionsPerAddress 3. Try again later.",
    });
    expect((await ask(port, "127.0.0.3", token)).status).toBe(101);
    expect([calls, server.stats().refusals]).toEqual([4, { 429: 1 }]);
    expect(lines.filter(({ message }) => message === "refused")).toMatchObject([
      { fields: { status: 429, remoteAddress: "127.0.0.2", reason: expect.stringContaining("maxConnectionsPerAddress 3") } },
    ]);

    open[0]?.raw.reset();
    refused.raw.destroy();
    await until("there is room", () => server.stats().connections === 3);
    await turns();
    expect((await ask(port, "127.0.0.2", token)).status).toBe(101);
  });

  test("counts those that say nothing yet; a flood of one address is cut short, and another's clients come in", async () => {
    const { server, port } = await serve(withInternals({ limits: { maxConnectionsPerAddress: 5 } }, { clock: new FakeClock() }));
    const from = { localAddress: "127.0.0.2", allowHalfOpen: true };
    const flood = await Promise.all(Array.from({ length: 200 }, () => RawSocket.connect(port, from)));
    const honest = await Promise.all(Array.from({ length: 5 }, (_, index) => ask(port, `127.0.0.${index + 3}`)));
    expect(honest.map(({ status }) => status)).toEqual([101, 101, 101, 101, 101]);
    await Promise.all(flood.slice(5).map((raw) => raw.whenOver()));
    // Eight are told so at the same time, and none of them goes; all others are closed without a word.
    expect(server.stats().refusals).toEqual({ 429: 8 });
    for (const raw of flood) raw.destroy();
    await turns();
    expect((await ask(port, "127.0.0.2")).status).toBe(101);
  });

  test("holds for an endpoint with TLS", async () => {
    const { ca, localhost } = makeCertificates();
    const { server, port } = await serve({
      tls: { key: localhost.key, cert: localhost.cert },
      limits: { maxConnectionsPerAddress: 2 },
    });
    const tls = { ca, servername: "localhost" };
    const open = [await RawSocket.open(port, "/", {}, { tls }), await RawSocket.open(port, "/", {}, { tls })];
    const refused = await RawSocket.connect(port, { tls });
    expect((await refused.readAnswer()).status).toBe(429);
    expect((await RawSocket.open(port, "/", {}, { tls, localAddress: "127.0.0.2" })).answer?.status).toBe(101);
    for (const raw of [...open, refused]) raw.destroy();
    await until("they are gone", () => server.stats().connections === 1);
    await turns();
    expect((await RawSocket.open(port, "/", {}, { tls })).answer?.status).toBe(101);
  });

  test("counts whom a trusted proxy brings by their own addresses, and the proxy not at all", async () => {
    const { server, port } = await serve({ trustProxy: ["127.0.0.1"], limits: { maxConnectionsPerAddress: 2 } });
    const come = (address: string) => ask(port, "127.0.0.1", forwardedFor(address));
    const open = [await come("203.0.113.7"), await come("203.0.113.7"), await come("203.0.113.8")];
    expect(open.map(({ status }) => status)).toEqual([101, 101, 101]);
    const forged = await come("1.2.3.4, 203.0.113.7");
    expect([forged.status, forged.headers["retry-after"]]).toEqual([429, "5"]);
    const health = [await ask(port, "127.0.0.1"), await ask(port, "127.0.0.1"), await ask(port, "127.0.0.1")];
    expect(health.map(({ status }) => status)).toEqual([101, 101, 101]);

    open[0]?.raw.reset();
    await until("one has gone", () => server.stats().connections === 5);
    await turns();
    expect((await come("203.0.113.7")).status).toBe(101);
  });

  test("can not be evaded by forged headers", async () => {
    const { port } = await serve({ limits: { maxConnectionsPerAddress: 2 } });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index++) {
      statuses.push((await ask(port, "127.0.0.2", forwardedFor(`203.0.113.${index}`))).status);
    }
    expect(statuses).toEqual([101, 101, 429, 429]);
  });

  test("counts all of an IPv6 /64 as one", async () => {
    const { port } = await serve({ trustProxy: ["loopback"], limits: { maxConnectionsPerAddress: 2 } });
    const statuses: number[] = [];
    for (const address of ["2001:db8::1", "2001:db8:0:0:ffff::1", "2001:db8::2", "2001:db8:0:1::1"]) {
      statuses.push((await ask(port, "127.0.0.1", forwardedFor(address))).status);
    }
    expect(statuses).toEqual([101, 101, 429, 101]);
  });

  test.each([
    ["203.0.113.7", [429, undefined]],
    ["127.0.0.1", [undefined, undefined]],
    ["10.0.0.1", [undefined, undefined]],
    ["fd00::1", [undefined, undefined]],
    ["2001:db8::1", [429, undefined]],
  ])("by default is 1,000 for public addresses, and nothing for private ones: %s", (remoteAddress, expected) => {
    const limits = new AddressLimits(
      { maxUpgradesPerSecondPerAddress: Number.POSITIVE_INFINITY, upgradeBurstPerAddress: 1 },
      undefined,
      new FakeClock(),
    );
    const sockets = Array.from({ length: 1_001 }, () => Object.assign(new PassThrough(), { remoteAddress }));
    for (const socket of sockets.slice(0, 1_000))
      expect([limits.arrive(socket), limits.judge(socket)]).toEqual([true, undefined]);
    const last = sockets[1_000] as (typeof sockets)[0];
    limits.arrive(last);
    const crowded = limits.judge(last)?.status;
    limits.leave(sockets[0] as (typeof sockets)[0]);
    expect([crowded, limits.judge(last)?.status]).toEqual(expected);
  });

  test("keeps nothing of a connection that was gone before its request was judged", () => {
    const limits = new AddressLimits(
      { maxConnectionsPerAddress: 1, maxUpgradesPerSecondPerAddress: Number.POSITIVE_INFINITY, upgradeBurstPerAddress: 1 },
      undefined,
      new FakeClock(),
    );
    const origin = { address: "203.0.113.7", port: 0, isSecure: false, host: undefined, isForwarded: true };
    const closed = Object.defineProperty(new Duplex(), "closed", { value: true });
    expect(limits.judgeUpgrade(closed, origin)).toBeUndefined();
    expect(limits.judgeUpgrade(new PassThrough(), origin)).toBeUndefined();
    expect(limits.judgeUpgrade(new PassThrough(), origin)?.status).toBe(429);
  });
});

describe("limits.maxUpgradesPerSecondPerAddress", () => {
  test("beyond its burst an address gets 429 with Retry-After, later it comes in again, and others do all the time", async () => {
    let calls = 0;
    const clock = new FakeClock();
    const { server, port } = await serveAuth<number>(
      withInternals({ limits: { maxUpgradesPerSecondPerAddress: 2, upgradeBurstPerAddress: 3 } }, { clock }),
      { getId: () => ++calls },
    );
    const come = (address: string) => ask(port, address, { Authorization: "Bearer ada" });
    const flood = await statusesOf(Array.from({ length: 50 }, () => come("127.0.0.2")));
    expect([flood.filter((status) => status === 101).length, flood.filter((status) => status === 429).length]).toEqual([3, 47]);
    const refused = await come("127.0.0.2");
    expect(refused).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(refused.body).toContain("limits.maxUpgradesPerSecondPerAddress 2");
    expect((await come("127.0.0.3")).status).toBe(101);
    expect([calls, server.stats().refusals]).toEqual([4, { 429: 48 }]);
    clock.advance(500);
    expect([(await come("127.0.0.2")).status, (await come("127.0.0.2")).status]).toEqual([101, 429]);
  });

  test("counts by the address that a trusted proxy tells, and leaves out the proxy's own requests", async () => {
    const clock = new FakeClock();
    const { port } = await serve(
      withInternals(
        { trustProxy: ["loopback"], limits: { maxUpgradesPerSecondPerAddress: 1, upgradeBurstPerAddress: 1 } },
        { clock },
      ),
    );
    const statuses: number[] = [];
    for (const headers of [forwardedFor("203.0.113.7"), forwardedFor("203.0.113.8"), forwardedFor("203.0.113.7"), {}, {}]) {
      statuses.push((await ask(port, "127.0.0.1", headers)).status);
    }
    expect(statuses).toEqual([101, 101, 429, 101, 101]);
  });

  test("lets in its rate in the long run, and who was refused has lost nothing by it", () => {
    const clock = new FakeClock();
    const rate = new UpgradeRate(3, 5, clock);
    let taken = 0;
    for (let ms = 0; ms < 10_000; ms += 10) {
      if (rate.take("a") === 0) taken++;
      clock.advance(10);
    }
    expect(taken).toBe(5 + 3 * 10 - 1);
    expect(rate.take("b")).toBe(0);
  });
});

describe("maxConnectionsPerUser", () => {
  const users = { getId: (token: string): string | null => (token === "nobody" ? null : token) };

  test.each(["header", "message"] as const)("a user beyond it gets 429 or 4429: token in %s", async (tokenIn) => {
    const { server, port, connections } = await serveAuth<string>({ tokenIn, maxConnectionsPerUser: 2 }, users);
    const come = async (token: string): Promise<number> => {
      if (tokenIn === "header") return (await ask(port, "127.0.0.1", { Authorization: `Bearer ${token}` })).status;
      const client = await TestClient.connect(`ws://127.0.0.1:${port}`);
      client.send(token);
      const before = server.stats().accepted;
      const accepted = until("accepted", () => server.stats().accepted > before).then(() => 101);
      return Promise.race([accepted, client.closed.then(({ code }) => code)]);
    };
    const tooMany = tokenIn === "header" ? 429 : 4429;
    expect([await come("ada"), await come("ada"), await come("ada"), await come("bob")]).toEqual([101, 101, tooMany, 101]);
    expect(server.stats().refusals).toEqual({ [tooMany]: 1 });
    const [first] = await connections.has(1, ({ type }) => type === "connected");
    first?.connection.terminate();
    await until("one is gone", () => server.stats().connections === 2);
    await turns();
    expect(await come("ada")).toBe(101);
  });

  test("counts those whose state is being made, and no longer who left meanwhile", async () => {
    const states: (() => void)[] = [];
    const createState = (): Promise<undefined> => new Promise((resolve) => states.push(() => resolve(undefined)));
    const { port } = await serveAuth<string, undefined>({ maxConnectionsPerUser: 1, createState }, users);
    const token = { Authorization: "Bearer ada" };
    const first = await RawSocket.connect(port);
    first.write(upgradeRequest("/", token));
    await until("its state is made", () => states.length === 1);
    expect((await ask(port, "127.0.0.1", token)).status).toBe(429);
    first.reset();
    await turns();
    const next = ask(port, "127.0.0.1", token);
    await until("its state is made", () => states.length === 2);
    for (const resolve of states) resolve();
    expect((await next).status).toBe(101);
  });
});
