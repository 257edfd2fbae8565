import type { AddressInfo } from "node:net";
import { checkOptions, type Rule, tableOf, WebsocketsSimpleError } from "@websockets-simple/shared";
import { decodeSegments } from "../handshake/target.ts";
import { servicePath } from "../rules.ts";
import { type AttachedPlace, standIn, takersOf } from "./attached.ts";
import { NOT_LISTENING, type OwnHttpServer, type ServerAddress, toAddress } from "./http-server.ts";

/** How a server is attached to an HTTP server. */
export interface AttachOptions {
  /** The service path there: requests for it and below it are this server's. Default: option `path`. */
  path?: string | undefined;
}

const RULES: Readonly<Record<string, Rule>> = { path: servicePath };

/** Attaches to a place, and returns what ends that. */
type Attach = (place: AttachedPlace) => () => void;

/** The HTTP servers that a server is attached to: it takes their requests while it is started, else they get 503. */
export class Attachments {
  /** By HTTP server, with what ends it. */
  readonly #places = new Map<OwnHttpServer, { readonly place: AttachedPlace; end: () => void }>();
  readonly #standIn: Attach;
  #attach: Attach;

  /** @param isService whether there is a service at a request target */
  constructor(isService: (url: string) => boolean) {
    this.#standIn = (place) => standIn(place, isService);
    this.#attach = this.#standIn;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Where they listen, in the order in which they were attached. */
  get addresses(): ServerAddress[] {
    return [...this.#places.keys()].map((server) => {
      const bound = server.address() as AddressInfo | string | null;
      return bound === null ? NOT_LISTENING : toAddress(bound);
    });
  }

  /**
   * Remembers one, in place of what was said of it before. Returns what forgets it.
   *
   * @param usual the service path where the options name none; false: there are only services
   * @throws WebsocketsSimpleError `INVALID_ARGUMENT`, `INVALID_OPTION`; `INVALID_STATE` where another server is attached at the same path
   */
  add(server: OwnHttpServer, options: AttachOptions, usual: string | false): () => void {
    if (!isHttpServer(server)) throw new WebsocketsSimpleError("INVALID_ARGUMENT", NO_SERVER);
    const { path } = checkOptions<{ path?: string }>(options, tableOf(RULES), "attach.");
    const service = decodeSegments(path ?? (usual || "/")) ?? [];
    const place = { server, service, isOther: path !== undefined };
    const before = this.#places.get(server);
    before?.end();
    if (takersOf(place) > 0) {
      if (before) before.end = this.#attach(before.place);
      const what = `another server is attached there at "/${service.join("/")}"; detach that, or give one another path`;
      throw new WebsocketsSimpleError("INVALID_STATE", `attach: ${what}`);
    }
    const entry = { place, end: this.#attach(place) };
    this.#places.set(server, entry);
    return () => {
      entry.end();
      if (this.#places.get(server) === entry) this.#places.delete(server);
    };
  }

  /** The server has started: it takes their requests. */
  begin(attach: Attach): void {
    this.#attach = attach;
    for (const entry of this.#places.values()) {
      entry.end();
      entry.end = attach(entry.place);
    }
  }

  /** The server stops: their requests get 503, until it starts again. */
  end(): void {
    this.begin(this.#standIn);
  }

  /** The server is gone: it forgets all. */
  clear(): void {
    for (const entry of this.#places.values()) entry.end();
    this.#places.clear();
  }
}

const NO_SERVER =
  "attach(httpServer): expected a server of node:http or node:https; of Express what app.listen() returns, of Fastify app.server";

function isHttpServer(server: unknown): boolean {
  const has = (name: string): boolean => typeof (server as Record<string, unknown> | null)?.[name] === "function";
  // An Express app has an `on` as well, but no address.
  return typeof server === "object" && ["on", "off", "listeners", "address", "closeIdleConnections"].every(has);
}
