import {
  type Complete,
  checkOptions,
  DEFAULT_LIMITS,
  MAX_TIMER_MS,
  type Packet,
  type Rule,
  tableOf,
  unmet,
  wrong,
} from "@websockets-simple/shared";
import type { ProxyHeaders, ProxyTrust } from "./addresses/client-origin.ts";
import { checkGuessLimit, GUESS_LIMIT_ON } from "./addresses/guess-rules.ts";
import type { GuessLimit } from "./addresses/guesses.ts";
import {
  type CheckedLimits,
  checkEndpoints,
  checkLimits,
  DEFAULT_BACKLOG,
  LIMIT_DEFAULTS,
  PLACE_RULES,
  proxies,
  proxyTrust,
} from "./endpoint-rules.ts";
import { type HostCheck, hostCheck } from "./handshake/hosts.ts";
import { type OriginCheck, originCheck } from "./handshake/origins.ts";
import { isToken } from "./handshake/scanners.ts";
import { decodeSegments, type ServedPath } from "./handshake/target.ts";
import { type CheckedHttpAuthentication, checkHttpAuthentication } from "./http-authentication/rules.ts";
import type { EndpointOptions } from "./listen/http-listener.ts";
import { checkTls, type ServerTls, type ServerTlsOptions } from "./listen/tls.ts";
import type { AuthServerOptions, CompressionOptions, HeartbeatOptions, ServerOptions } from "./options.ts";
import type { RateLimitOptions } from "./rate-limit.ts";
import { payload, sendableText, servicePath, timerMs } from "./rules.ts";
import type { SendQueueOptions } from "./send-queue.ts";
import type { EngineName } from "./socket.ts";

/** How messages are compressed, every option with its value. */
export type CheckedCompression = Complete<CompressionOptions>;

/** Every default of a server's options. */
export const DEFAULTS = Object.freeze({
  port: 0,
  backlog: DEFAULT_BACKLOG,
  noDelay: true as boolean,
  path: "/" as string | false,
  availableSubprotocols: Object.freeze([]) as readonly string[],
  packetCasing: "camel" as const,
  pingIntervalMs: 120_000,
  heartbeat: true as boolean | HeartbeatOptions,
  /** What `heartbeat: true` means. */
  heartbeatOn: Object.freeze({ intervalMs: 25_000, timeoutMs: 6_000, mode: "bandwidth" as const }),
  closeTimeoutMs: DEFAULT_LIMITS.closeTimeoutMs as number,
  maxPayload: DEFAULT_LIMITS.maxPayload as number,
  maxFragments: 16_384,
  maxQueuedMessages: 1_000,
  maxQueuedConnections: 1_000,
  messageTimeoutMs: 30_000,
  sendQueue: Object.freeze({ maxBytes: 1_048_576, onOverflow: "disconnect" as const, stallTimeoutMs: 10_000 }),
  compression: false as boolean | CompressionOptions,
  /** What `compression: true` means. */
  compressionOn: Object.freeze({ threshold: 1_024, level: 6, contextTakeover: false, windowBits: 15 }),
  rateLimit: false as boolean | RateLimitOptions,
  engine: "own" as EngineName,
  /** What `rateLimit: true` means. */
  rateLimitOn: Object.freeze({ messagesPerSecond: 50, burst: 100 }),
  limits: LIMIT_DEFAULTS,
  trustProxy: false as false | readonly string[],
  proxyHeaders: "x-forwarded" as ProxyHeaders,
  tokenIn: Object.freeze(["header", "subprotocol", "query", "path"]) as AuthServerOptions<unknown>["tokenIn"],
  onUnauthorized: "auto" as const,
  authTimeoutMs: 5_000,
  maxPayloadBeforeAuth: 4_096,
  userServiceLimits: Object.freeze({ timeoutMs: 3_000, concurrency: 64 }),
  /** What `guessLimit: true` means. */
  guessLimitOn: GUESS_LIMIT_ON,
  maxConnectionsPerUser: Number.POSITIVE_INFINITY,
});

