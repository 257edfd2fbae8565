import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ClientTlsOptions, SocketOptions } from "./platform.ts";
import { tlsSettings } from "./tls.node.ts";

/** What of a client's options concerns its stream. */
export type StreamOptions = Pick<SocketOptions, "noDelay" | "socketBufferBytes"> & {
  readonly tls?: ClientTlsOptions | undefined;
};

/** Where a URL leads: an IPv6 address without brackets, and the scheme's port unless there is one. */
export function placeOf({ protocol, hostname, port }: URL): { readonly host: string; readonly port: number } {
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || (/^(ws|http):$/.test(protocol) ? 80 : 443) };
}

/** Begins to open a stream to where a URL leads; what fails is told by its `error`. */
export function dial(url: URL, { tls, noDelay = true, socketBufferBytes }: StreamOptions): Socket {
  const buffers = socketBufferBytes !== undefined && { highWaterMark: socketBufferBytes };
  const place = placeOf(url);
  if (/^(ws|http):$/.test(url.protocol)) return connect({ ...place, noDelay, ...buffers });
  return connectTls({ ...place, ...buffers, ...secured(place.host, tls) }).setNoDelay(noDelay);
}

/** Goes on with TLS, where a URL asks for it, over a stream that leads there already. */
export function secure(stream: Socket, { protocol, hostname }: URL, { tls, socketBufferBytes }: StreamOptions): Socket {
  if (protocol === "ws:") return stream;
  const buffers = socketBufferBytes !== undefined && { highWaterMark: socketBufferBytes };
  return connectTls({ socket: stream, ...buffers, ...secured(hostname.replace(/^\[|\]$/g, ""), tls) });
}

function secured(host: string, tls: ClientTlsOptions | undefined): object {
  return { servername: isIP(host) ? "" : host, ALPNProtocols: ["http/1.1"], ...tlsSettings(tls) };
}
