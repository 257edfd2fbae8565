import type { TokenPlace } from "@websockets-simple/shared";
import type { Refusal } from "../http-answer.ts";
import { headerList, headerValues, type UpgradeHead } from "../socket.ts";
import type { HostCheck } from "./hosts.ts";
import type { OriginCheck } from "./origins.ts";
import { scanSubprotocols } from "./scanners.ts";
import { chooseSubprotocol, type SubprotocolChoice } from "./subprotocol.ts";
import { below, isServed, parseTarget, type ServedPath } from "./target.ts";
import { findToken } from "./token.ts";
import type { UpgradeTarget } from "./upgrade-request.ts";

/** What a request is read by. */
export interface ReadingRules {
  /** The service path; undefined: none, nobody is let in. */
  readonly service: ServedPath | undefined;
  readonly subprotocols: readonly string[];
  /** Where tokens are looked for. */
  readonly places: readonly TokenPlace[];
  /** Undefined: any host. */
  readonly isHost: HostCheck | undefined;
  /** Undefined: any origin. */
  readonly isOrigin: OriginCheck | undefined;
}

/** What an upgrade request asks for, or why it is refused before anybody is asked about it. */
export type Reading =
  | { readonly refusal: Refusal }
  | {
      readonly refusal?: undefined;
      readonly target: UpgradeTarget;
      readonly choice: SubprotocolChoice;
      /** Undefined: there is none in the request. */
      readonly token: string | undefined;
    };

const NOT_HERE: Refusal = { status: 404, reason: "There is no WebSocket service at this path." };

/** Reads a request that `checkUpgrade` found to be well-formed. Asks nobody, and is done at once. */
export function readRequest({ url, rawHeaders }: UpgradeHead, rules: ReadingRules): Reading {
  const { service, places, subprotocols, isHost, isOrigin } = rules;
  const target = parseTarget(url ?? "");
  if (!target) return bad("The request target is malformed.");
  if (isHost) {
    const hosts = headerValues(rawHeaders, "host");
    if (target.authority !== undefined) hosts.push(target.authority);
    const other = hosts.find((host) => !isHost(host));
    // RFC 9110 section 15.5.20: it is meant for a server that this one does not speak for.
    if (other !== undefined) return refuse(421, `The host ${shown(other)} is not served here (option hosts).`);
  }
  if (isOrigin) {
    const [origin] = headerValues(rawHeaders, "origin");
    if (!isOrigin(origin)) {
      const what = origin === undefined ? "A request without Origin" : `The origin ${shown(origin)}`;
      return refuse(403, `${what} is not allowed here (option ${origin === undefined ? "requireOrigin" : "origins"}).`);
    }
  }
  const segments = service && below(service.segments, target.segments);
  if (!segments) return { refusal: NOT_HERE };
  const offered = scanSubprotocols(headerList(rawHeaders, "sec-websocket-protocol") ?? "");
  if (!offered) return bad("Sec-WebSocket-Protocol must be a list of different names.");
  const choice = chooseSubprotocol(offered, subprotocols);

  const authorization = places.includes("header") ? headerValues(rawHeaders, "authorization") : [];
  if (authorization.length > 1) return bad("Only one Authorization header is allowed.");
  const found = findToken(places, { authorization: authorization[0], subprotocols: offered, query: target.query, segments });
  if (found.problem !== undefined) return bad(found.problem);
  if (!isServed(service, found.segments)) return { refusal: NOT_HERE };
  const path = ["", ...service.segments, ...found.segments].join("/") || "/";
  const subprotocol = choice.problem === undefined ? choice.chosen : undefined;
  return { target: { path, channel: found.segments.join("/"), query: found.query, subprotocol }, choice, token: found.token };
}

function bad(reason: string): Reading {
  return refuse(400, reason);
}

function refuse(status: number, reason: string): Reading {
  return { refusal: { status, reason } };
}

/** What a client sent, short enough for a log. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