/** Options that are read as something else, or elsewhere. */
type Replaced =
  | ("tls" | "port" | "host" | "backlog" | "origins" | "requireOrigin" | "hosts" | "trustProxy" | "proxyHeaders")
  | ("httpAuthentication" | "guessLimit")
  | ("handler" | "connectionManager" | "createState");

/** A server's options, each with its value. */
export interface CheckedOptions<P extends Packet, D> extends Omit<ServerOptions<P, D, never>, Replaced> {
  readonly endpoints: readonly EndpointOptions[];
  /** Whether they were asked for, or are what there is without a word. */
  readonly isPlaceGiven: boolean;
  readonly noDelay: boolean;
  /** `path`, taken apart; undefined: none. */
  readonly service: ServedPath | undefined;
  tls?: ServerTls;
  readonly availableSubprotocols: readonly string[];
  readonly packetCasing: "camel" | "pascal";
  readonly pingIntervalMs: number;
  readonly beat: Complete<HeartbeatOptions> | undefined;
  readonly closeTimeoutMs: number;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedConnections: number;
  readonly messageTimeoutMs: number;
  readonly sendQueue: Required<SendQueueOptions>;
  readonly engine: EngineName;
  readonly compress: CheckedCompression | undefined;
  readonly rate: Required<RateLimitOptions> | undefined;
  /** Undefined: any. */
  readonly isOrigin: OriginCheck | undefined;
  readonly isHost: HostCheck | undefined;
  readonly limits: CheckedLimits;
  readonly trust: ProxyTrust | undefined;
  readonly httpAuthentication: CheckedHttpAuthentication | undefined;
  readonly guesses: GuessLimit | undefined;
}

type Given = Readonly<Record<string, unknown>>;

const list: Rule = (value) => (Array.isArray(value) && value.length > 0 ? undefined : "a list of at least one");

const RULES: Readonly<Record<string, Rule>> = {
  ...PLACE_RULES,
  endpoints: (value) => (Array.isArray(value) && value.length > 0 ? undefined : "a list of at least one endpoint"),
  noDelay: "boolean",
  socketBufferBytes: [1_024, 16_777_216],
  tls: "object",
  path: (value) => (value === false || !unmet(servicePath, value) ? undefined : `${unmet(servicePath, value)}, or false`),
  requestListener: "function",
  connectionSuccessString: sendableText,
  availableSubprotocols: (value) =>
    Array.isArray(value) &&
    value.every((name) => typeof name === "string" && isToken(name) && !name.startsWith("websockets-simple."))
      ? undefined
      : `a list of names without spaces, commas and quotes, none of which begins with websockets-simple.`,
  packet: (value) =>
    (value as { "~standard"?: { version?: unknown } } | null)?.["~standard"]?.version === 1
      ? undefined
      : "a Standard Schema (zod, valibot, arktype, …)",
  packetCasing: ["camel", "pascal"],
  codec: has("a codec { name, encode, decode }, such as msgpack()", "encode", "decode"),
  origins: list,
  requireOrigin: "boolean",
  hosts: list,
  httpAuthentication: "object",
  guessLimit: "boolean or object",
  verifyRequest: "function",
  createState: "function",
  pingIntervalMs: [0, MAX_TIMER_MS],
  heartbeat: "boolean or object",
  closeTimeoutMs: timerMs,
  maxPayload: payload,
  maxFragments: [1, 2_147_483_647],
  maxQueuedMessages: [1, 1_000_000],
  maxQueuedConnections: [1, 1_000_000],
  messageTimeoutMs: [0, MAX_TIMER_MS],
  compression: "boolean or object",
  sendQueue: "object",
  rateLimit: "boolean or object",
  limits: "object",
  trustProxy: proxies,
  proxyHeaders: ["x-forwarded", "forwarded"],
  logger: has("an object with debug, info, warn and error", "debug", "info", "warn", "error"),
  handler: has("an instance of WebsocketHandler", "bind", "receive"),
  connectionManager: has("an instance of ConnectionManager", "add", "remove", "get"),
  engine: ["own", "ws"],
  wire: (value) => (value === "classic" ? undefined : value === "session" ? SESSION_WIRE : '"classic"'),
};

