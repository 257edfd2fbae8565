/** Just enough of HTTP and RFC 6455 to misuse them. */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

/** A socket to the server whose errors concern nobody, nor what it reads. */
export function dial(port) {
  return connect({ port, host: "127.0.0.1", noDelay: true })
    .on("error", () => {})
    .resume();
}

/** An upgrade request, with further lines. */
export function upgradeRequest(more = "") {
  const key = randomBytes(16).toString("base64");
  const lines = ["GET / HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
  return `${lines.join("\r\n")}\r\nSec-WebSocket-Key: ${key}\r\n${more}\r\n`;
}

/** The beginning of a masked frame whose mask is zero, so that the payload stands as it is. */
export function header(first, bytes) {
  const head = Buffer.alloc(14);
  head[0] = first;
  if (bytes < 126) {
    head[1] = 0x80 | bytes;
    return head.subarray(0, 6);
  }
  if (bytes < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(bytes, 2);
    return head.subarray(0, 8);
  }
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(bytes), 2);
  return head;
}

/** A whole such frame. */
export function frame(first, payload) {
  return Buffer.concat([header(first, payload.length), payload]);
}
