/**
 * The limit in Node: bare sockets and just as much of the protocol as an echo of what the load generator sends needs. One
 * write for each chunk that was read. Nothing is checked, no text becomes a string, no message has a listener.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { api, compression, listening, tls } from "./process.mjs";

if (compression) throw new Error("it does not compress");
if (api === "packets") throw new Error("it knows no packets");
const NOTHING = Buffer.alloc(0);
const sockets = new Set();

/** Where the payload of the frame at `at` begins and ends, or undefined when the frame is not whole. */
function frameAt(bytes, at) {
  if (bytes.length < at + 2) return undefined;
  let length = bytes[at + 1] & 127;
  let start = at + 6;
  if (length > 125) start += length === 126 ? 2 : 8;
  if (bytes.length < start) return undefined;
  if (length === 126) length = bytes.readUInt16BE(at + 2);
  if (length === 127) length = Number(bytes.readBigUInt64BE(at + 2));
  return bytes.length < start + length ? undefined : { start, end: start + length };
}

/** Unmasks in place: long payloads by words, which must lie at multiples of four. */
function unmask(bytes, start, end) {
  const mask = start - 4;
  let at = start;
  if (end - start > 64) {
    while ((bytes.byteOffset + at) & 3) bytes[at] ^= bytes[mask + ((at++ - start) & 3)];
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, (end - at) >> 2);
    // The mask as the first word meets it.
    const of = (offset) => bytes[mask + ((at + offset - start) & 3)];
    const turned = of(0) | (of(1) << 8) | (of(2) << 16) | (of(3) << 24);
    for (let index = 0; index < words.length; index++) words[index] ^= turned;
    at += words.length * 4;
  }
  for (; at < end; at++) bytes[at] ^= bytes[mask + ((at - start) & 3)];
}

/** What answers all whole frames of a chunk, as one buffer, and what is left of the chunk. */
function answers(bytes) {
  const parts = [];
  let at = 0;
  for (let frame = frameAt(bytes, at); frame; frame = frameAt(bytes, at)) {
    unmask(bytes, frame.start, frame.end);
    // The header without its mask moves up to the payload, and the frame is the answer as it lies there.
    bytes.copy(bytes, at + 4, at, frame.start - 4);
    bytes[at + 5] &= 127;
    parts.push(bytes.subarray(at + 4, frame.end));
    at = frame.end;
  }
  const answer = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  return { answer, rest: at === bytes.length ? NOTHING : bytes.subarray(at) };
}

function converse(socket) {
  let rest = NOTHING;
  sockets.add(socket);
  socket.on("data", (chunk) => {
    const { answer, rest: left } = answers(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
    rest = left;
    if (answer.length === 0) return;
    if (api !== "fan") socket.write(answer);
    else for (const each of sockets) each.write(answer);
  });
}

function accept(socket) {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("close", () => sockets.delete(socket));
  socket.once("data", (request) => {
    const [, key] = /^sec-websocket-key: (.*)\r$/im.exec(request.latin1Slice());
    const proof = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
    );
    converse(socket);
  });
}

const server = tls ? createTlsServer(tls, accept) : createServer(accept);
server.listen(0, "127.0.0.1", () => listening(server.address().port));