const SESSION_WIRE = '"classic", since the session wire is not available yet';

/**
 * Checks a server's options once and fills in the defaults.
 *
 * @param hasTokens whether users are known by tokens
 * @throws WebsocketsSimpleError `INVALID_OPTION`, naming option, value and bound
 */
export function checkServerOptions<P extends Packet, D>(given: unknown, hasTokens = false): CheckedOptions<P, D> {
  const { rateLimit, compression, heartbeat, ...options } = checkOptions<typeof DEFAULTS & ServerOptions<P, D, never>>(
    given,
    tableOf(RULES, DEFAULTS),
  );
  const { tls, port, host, backlog, endpoints, origins, requireOrigin, hosts, trustProxy, proxyHeaders, ...others } = options;
  const { httpAuthentication, guessLimit, ...rest } = others;
  if (guessLimit !== undefined && !httpAuthentication && !hasTokens) {
    throw wrong("guessLimit", guessLimit, "to be left out, since there is neither a user service nor httpAuthentication");
  }
  if (requireOrigin && !origins) throw wrong("requireOrigin", requireOrigin, "false, since there are no `origins`");
  return {
    ...(rest as unknown as CheckedOptions<P, D>),
    isPlaceGiven: endpoints !== undefined || Object.keys(PLACE_RULES).some((name) => (given as Given)[name] !== undefined),
    endpoints: endpoints ? checkEndpoints(endpoints, given as object) : [{ port, backlog, ...(host !== undefined && { host }) }],
    ...(tls && { tls: checkTls(tls as ServerTlsOptions) }),
    service: options.path === false ? undefined : { segments: decodeSegments(options.path) ?? [], reach: "all" },
    sendQueue: checkOptions(
      options.sendQueue,
      tableOf(
        { maxBytes: [1, 1_073_741_824], onOverflow: ["disconnect", "drop-newest"], stallTimeoutMs: timerMs },
        DEFAULTS.sendQueue,
      ),
      "sendQueue.",
    ),
    isOrigin: origins && originCheck(origins, requireOrigin === true),
    isHost: hosts && hostCheck(hosts),
    compress: compression ? checkCompression(compression === true ? {} : compression) : undefined,
    beat: heartbeat ? checkHeartbeat(heartbeat === true ? {} : heartbeat) : undefined,
    rate: rateLimit ? checkRate(rateLimit === true ? {} : rateLimit) : undefined,
    limits: checkLimits(options.limits),
    trust: proxyTrust(trustProxy, proxyHeaders),
    httpAuthentication: httpAuthentication && checkHttpAuthentication(httpAuthentication),
    guesses: checkGuessLimit(guessLimit),
  };
}

function checkCompression(given: object): CheckedCompression {
  return checkOptions(
    given,
    tableOf(
      { threshold: [0, 1_073_741_824], level: [1, 9], contextTakeover: "boolean", windowBits: [9, 15] },
      DEFAULTS.compressionOn,
    ),
    "compression.",
  );
}

/** Undefined where nobody is to be asked. */
function checkHeartbeat(given: object): Complete<HeartbeatOptions> | undefined {
  const beatMs: Rule = [100, MAX_TIMER_MS];
  const rules = { intervalMs: beatMs, timeoutMs: beatMs, mode: ["bandwidth", "latency", "manual"] };
  const checked = checkOptions<Complete<HeartbeatOptions>>(given, tableOf(rules, DEFAULTS.heartbeatOn), "heartbeat.");
  return checked.mode === "manual" ? undefined : checked;
}

function checkRate(given: object): Required<RateLimitOptions> {
  return checkOptions(
    given,
    tableOf({ messagesPerSecond: [1, 1_000_000], burst: [1, 1_000_000] }, DEFAULTS.rateLimitOn),
    "rateLimit.",
  );
}

function has(expected: string, ...methods: readonly string[]): Rule {
  return (value) =>
    value && methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function") ? undefined : expected;
}
