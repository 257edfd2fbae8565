/**
 * What hostile sockets do, each kind by its name: with a socket that has just been opened, until that is gone. `every` does
 * something again and again as long as it is there.
 *
 * @typedef {(socket: import("node:net").Socket, every: (ms: number, act: () => void) => void) => void} Kind
 */
import { randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { frame, header, upgradeRequest } from "./wire.mjs";

const TEXT = 0x81;
const BINARY = 0x82;
const PING = 0x89;
const MESSAGE = frame(TEXT, Buffer.from("x".repeat(20)));
const MANY = Buffer.concat(Array(500).fill(MESSAGE));
const PINGS = Buffer.concat(Array(500).fill(frame(PING, randomBytes(125))));
const LARGE = frame(BINARY, Buffer.alloc(65_536));
const FRAGMENTS = Buffer.concat(Array(1_000).fill(frame(0x00, Buffer.from("x"))));
/** 1 MiB of nothing, in a kilobyte. */
const BOMB = frame(BINARY | 0x40, deflateRawSync(Buffer.alloc(1_048_575)));
const OFFER = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";

/** Writes as long as the system takes it, and goes on when it does so again. */
function pour(socket, bytes) {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on("drain", () => setImmediate(more));
  more();
}

/** Upgrades, and goes on once that is answered. */
function upgraded(socket, go, more = "") {
  socket.write(upgradeRequest(more));
  socket.once("data", go);
}

/** @type {Record<string, Kind>} */
export const KINDS = {
  "says nothing": () => {},
  "a header byte by byte": (socket, every) => {
    const bytes = Buffer.from(upgradeRequest(`X: ${"y".repeat(4_000)}\r\n`));
    let at = 0;
    every(200, () => socket.write(bytes.subarray(at, ++at)));
  },
  "random bytes": (socket) => pour(socket, randomBytes(4_096)),
  "malformed upgrades": (socket) => socket.end(upgradeRequest("Sec-WebSocket-Version: 12\r\nUpgrade: what\r\n")),
  "a frame byte by byte": (socket, every) =>
    upgraded(socket, () => {
      socket.write(header(BINARY, 1_000_000));
      every(200, () => socket.write("x"));
    }),
  "fragments without end": (socket) =>
    upgraded(socket, () => {
      socket.write(frame(0x01, Buffer.from("x")));
      pour(socket, FRAGMENTS);
    }),
  "frames without a mask": (socket) => upgraded(socket, () => socket.write(Buffer.from([TEXT, 1, 0x78]))),
  "a length that lies": (socket) => upgraded(socket, () => socket.write(header(BINARY, 2 ** 40))),
  "pings, and reads no pongs": (socket) =>
    upgraded(socket, () => {
      socket.pause();
      pour(socket, PINGS);
    }),
  "messages, and reads no replies": (socket) =>
    upgraded(socket, () => {
      socket.pause();
      pour(socket, LARGE);
    }),
  "messages as fast as it goes": (socket) => upgraded(socket, () => pour(socket, MANY)),
  "a bomb, inflating a thousandfold": (socket, every) => upgraded(socket, () => every(50, () => socket.write(BOMB)), OFFER),
  "resets after the upgrade": (socket) => upgraded(socket, () => socket.resetAndDestroy()),
};
