import { type Extension, parseExtensions } from "./extensions.ts";
import type { CompressionOptions } from "./options.ts";

/** What both sides agreed upon (RFC 7692 section 7.1), as this side uses it. */
export interface Agreement {
  /** The header that says so. */
  readonly header: string;
  readonly deflate: Direction;
  readonly inflate: Direction;
}

/** What is agreed for one direction. */
export interface Direction {
  /** Whether a message may refer to those before it. */
  readonly keepsContext: boolean;
  /** The base-2 logarithm of how far back, in bytes, 8 to 15. */
  readonly windowBits: number;
}

const NAME = "permessage-deflate";
const MAX_BITS = 15;

/** The parameters of an offer. */
interface Offer {
  readonly server_no_context_takeover: boolean;
  readonly client_no_context_takeover: boolean;
  readonly server_max_window_bits: number | undefined;
  /** True: the client can be told, and has no bound of its own. */
  readonly client_max_window_bits: number | true | undefined;
}

/**
 * Chooses among a client's offers: the first that keeps to the RFC.
 *
 * @param header `Sec-WebSocket-Extensions`
 * @returns undefined: no compression
 */
export function agree(header: string, { contextTakeover, windowBits }: CompressionOptions): Agreement | undefined {
  const offer = (parseExtensions(header) ?? []).map(readOffer).find((offer) => offer !== undefined);
  if (!offer) return undefined;
  const serverKeeps = contextTakeover && !offer.server_no_context_takeover;
  const clientKeeps = contextTakeover && !offer.client_no_context_takeover;
  const serverBits = Math.min(windowBits, offer.server_max_window_bits ?? MAX_BITS);
  const asked = offer.client_max_window_bits;
  // Only a client that speaks of it may be told (section 7.1.2.2).
  const clientBits = asked === undefined ? MAX_BITS : Math.min(windowBits, asked === true ? MAX_BITS : asked);
  const parameters = [
    NAME,
    ...(serverKeeps ? [] : ["server_no_context_takeover"]),
    ...(clientKeeps ? [] : ["client_no_context_takeover"]),
    ...(serverBits < MAX_BITS || offer.server_max_window_bits !== undefined ? [`server_max_window_bits=${serverBits}`] : []),
    ...(asked !== undefined && clientBits < MAX_BITS ? [`client_max_window_bits=${clientBits}`] : []),
  ];
  return {
    header: parameters.join("; "),
    deflate: { keepsContext: serverKeeps, windowBits: serverBits },
    inflate: { keepsContext: clientKeeps, windowBits: clientBits },
  };
}

/**
 * The first of a client's offers that keeps to the RFC, alone, in plain words; undefined when there is none.
 *
 * @param leastBits offers of smaller windows for the server do not count
 */
export function firstOffer(header: string, leastBits: number): string | undefined {
  const found = parseExtensions(header)?.find((extension) => {
    const offer = readOffer(extension);
    return offer !== undefined && (offer.server_max_window_bits ?? MAX_BITS) >= leastBits;
  });
  return (
    found && [NAME, ...found.parameters.map(([name, value]) => (value === undefined ? name : `${name}=${value}`))].join("; ")
  );
}

/** What a client offers. */
export function offer({ contextTakeover, windowBits }: CompressionOptions): string {
  return [
    NAME,
    ...(contextTakeover ? [] : ["server_no_context_takeover", "client_no_context_takeover"]),
    ...(windowBits < MAX_BITS ? [`server_max_window_bits=${windowBits}`] : []),
    "client_max_window_bits",
  ].join("; ");
}

/**
 * Judges a server's answer to that offer (section 7.1).
 *
 * @returns undefined when the server answered something that was not offered
 */
export function judgeAnswer(header: string, { contextTakeover, windowBits }: CompressionOptions): Agreement | undefined {
  const extensions = parseExtensions(header);
  const answer = extensions?.length === 1 ? readOffer(extensions[0] as Extension) : undefined;
  if (!answer || answer.client_max_window_bits === true) return undefined;
  const serverBits = answer.server_max_window_bits ?? MAX_BITS;
  if (serverBits > windowBits || (!contextTakeover && !answer.server_no_context_takeover)) return undefined;
  return {
    header,
    deflate: {
      keepsContext: contextTakeover && !answer.client_no_context_takeover,
      windowBits: Math.min(windowBits, answer.client_max_window_bits ?? MAX_BITS),
    },
    inflate: { keepsContext: !answer.server_no_context_takeover, windowBits: serverBits },
  };
}

/** Reads one offer, or an answer to one; undefined when it is another extension's, or breaks a rule: then it is declined (section 7.1). */
function readOffer({ name, parameters }: Extension): Offer | undefined {
  if (name !== NAME) return undefined;
  const given = new Map(parameters);
  // Each at most once.
  if (given.size !== parameters.length) return undefined;
  for (const [parameter, value] of parameters) if (!isValid(parameter, value)) return undefined;
  const bits = given.get("client_max_window_bits");
  return {
    server_no_context_takeover: given.has("server_no_context_takeover"),
    client_no_context_takeover: given.has("client_no_context_takeover"),
    server_max_window_bits: given.has("server_max_window_bits") ? Number(given.get("server_max_window_bits")) : undefined,
    client_max_window_bits: given.has("client_max_window_bits") ? (bits === undefined ? true : Number(bits)) : undefined,
  };
}

function isValid(parameter: string, value: string | undefined): boolean {
  switch (parameter) {
    case "server_no_context_takeover":
    case "client_no_context_takeover":
      return value === undefined;
    case "server_max_window_bits":
      return value !== undefined && BITS.test(value);
    case "client_max_window_bits":
      return value === undefined || BITS.test(value);
    default:
      return false;
  }
}

/** 8 to 15, without leading zeros (section 7.1.2). */
const BITS = /^([89]|1[0-5])$/;
