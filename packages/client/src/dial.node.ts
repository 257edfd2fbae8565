import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { SocketOptions } from "./platform.ts";
import { tlsSettings } from "./tls.node.ts";

/** Begins to open a stream to where a URL leads; what fails is told by its `error`. */
export function dial({ protocol, hostname, port }: URL, options: Omit<SocketOptions, "maxPayload" | "closeTimeoutMs">): Socket {
  const { tls, noDelay = true, socketBufferBytes } = options;
  const buffers = socketBufferBytes !== undefined && { highWaterMark: socketBufferBytes };
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol === "ws:") return connect({ host, port: Number(port) || 80, noDelay, ...buffers });
  const named = { host, port: Number(port) || 443, servername: isIP(host) ? "" : host, ALPNProtocols: ["http/1.1"] };
  return connectTls({ ...named, ...buffers, ...tlsSettings(tls) }).setNoDelay(noDelay);
}
