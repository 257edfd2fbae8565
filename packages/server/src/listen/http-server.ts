import type { Server as HttpServer } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** An HTTP server of the application's own. */
export type OwnHttpServer = HttpServer | HttpsServer;

/** Where a server listens. */
export interface ServerAddress {
  /** The address as the system tells it: `::` is all interfaces, IPv6 and IPv4. Empty for a socket of the file system. */
  readonly host: string;
  /** The port; 0 for a socket of the file system. */
  readonly port: number;
  /** `IPv6`, `IPv4` or `unix`. Empty for an attached HTTP server that does not listen yet. */
  readonly family: string;
  /** The path of a socket of the file system. */
  readonly socketPath?: string;
}

/** Where Node says that a server listens. */
export function toAddress(bound: AddressInfo | string): ServerAddress {
  if (typeof bound === "string") return { host: "", port: 0, family: "unix", socketPath: bound };
  return { host: bound.address, port: bound.port, family: bound.family };
}

/** The address of an attached HTTP server that does not listen yet. */
export const NOT_LISTENING: ServerAddress = Object.freeze({ host: "", port: 0, family: "" });
