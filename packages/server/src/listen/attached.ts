import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { systemClock } from "../clock.ts";
import { below, parseTarget } from "../handshake/target.ts";
import { answer, type Refusal } from "../http-answer.ts";
import type { FrontEvents, FrontSettings } from "./front.ts";
import { checkHead, checkHeadBytes, TOO_MANY_CONNECTIONS, TURNED_AWAY_AT_ONCE } from "./http-limits.ts";
import type { OwnHttpServer } from "./http-server.ts";

/** An HTTP server of the application's, and the service path there. */
export interface AttachedPlace {
  readonly server: OwnHttpServer;
  /** The path's segments. */
  readonly service: readonly string[];
  /** Whether that is another path than the server has elsewhere. */
  readonly isOther: boolean;
}

type UpgradeListener = (request: IncomingMessage, stream: Duplex, head: Buffer) => void;

/** By it our listeners know each other, those of another copy of this package too. It holds the service path's segments. */
const SERVICE = Symbol.for("websockets-simple.service");

/** By it they know whether one has a service of its own at a request target. */
const HAS_SERVICE = Symbol.for("websockets-simple.has-service");

type OurListener = UpgradeListener & {
  readonly [SERVICE]: readonly string[];
  readonly [HAS_SERVICE]?: (url: string) => boolean;
};

/**
 * Takes the upgrade requests of HTTP servers that are not ours: those at and below the service path, and those for a service. Where several of ours listen, the
 * longest path takes them; what is nobody's is refused by the first of ours, but where others listen too: it may be theirs.
 *
 * @param sockets where connections are kept; they are counted together with all others in it
 * @returns what attaches, and returns what ends that
 */
export function attachedDoor(
  settings: FrontSettings,
  sockets: Set<Duplex>,
  events: FrontEvents,
): (place: AttachedPlace) => () => void {
  const { addresses, maxConnections, noDelay, clock } = settings;
  /** How many answers of the application's each connection waits for. */
  const answering = new WeakMap<Duplex, number>();

  function begins({ socket }: IncomingMessage, response: ServerResponse): void {
    answering.set(socket, (answering.get(socket) ?? 0) + 1);
    response.once("close", () => answering.set(socket, (answering.get(socket) ?? 1) - 1));
  }

  function enter(stream: Duplex): boolean {
    // Whoever is gone already is not told of again.
    if (stream.destroyed) return false;
    if (sockets.size >= maxConnections + TURNED_AWAY_AT_ONCE || !addresses.arrive(stream)) {
      stream.on("error", () => {}).destroy();
      return false;
    }
    sockets.add(stream);
    stream.once("close", () => {
      sockets.delete(stream);
      addresses.leave(stream);
    });
    return true;
  }

  function judge(request: IncomingMessage, stream: Duplex): Refusal | undefined {
    if (sockets.size > maxConnections) return TOO_MANY_CONNECTIONS;
    return addresses.judge(stream) ?? checkHead(request, settings) ?? checkHeadBytes(request, settings.maxHeaderBytes);
  }

  return ({ server, service, isOther }) => {
    const take: UpgradeListener = (request, stream, head) => {
      if (!isFor(listener, request.url ?? "", server.listeners("upgrade") as UpgradeListener[])) return;
      // It has not waited for an answer that is under way, which would be written among its frames.
      if (answering.get(stream)) return void stream.on("error", () => {}).destroy();
      if (!enter(stream)) return;
      const socket = stream as Partial<Socket>;
      // The time-outs of HTTP are over; and small frames leave at once.
      socket.setTimeout?.(0);
      socket.setNoDelay?.(noDelay);
      const refusal = judge(request, stream);
      if (!refusal)
        return events.upgrade(request, stream, head, typeof server.address() === "string", isOther ? service : undefined);
      events.refused(refusal.status, refusal.reason, stream);
      answer(stream, refusal, clock);
    };
    const listener: OurListener = Object.assign(take, { [SERVICE]: service, [HAS_SERVICE]: events.isService });
    server.on("upgrade", listener).prependListener("request", begins);
    return () => void server.off("upgrade", listener).off("request", begins);
  };
}

const NOT_STARTED: Refusal = {
  status: 503,
  reason: "The WebSocket server is not started. Try again later.",
  headers: { "Retry-After": "2" },
};

/**
 * Stands in for a server that is attached and not started: without it the HTTP server would answer 404 to whoever comes back,
 * which is for good.
 *
 * @returns what ends that
 */
export function standIn({ server, service }: AttachedPlace, isService: (url: string) => boolean): () => void {
  const refuse: UpgradeListener = (request, stream) => {
    if (!isFor(listener, request.url ?? "", server.listeners("upgrade") as UpgradeListener[])) return;
    answer(stream, NOT_STARTED, systemClock);
  };
  const listener: OurListener = Object.assign(refuse, { [SERVICE]: service, [HAS_SERVICE]: isService });
  server.on("upgrade", listener);
  return () => void server.off("upgrade", listener);
}

/** How many of ours take the upgrade requests for the same path there. */
export function takersOf({ server, service }: AttachedPlace): number {
  const path = service.join("/");
  return server.listeners("upgrade").filter((other) => (other as Partial<OurListener>)[SERVICE]?.join("/") === path).length;
}

/** Whether a request is for this listener: to be let in, or refused since it is nobody's. */
function isFor(listener: OurListener, url: string, listeners: readonly UpgradeListener[]): boolean {
  const ours = listeners.filter((other): other is OurListener => SERVICE in other);
  const withService = ours.find((one) => one[HAS_SERVICE]?.(url));
  if (withService) return withService === listener;
  const isShared = ours.length < listeners.length;
  const segments = parseTarget(url)?.segments;
  let best: OurListener | undefined;
  for (const one of segments ? ours : []) {
    const service = one[SERVICE];
    const rest = below(service, segments as string[]);
    // All paths lie below "/": of those, only itself is surely not meant for the others.
    if (!rest || (isShared && service.length === 0 && rest.length > 0)) continue;
    if (!best || service.length > best[SERVICE].length) best = one;
  }
  return best ? best === listener : !isShared && ours[0] === listener;
}
