import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ClientTlsOptions } from "./platform.ts";
import { tlsSettings } from "./tls.node.ts";

/** Begins to open a stream to where a URL leads; what fails is told by its `error`. */
export function dial({ protocol, hostname, port }: URL, tls: ClientTlsOptions | undefined): Socket {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol === "ws:") return connect({ host, port: Number(port) || 80, noDelay: true });
  const named = { host, port: Number(port) || 443, servername: isIP(host) ? "" : host, ALPNProtocols: ["http/1.1"] };
  return connectTls({ ...named, ...tlsSettings(tls) }).setNoDelay(true);
}
