import crypto from "node:crypto";
import type { Acceptance } from "./engine.ts";

/** RFC 6455 section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What a server proves with that it speaks WebSocket (section 4.2.2). */
export function acceptValue(key: string): string {
  // In one call, which Node knows from 20.12 on.
  if (crypto.hash) return crypto.hash("sha1", key + GUID, "base64");
  return crypto
    .createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}

/** The 101 that opens a connection. */
export function switchingProtocols(key: string, { subprotocol, headers }: Acceptance, extensions: string | undefined): string {
  const chosen = subprotocol === undefined ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
  const agreed = extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${extensions}\r\n`;
  const further = headers === undefined ? "" : headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptValue(key)}\r\n${chosen}${agreed}${further}\r\n`;
}
