import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { frame, Opcode, RawSocket, upgradeRequest, within } from "../../../testkit/raw-socket.ts";
import type { AuthServerOptions } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { serve, serveAuth, turns, until } from "./support/harness.ts";

/** Calls of `createState` that the test answers. */
function slowStates() {
  const calls: { resolve: () => void; reject: () => void }[] = [];
  const createState = (): Promise<undefined> =>
    new Promise((resolve, reject) => {
      calls.push({ resolve: () => resolve(undefined), reject: () => reject(new Error("no state")) });
    });
  return { calls, createState };
}

const users = { getId: (token: string): number | null => (token === "ada" ? 1 : null) };

/** How a peer comes to the point where its state is made: with the token in the request, or in the first message. */
const WAYS: [string, AuthServerOptions<number>["tokenIn"], (port: number) => Promise<RawSocket>][] = [
  [
    "a token in the request",
    "header",
    async (port) => {
      const peer = await RawSocket.connect(port);
      peer.write(upgradeRequest("/", { Authorization: "Bearer ada" }));
      return peer;
    },
  ],
  [
    "a token in the first message",
    "message",
    async (port) => {
      const peer = await RawSocket.open(port);
      peer.write(frame(Opcode.text, "ada"));
      return peer;
    },
  ],
];

describe.each(WAYS)("createState that takes its time, after %s", (_, tokenIn, come) => {
  test("counts for a client who has left until it ends: no more run than limits.maxPendingHandshakes", async () => {
    const { calls, createState } = slowStates();
    const { server, port, connections, errors } = await serveAuth<number, undefined>(
      { tokenIn: tokenIn as never, createState, limits: { maxPendingHandshakes: 3 } },
      users,
    );
    for (let count = 1; count <= 3; count++) {
      const peer = await come(port);
      await until("its state is made", () => calls.length === count);
      peer.reset();
    }
    await turns();
    expect(server.stats().pendingHandshakes).toBe(3);
    for (let count = 0; count < 5; count++) {
      const turnedAway = await RawSocket.connect(port);
      turnedAway.write(upgradeRequest("/", { Authorization: "Bearer ada" }));
      expect((await turnedAway.readAnswer()).status).toBe(503);
      turnedAway.destroy();
    }
    expect(calls).toHaveLength(3);

    calls[0]?.resolve();
    calls[1]?.reject();
    await until("two places are free", () => server.stats().pendingHandshakes === 1);
    const next = await come(port);
    await until("the next one's state is made", () => calls.length === 4);
    calls[3]?.resolve();
    await connections.one(({ type }) => type === "connected");
    calls[2]?.resolve();
    await until("all is decided", () => server.stats().pendingHandshakes === 0);
    // The hook that failed is an error; the peers who had left were neither accepted nor refused.
    expect(errors.all).toMatchObject([{ error: { code: "LISTENER_FAILED" } }]);
    expect(server.stats()).toMatchObject({ accepted: 1, refusals: { 503: 5 } });
    next.destroy();
  });

  test("that never ends gives its place back after limits.headersTimeoutMs", async () => {
    const { calls, createState } = slowStates();
    const clock = new FakeClock();
    const { server, port, errors } = await serveAuth<number, undefined>(
      withInternals({ tokenIn: tokenIn as never, createState, limits: { headersTimeoutMs: 5_000 } }, { clock }),
      users,
    );
    const peer = await come(port);
    await until("its state is made", () => calls.length === 1);
    peer.reset();
    await turns();
    clock.advance(4_999);
    await turns();
    expect(server.stats().pendingHandshakes).toBe(1);
    clock.advance(1);
    await until("forgotten", () => server.stats().pendingHandshakes === 0);
    expect(errors.all).toMatchObject([{ error: { message: expect.stringContaining("limits.headersTimeoutMs 5000") } }]);
    expect(server.stats().refusals).toEqual({});
  });

  test("is waited for no longer when the server stops, whether the client is there or has left", async () => {
    const { calls, createState } = slowStates();
    const clock = new FakeClock();
    const { server, port, connections, errors } = await serveAuth<number, undefined>(
      withInternals({ tokenIn: tokenIn as never, createState }, { clock }),
      users,
    );
    const peers = [await come(port), await come(port)];
    await until("their states are made", () => calls.length === 2);
    peers[0]?.reset();
    await turns();
    await server.stop();
    expect([clock.timers, server.stats().pendingHandshakes]).toEqual([0, 0]);
    await peers[1]?.whenOver();
    calls[0]?.resolve();
    calls[1]?.reject();
    await turns();
    expect([connections.all, errors.all, server.stats().refusals]).toEqual([[], [], {}]);

    const again = await server.start();
    await come(again.port);
    await until("it is asked anew", () => calls.length === 3);
    calls[2]?.resolve();
    await connections.one(({ type }) => type === "connected");
  });
});

describe("stop", () => {
  test.each(WAYS)("waits for no answer of the user service, after %s", async (_, tokenIn, come) => {
    const clock = new FakeClock();
    const signals: AbortSignal[] = [];
    const { server, port, connections, errors } = await serveAuth<number>(
      withInternals({ tokenIn: tokenIn as never, userServiceLimits: { concurrency: 2 } }, { clock }),
      {
        getId: (_token, { signal }) => {
          signals.push(signal);
          return new Promise(() => {});
        },
      },
    );
    const peers: RawSocket[] = [];
    for (let count = 1; count <= 3; count++) {
      peers.push(await come(port));
      if (count < 3) await until("it is asked for", () => signals.length === count);
    }
    // One is asked for and has left, one is asked for, one waits for its turn.
    peers[0]?.reset();
    await until("one has left", () => server.stats().pendingHandshakes === 2);
    await turns();
    await server.stop();
    expect([clock.timers, signals.map(({ aborted }) => aborted)]).toEqual([0, [true, true]]);
    expect([connections.all, errors.all, server.stats().refusals]).toEqual([[], [], {}]);
  });

  test("waits for no first message", async () => {
    const clock = new FakeClock();
    const { server, port } = await serveAuth<number>(withInternals({ tokenIn: "message" }, { clock }), users);
    const peer = await RawSocket.open(port);
    await until("pending", () => server.stats().pendingHandshakes === 1);
    await server.stop();
    await peer.whenOver();
    expect([clock.timers, server.stats().refusals]).toEqual([0, {}]);
  });

  test("takes nobody in whose TLS handshake ends only now", async () => {
    const { ca, localhost } = makeCertificates();
    const { server, port, connections } = await serve({
      tls: { key: localhost.key, cert: localhost.cert },
      closeTimeoutMs: 60_000,
    });
    const tls = { ca, servername: "localhost" };
    const slow = await RawSocket.open(port, "/", {}, { tls });
    await connections.one(({ type }) => type === "connected");
    const socket = connect(port, "127.0.0.1");
    await within("connect", new Promise<void>((resolve) => socket.once("connect", resolve)));
    await turns();
    const stopping = server.stop();
    expect((await slow.readFrame()).code).toBe(1001);
    const late = await RawSocket.connect(port, { tls: { ...tls, socket } });
    late.write(upgradeRequest());
    await late.whenOver();
    slow.destroy();
    await within("stopped", stopping);
    expect([connections.all.filter(({ type }) => type === "connected").length, server.stats().accepted]).toEqual([1, 1]);
  });
});
