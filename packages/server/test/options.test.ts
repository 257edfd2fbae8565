import { describe, expect, test } from "vitest";
import { WebsocketServer, WebsocketServerAuth } from "../src/index.ts";
import { DEFAULTS } from "../src/option-rules.ts";

const service = { getId: () => 1 };
const make = (options: object): WebsocketServer => new WebsocketServer(options as never);
const makeAuth = (options: object): WebsocketServerAuth<number> => new WebsocketServerAuth<number>(options as never, service);

describe("the options of a server", () => {
  test("the defaults are those of the documentation", () => {
    expect(DEFAULTS).toMatchObject({
      port: 0,
      path: "/",
      pingIntervalMs: 120_000,
      heartbeat: true,
      heartbeatOn: { intervalMs: 25_000, timeoutMs: 6_000, mode: "bandwidth" },
      closeTimeoutMs: 5_000,
      maxPayload: 1_048_576,
      maxFragments: 16_384,
      messageTimeoutMs: 30_000,
      maxPayloadBeforeAuth: 4_096,
      authTimeoutMs: 5_000,
      sendQueue: { maxBytes: 1_048_576, onOverflow: "disconnect", stallTimeoutMs: 10_000 },
      compression: false,
      compressionOn: { threshold: 1_024, level: 6, contextTakeover: false, windowBits: 15 },
      rateLimit: false,
      rateLimitOn: { messagesPerSecond: 50, burst: 100 },
      limits: {
        headersTimeoutMs: 10_000,
        checkIntervalMs: 2_000,
        maxHeaderBytes: 16_384,
        maxHeaders: 64,
        maxUrlBytes: 8_192,
        maxPendingHandshakes: 1_000,
        maxUpgradesPerSecondPerAddress: Number.POSITIVE_INFINITY,
      },
      trustProxy: false,
      proxyHeaders: "x-forwarded",
      tokenIn: ["header", "subprotocol", "query", "path"],
      onUnauthorized: "auto",
      userServiceLimits: { timeoutMs: 3_000, concurrency: 64 },
      guessLimitOn: { free: 100, forgetMs: 10_000, delayMs: 1_000, maxDelayMs: 30_000 },
      maxConnectionsPerUser: Number.POSITIVE_INFINITY,
    });
    expect(Object.isFrozen(DEFAULTS)).toBe(true);
  });

  test("slow headers are found within 12 seconds by default", () => {
    expect(DEFAULTS.limits.headersTimeoutMs + DEFAULTS.limits.checkIntervalMs).toBeLessThanOrEqual(12_000);
  });

  test.each([
    [{ prot: 1 }, /prot: unknown; known are port, host/],
    [{ port: -1 }, /option port: .*0 to 65535.*-1/],
    [{ port: 65_536 }, /option port: .*0 to 65535.*65536/],
    [{ port: 1.5 }, /option port/],
    [{ port: "80" }, /option port: .*80/],
    [{ host: 1 }, /option host: .*string/],
    [{ host: "localhost:8989" }, /option host: .*without a port: that is an option of its own; got "localhost:8989"/],
    [{ path: "chat" }, /option path: .*begins with \/.*chat/],
    [{ path: "/chat?x" }, /option path/],
    [{ path: "/%zz" }, /option path/],
    [{ connectionSuccessString: 1 }, /option connectionSuccessString/],
    [{ connectionSuccessString: "\ud800" }, /option connectionSuccessString: .*lone surrogates/],
    [{ availableSubprotocols: "chat" }, /option availableSubprotocols: .*a list/],
    [{ availableSubprotocols: ["a b"] }, /option availableSubprotocols/],
    [{ availableSubprotocols: ["websockets-simple.token"] }, /option availableSubprotocols: .*begins with websockets-simple\./],
    [{ packet: {} }, /option packet: .*Standard Schema/],
    [{ packetCasing: "kebab" }, /option packetCasing: .*camel, pascal.*kebab/],
    [{ createState: 1 }, /option createState/],
    [{ pingIntervalMs: -1 }, /option pingIntervalMs: .*0 to 2147483647/],
    [{ pingIntervalMs: 2 ** 31 }, /option pingIntervalMs/],
    [{ heartbeat: 25_000 }, /option heartbeat: .*boolean or object.*25000/],
    [{ heartbeat: { intervalMs: 99 } }, /option heartbeat\.intervalMs: .*100 to 2147483647.*99/],
    [{ heartbeat: { timeoutMs: 0 } }, /option heartbeat\.timeoutMs: .*100 to/],
    [{ heartbeat: { interval: 1_000 } }, /option heartbeat\.interval: unknown; known are intervalMs, timeoutMs, mode/],
    [{ heartbeat: { mode: "often" } }, /option heartbeat\.mode: .*one of bandwidth, latency, manual.*often/],
    [{ heartbeat: { mode: "manual", intervalMs: 1 } }, /option heartbeat\.intervalMs: .*100 to/],
    [{ messageTimeoutMs: -1 }, /option messageTimeoutMs: .*0 to 2147483647/],
    [{ closeTimeoutMs: 0 }, /option closeTimeoutMs: .*1 to/],
    [{ maxPayload: 0 }, /option maxPayload: .*1 to 268435456/],
    [{ maxPayload: 2 ** 31 }, /option maxPayload/],
    [{ compression: { level: 0 } }, /option compression\.level: .*1 to 9; got 0/],
    [{ compression: { windowBits: 8 } }, /option compression\.windowBits: .*9 to 15/],
    [{ compression: { fast: true } }, /option compression\.fast: unknown/],
    [{ maxFragments: 0 }, /option maxFragments: .*1 to 2147483647/],
    [{ sendQueue: 1 }, /option sendQueue/],
    [{ sendQueue: { maxBytes: 0 } }, /option sendQueue\.maxBytes: .*1 to/],
    [{ sendQueue: { onOverflow: "block" } }, /option sendQueue\.onOverflow: .*disconnect, drop-newest.*block/],
    [{ sendQueue: { max: 1 } }, /sendQueue\.max: unknown; known are maxBytes/],
    [{ rateLimit: 50 }, /option rateLimit/],
    [{ rateLimit: { burst: 0 } }, /option rateLimit\.burst: .*1 to 1000000/],
    [{ limits: { maxHeaders: 7 } }, /option limits\.maxHeaders: .*8 to 10000.*7/],
    [{ limits: { headersTimeoutMs: 0 } }, /option limits\.headersTimeoutMs/],
    [{ limits: { maxConnections: 0 } }, /option limits\.maxConnections: .*1 to Infinity/],
    [{ limits: { maxConnectionsPerAddress: 0 } }, /option limits\.maxConnectionsPerAddress: .*1 to Infinity; got 0/],
    [
      { limits: { maxUpgradesPerSecondPerAddress: 0.5 } },
      /option limits\.maxUpgradesPerSecondPerAddress: .*1 to Infinity; got 0.5/,
    ],
    [{ limits: { upgradeBurstPerAddress: 0 } }, /option limits\.upgradeBurstPerAddress: .*1 to Infinity/],
    [{ trustProxy: true }, /option trustProxy: expected false, or a list of addresses .*got true/],
    [{ trustProxy: "loopback" }, /option trustProxy: .*a list/],
    [{ trustProxy: [] }, /option trustProxy: .*at least one/],
    [{ trustProxy: ["loopback", "10.0.0.0/33"] }, /option trustProxy: .*"10\.0\.0\.0\/33" is none/],
    [{ trustProxy: ["proxy.example.com"] }, /option trustProxy: .*"proxy\.example\.com" is none/],
    [{ proxyHeaders: "x-real-ip" }, /option proxyHeaders: .*x-forwarded, forwarded.*x-real-ip/],
    [{ guessLimit: true }, /guessLimit: expected to be left out, since there is neither a user service nor httpAuthentication/],
    [{ logger: {} }, /option logger: .*debug, info, warn and error/],
    [{ handler: {} }, /option handler: .*WebsocketHandler/],
    [{ connectionManager: {} }, /option connectionManager: .*ConnectionManager/],
    [{ wire: "session" }, /option wire: expected "classic", since the session wire is not available yet; got "session"/],
    [{ wire: "other" }, /option wire/],
    [{ tokenIn: "query" }, /tokenIn: .*unknown/],
    [null, /options: .*an object/],
  ])("%j is refused", (options, message) => {
    expect(() => make(options as object)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }),
    );
  });

  test.each([
    [{ tokenIn: "cookie" }, /option tokenIn: .*path, query, header, subprotocol, message.*cookie/],
    [{ tokenIn: [] }, /option tokenIn/],
    [{ tokenIn: ["header", "header"] }, /option tokenIn/],
    [{ tokenIn: ["message", "header"] }, /option tokenIn: .*"message" alone/],
    [{ onUnauthorized: "ignore" }, /option onUnauthorized: .*auto, http, close/],
    [{ authTimeoutMs: 0 }, /option authTimeoutMs/],
    [{ maxPayloadBeforeAuth: 0 }, /option maxPayloadBeforeAuth/],
    [{ userServiceLimits: { concurrency: 0 } }, /option userServiceLimits\.concurrency: .*1 to 100000/],
    [{ guessLimit: 5 }, /option guessLimit: .*boolean or object.*5/],
    [{ guessLimit: { free: 0 } }, /option guessLimit\.free: .*1 to 1000000/],
    [{ guessLimit: { delayMs: 3_600_001 } }, /option guessLimit\.delayMs: .*1 to 3600000/],
    [
      { guessLimit: { delayMs: 2_000, maxDelayMs: 1_000 } },
      /option guessLimit\.maxDelayMs: .*at least guessLimit\.delayMs 2000; got 1000/,
    ],
    [{ guessLimit: { tries: 1 } }, /option guessLimit\.tries: unknown; known are free/],
    [{ maxConnectionsPerUser: 0 }, /option maxConnectionsPerUser: .*1 to Infinity/],
    [{ connectionUnauthorizedString: 1 }, /option connectionUnauthorizedString/],
    [{ port: -1 }, /option port/],
    [null, /options: .*an object/],
  ])("%j is refused by an authenticated server", (options, message) => {
    expect(() => makeAuth(options as object)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }),
    );
  });

  test("no user service is refused", () => {
    expect(() => new WebsocketServerAuth({}, {} as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("getId") }),
    );
  });

  test("options that are undefined count as left out", () => {
    expect(() => make({ port: undefined, limits: { maxHeaders: undefined } })).not.toThrow();
    expect(() => makeAuth({ tokenIn: undefined })).not.toThrow();
    const names = [
      "port",
      "host",
      "backlog",
      "endpoints",
      "noDelay",
      "socketBufferBytes",
      "tls",
      "path",
      "packet",
      "createState",
      "sendQueue",
      "rateLimit",
      "limits",
      "logger",
    ];
    const others = [
      "handler",
      "connectionManager",
      "wire",
      "connectionSuccessString",
      "availableSubprotocols",
      "userServiceLimits",
    ];
    expect(() => makeAuth(Object.fromEntries([...names, ...others].map((name) => [name, undefined])))).not.toThrow();
    expect(() =>
      make({ endpoints: [{ port: 0, host: undefined, socketPath: undefined }], rateLimit: { burst: undefined } }),
    ).not.toThrow();
  });
});
