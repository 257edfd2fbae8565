import type { IncomingMessage } from "node:http";
import { acceptValue } from "./handshake.ts";
import { hasToken, headerValues } from "./upgrade-check.ts";

/** The part of a 101 that is judged here. */
export type AnswerHead = Pick<IncomingMessage, "httpVersionMajor" | "httpVersionMinor" | "rawHeaders">;

/** What was asked for. */
export interface Asked {
  readonly key: string;
  /** The subprotocols that were offered. */
  readonly subprotocols: readonly string[];
}

/**
 * Judges a 101 by what RFC 6455 section 4.1 has a client fail for, but for extensions, of which only an engine knows.
 *
 * @returns what is wrong with it, for people; undefined when all is well
 */
export function checkAnswer(answer: AnswerHead, { key, subprotocols }: Asked): string | undefined {
  const header = (name: string): string[] => headerValues(answer.rawHeaders, name);
  const wrong = checkSwitch(answer);
  if (wrong) return wrong;
  const accepted = header("sec-websocket-accept");
  if (accepted.length !== 1 || accepted[0] !== acceptValue(key))
    return "the server's Sec-WebSocket-Accept is not that of this request";
  const chosen = header("sec-websocket-protocol");
  if (chosen.length > 1) return "the server chose more than one subprotocol";
  if (chosen[0] !== undefined && !subprotocols.includes(chosen[0]))
    return `the server chose subprotocol ${chosen[0]}, which was not offered`;
  return undefined;
}

/** What is wrong with a 101 that Node does not take for one. */
export function whyNoSwitch(answer: AnswerHead): string {
  return checkSwitch(answer) ?? "the server switched protocols in a way that HTTP does not know";
}

/** The part of that which is about HTTP alone: whether the server has switched this connection to WebSocket. */
export function checkSwitch({ httpVersionMajor, httpVersionMinor, rawHeaders }: AnswerHead): string | undefined {
  // HTTP/1.0 knows neither a 101 nor an upgrade (RFC 9110 sections 7.8 and 15.2).
  if (httpVersionMajor !== 1 || httpVersionMinor < 1)
    return `the server switched protocols in HTTP/${httpVersionMajor}.${httpVersionMinor}`;
  const upgrade = headerValues(rawHeaders, "upgrade");
  if (upgrade.length !== 1 || upgrade[0]?.toLowerCase() !== "websocket")
    return `the server upgraded to ${upgrade.length > 0 ? upgrade.join(", ") : "nothing"}, not to websocket`;
  if (!hasToken(headerValues(rawHeaders, "connection"), "upgrade")) return "the server's Connection header does not name upgrade";
  return undefined;
}
