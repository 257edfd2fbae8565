import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { makeCertificates } from "../../../testkit/certificates.ts";
import { within } from "../../../testkit/raw-socket.ts";
import { watchTcp } from "../../../testkit/tcp-handles.ts";
import { type ClientOptions, WebsocketClient } from "../src/index.ts";

/** A client that has exchanged a message with an echo. */
async function exchanged(isSecure: boolean, options: Partial<ClientOptions>) {
  const certificates = makeCertificates();
  const http = isSecure ? createTlsServer(certificates.localhost) : createServer();
  const wss = new WebSocketServer({ server: http });
  wss.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of wss.clients) socket.terminate();
    http.close();
  });
  const { port } = http.address() as AddressInfo;
  const url = isSecure ? `wss://localhost:${port}/` : `ws://127.0.0.1:${port}/`;
  const me = new WebsocketClient({ url, reconnect: false, ...options, ...(isSecure && { tls: { ca: certificates.ca } }) });
  onTestFinished(() => me.dispose());
  await me.connect();
  const messages = me[Symbol.asyncIterator]();
  const big = "x".repeat(900_000);
  await me.sendRaw(big);
  expect((await within("the echo", messages.next())).value?.message === big).toBe(true);
  return port;
}

describe("option noDelay", () => {
  it.each([
    ["TCP, by default", {}, false, true],
    ["TCP, false", { noDelay: false }, false, false],
    ["TLS, by default", {}, true, true],
    ["TLS, false", { noDelay: false }, true, false],
    ["TCP, over our own engine, by default", { followRedirects: 1 }, false, true],
    ["TCP, over our own engine, false", { followRedirects: 1, noDelay: false }, false, false],
    ["TLS, over our own engine, by default", { followRedirects: 1 }, true, true],
    ["TLS, over our own engine, false", { followRedirects: 1, noDelay: false }, true, false],
  ])("is what the system is told of the connection: %s", async (_, options, isSecure, expected) => {
    const watched = await watchTcp();
    const told = watched.noDelayTo(await exchanged(isSecure, options));
    // Whoever was never told keeps the system's own, which is off.
    expect([told.length <= 1, told[0] ?? false]).toEqual([true, expected]);
  });
});

describe("option socketBufferBytes", () => {
  it.each([
    ["TCP, by default", undefined, false],
    ["TCP, small", 1_024, false],
    ["TCP, large", 16_777_216, false],
    ["TLS, small", 1_024, true],
    ["TLS, large", 16_777_216, true],
  ])("is the highWaterMark of its socket, and messages come and go whole: %s", async (_, socketBufferBytes, isSecure) => {
    const marks: (number | undefined)[] = [];
    class Watched extends WebSocket {
      constructor(url: string, protocols: string[], options: object) {
        super(url, protocols, options);
        this.on("upgrade", ({ socket }) => marks.push(socket.readableHighWaterMark, socket.writableHighWaterMark));
      }
    }
    await exchanged(isSecure, { socketBufferBytes, webSocket: Watched as never });
    const byDefault = new Socket().readableHighWaterMark;
    expect(marks).toEqual([socketBufferBytes ?? byDefault, socketBufferBytes ?? byDefault]);
  });
});

it.each<[object, string]>([
  [{ noDelay: "yes" }, 'option noDelay: expected boolean; got "yes"'],
  [{ socketBufferBytes: 1_023 }, "option socketBufferBytes: expected a whole number from 1024 to 16777216; got 1023"],
  [{ socketBufferBytes: 16_777_217 }, "option socketBufferBytes: expected a whole number from 1024 to 16777216"],
])("%j is refused: %s", (options, message) => {
  expect(() => new WebsocketClient({ url: "ws://server/", ...options })).toThrow(
    expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
  );
});
