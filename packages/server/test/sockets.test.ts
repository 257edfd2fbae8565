import type { Duplex } from "node:stream";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Certificates, makeCertificates } from "../../../testkit/certificates.ts";
import { RawSocket } from "../../../testkit/raw-socket.ts";
import { watchTcp } from "../../../testkit/tcp-handles.ts";
import { type ServerOptions, WebsocketServer } from "../src/index.ts";
import { withInternals } from "../src/internals.ts";
import { ENGINES, type Engine } from "../src/socket.ts";
import { serve, TestClient } from "./support/harness.ts";

let certificates: Certificates;
beforeAll(() => {
  certificates = makeCertificates();
});

describe("option noDelay", () => {
  describe.each(["own", "ws"] as const)("with engine %s", (engine) => {
    test.each([
      ["TCP, by default", {}, false, true],
      ["TCP, true", { noDelay: true }, false, true],
      ["TCP, false", { noDelay: false }, false, false],
      ["TLS, by default", {}, true, true],
      ["TLS, false", { noDelay: false }, true, false],
    ])("is what the system is told of each connection: %s", async (_, options: ServerOptions, isSecure, expected) => {
      const watched = await watchTcp();
      const { key, cert } = certificates.localhost;
      const { port, url, connections } = await serve({ engine, ...options, ...(isSecure && { tls: { key, cert } }) });
      const place = isSecure ? `wss://localhost:${port}` : url;
      const client = await TestClient.connect(place, isSecure ? { ca: certificates.ca } : {});
      const { connection } = await connections.one(({ type }) => type === "connected");
      await connection.sendRaw("small");
      expect(await client.hears(1)).toEqual(["small"]);
      // Whoever was never told keeps the system's own, which is off.
      expect(watched.noDelayAt(port)[0] ?? false).toBe(expected);
    });
  });
});

describe("option backlog", () => {
  test("is what the system is told of each endpoint; 511 by default", async () => {
    const watched = await watchTcp();
    await serve();
    await serve({ backlog: 7 });
    const server = new WebsocketServer({
      endpoints: [
        { port: 0, host: "127.0.0.1", backlog: 1 },
        { port: 0, host: "127.0.0.1" },
      ],
    });
    onTestFinished(() => server.dispose());
    await server.start();
    expect(watched.backlogs).toEqual([511, 7, 1, 511]);
  });
});

describe("option socketBufferBytes", () => {
  /** The streams that the server hands to its engine. */
  function streamsOf(options: ServerOptions) {
    const streams: Duplex[] = [];
    const engine: Engine = {
      ...ENGINES.own,
      createAcceptor(bounds) {
        const acceptor = ENGINES.own.createAcceptor(bounds);
        return {
          accept(request, stream, ...rest) {
            streams.push(stream);
            acceptor.accept(request, stream, ...rest);
          },
        };
      },
    };
    return { streams, options: withInternals(options, { engine }) };
  }

  test.each([
    [{}, undefined],
    [{ socketBufferBytes: 3_000 }, 3_000],
  ])("is the highWaterMark of each socket: %j", async (given, expected) => {
    const { streams, options } = streamsOf(given);
    const { port, messages } = await serve(options);
    const peer = await RawSocket.open(port);
    onTestFinished(() => peer.destroy());
    const [stream] = streams;
    const byDefault = peer.socket.readableHighWaterMark;
    expect([stream?.readableHighWaterMark, stream?.writableHighWaterMark]).toEqual(
      expected ? [expected, expected] : [byDefault, byDefault],
    );
    expect(messages.all).toEqual([]);
  });

  test.each(["own", "ws"] as const)("small or large, messages come and go whole, with engine %s", async (engine) => {
    for (const socketBufferBytes of [1_024, 16_777_216]) {
      const { url, messages, connections } = await serve({ engine, socketBufferBytes });
      const client = await TestClient.connect(url);
      const big = "x".repeat(900_000);
      client.send(big);
      expect((await messages.one()).message === big).toBe(true);
      const { connection } = await connections.one(({ type }) => type === "connected");
      await connection.sendRaw(big);
      expect((await client.hears(1))[0] === big).toBe(true);
    }
  });
});

test.each<[object, string]>([
  [{ noDelay: 1 }, "option noDelay: expected boolean; got 1"],
  [{ backlog: 0 }, "option backlog: expected a whole number from 1 to 65535; got 0"],
  [{ backlog: 65_536 }, "option backlog: expected a whole number from 1 to 65535"],
  [{ endpoints: [{ port: 1, backlog: 1.5 }] }, "option endpoints[0].backlog: expected a whole number from 1 to 65535; got 1.5"],
  [{ endpoints: [{ port: 1 }], backlog: 5 }, "option backlog: expected to be left out, since `endpoints` is given"],
  [{ socketBufferBytes: 1_023 }, "option socketBufferBytes: expected a whole number from 1024 to 16777216; got 1023"],
  [{ socketBufferBytes: 16_777_217 }, "option socketBufferBytes: expected a whole number from 1024 to 16777216"],
])("%j is refused: %s", (options, message) => {
  expect(() => new WebsocketServer(options)).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
  );
});
