/**
 * WebSocket peers that others wrote, to prove that we speak the protocol and not only our own idea of it.
 *
 * The line protocol of the clients, one JSON object a line: commands on stdin as {@link StrangerCommand}, events on
 * stdout as {@link StrangerEvent}.
 */
import { type Child, startChild } from "../browsers/child-process.ts";
import { startListening } from "../browsers/listening.ts";
import { type EventQueue, readEvents } from "./event-queue.ts";
import { type Program, programs, type StrangerClientKind, type StrangerServerKind } from "./programs.ts";

export {
  availableStrangerClients,
  availableStrangerServers,
  type StrangerClientKind,
  type StrangerServerKind,
} from "./programs.ts";

/** What a client can be told to do. `ping` is RFC 6455's own; its answer arrives as a `pong` event. */
export type StrangerCommand =
  | { readonly do: "text"; readonly data: string }
  | { readonly do: "binary"; readonly hex: string }
  | { readonly do: "ping" }
  | { readonly do: "close"; readonly code: number; readonly reason: string };

/**
 * What a client reports. The first event is `open`, `refused` (the server answered with another HTTP status; `body` is
 * null where the library throws it away) or `error`; the last is `close`, with code 1006 when the connection was cut.
 */
export type StrangerEvent =
  | { readonly event: "open"; readonly subprotocol: string | null }
  | { readonly event: "text"; readonly data: string }
  | { readonly event: "binary"; readonly hex: string }
  | { readonly event: "pong" }
  | { readonly event: "close"; readonly code: number; readonly reason: string }
  | { readonly event: "refused"; readonly status: number; readonly body: string | null }
  | { readonly event: "error"; readonly message: string };

/** A running client. */
export interface StrangerClient extends EventQueue<StrangerEvent> {
  do(command: StrangerCommand): void;
  /** End the process. May be called twice. */
  stop(): Promise<void>;
}

/** A running server. */
export interface StrangerServer {
  /** `ws://127.0.0.1:…/` */
  readonly url: string;
  /** The subprotocols it speaks; the first one echoes text. Without any it takes clients that ask for none. */
  readonly subprotocols: readonly string[];
  /** End the process. May be called twice. */
  stop(): Promise<void>;
}

/** Let a client connect to `url`; await `next("open")` or `next("refused")` to learn the outcome. */
export function startStrangerClient(
  kind: StrangerClientKind,
  url: string,
  { subprotocol }: { readonly subprotocol?: string } = {},
): StrangerClient {
  const child = startProgram(programs.clients[kind], [url, ...(subprotocol === undefined ? [] : [subprotocol])]);
  return {
    ...readEvents<StrangerEvent>(child),
    do(command) {
      child.stdin.write(`${JSON.stringify(command)}\n`);
    },
    stop: () => child.stop(),
  };
}

/**
 * Start a server and wait until it takes connections. All echo text; `websocketd` line by line, `libwebsockets` to
 * every client of its mirror protocol, with binary messages turned into text.
 */
export async function startStrangerServer(kind: StrangerServerKind): Promise<StrangerServer> {
  const { subprotocols, portArguments, ...program } = programs.servers[kind];
  const { child, port } = await startListening((port) => startProgram(program, portArguments(port)));
  return { url: `ws://127.0.0.1:${port}/`, subprotocols, stop: () => child.stop() };
}

function startProgram({ command, args }: Program, more: readonly string[]): Child {
  const path = command();
  if (path === undefined) throw new Error('A foreign WebSocket peer is missing; "node scripts/system.mjs" says which.');
  return startChild(path, [...args, ...more]);
}
