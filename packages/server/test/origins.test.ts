import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { originCheck } from "../src/handshake/origins.ts";
import { WebsocketServer } from "../src/index.ts";
import { serveAuth } from "./support/harness.ts";

const ORIGINS = [
  "https://example.com",
  "https://shop.example.com:8443",
  "https://*.example.org",
  "http://*.dev.example.org:3000",
  "http://localhost:3000",
  "http://[::1]:3000",
  "http://192.0.2.7",
  "https://bücher.example",
  "https://*.bücher.example",
  "capacitor://localhost",
  "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
];

const ALLOWED = [
  "https://example.com",
  "https://example.com:443",
  "HTTPS://Example.COM",
  "https://shop.example.com:8443",
  "https://a.example.org",
  "https://A.example.org",
  "https://a-b_c9.example.org",
  "https://xn--bcher-kva.example.org",
  "http://a.dev.example.org:3000",
  "http://localhost:3000",
  "http://[::1]:3000",
  "http://192.0.2.7",
  "http://192.0.2.7:80",
  "https://xn--bcher-kva.example",
  "https://www.xn--bcher-kva.example",
  "capacitor://localhost",
  "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
];

/** Each with what it tries. */
const REFUSED: [origin: string, what: string][] = [
  ["https://evil.example", "another site"],
  ["http://example.com", "another scheme"],
  ["wss://example.com", "the scheme of the socket"],
  ["ftp://example.com", "another scheme"],
  ["httpss://example.com", "a scheme that begins alike"],
  ["//example.com", "no scheme"],
  ["example.com", "no scheme"],
  ["https:example.com", "no slashes, which the parser would mend"],
  ["https:/example.com", "one slash"],
  ["https:///example.com", "three slashes"],
  ["https:\\\\example.com", "backslashes, which the parser would mend"],
  ["https://example.com:8443", "another port"],
  ["https://example.com:80", "the other scheme's port"],
  ["https://example.com:", "an empty port"],
  ["https://example.com:0443", "the port with a zero"],
  ["https://example.com:443:443", "two ports"],
  ["https://example.com:65979", "a port beyond 65,535 that is 443 in 16 bits"],
  ["https://example.com:+443", "a signed port"],
  ["https://shop.example.com", "without its port"],
  ["https://shop.example.com:443", "with the scheme's port for its own"],
  ["https://evilexample.com", "suffix-alike"],
  ["https://evil-example.com", "suffix-alike by a hyphen"],
  ["https://example.com.evil.example", "prefix-alike"],
  ["https://example.comevil.example", "prefix-alike without a dot"],
  ["https://example.co", "cut short"],
  ["https://example.comm", "one letter more"],
  ["https://example-com", "a dot taken for any character"],
  ["https://exampleXcom", "a dot taken for any character"],
  ["https://a.example.com", "a name below one without wildcard"],
  ["https://www.shop.example.com:8443", "a name below one without wildcard"],
  ["https://example.org", "the wildcard's own name"],
  ["https://.example.org", "an empty label for the wildcard"],
  ["https://a.b.example.org", "two labels for the wildcard"],
  ["https://a..example.org", "an empty label besides"],
  ["https://*.example.org", "the wildcard itself"],
  ["https://evilexample.org", "suffix-alike to the wildcard"],
  ["https://a.evilexample.org", "suffix-alike to the wildcard, with a label"],
  ["https://a.example.org.evil.example", "prefix-alike to the wildcard"],
  ["https://a.example.org:8443", "the wildcard with a port"],
  ["http://a.example.org", "the wildcard with another scheme"],
  ["https://a,b.example.org", "a comma in the label, which Safari once allowed"],
  ["https://a`b.example.org", "a backtick in the label"],
  ["https://a{b.example.org", "a brace in the label"],
  ["https://a%2eexample.org", "an encoded dot"],
  ["https://ex%61mple.com", "an encoded letter, which the parser would decode"],
  ["https://example.com.", "a trailing dot"],
  ["https://a.example.org.", "a trailing dot behind the wildcard"],
  ["https://example.com..", "two trailing dots"],
  ["https://example.com/", "a path"],
  ["https://example.com/chat", "a longer path"],
  ["https://example.com?", "a query"],
  ["https://example.com#", "a fragment"],
  ["https://evil.example#https://example.com", "the right one in the fragment"],
  ["https://evil.example/https://example.com", "the right one in the path"],
  ["https://evil.example?https://example.com", "the right one in the query"],
  ["https://evil.example\\.example.org", "a backslash, which the parser takes for a slash"],
  ["https://example.com\\@evil.example", "a backslash before another host"],
  ["https://example.com@evil.example", "the right one as user"],
  ["https://example.com:443@evil.example", "the right one as user and password"],
  ["https://ada@example.com", "a user"],
  ["https://ada:x@example.com", "a user and a password"],
  ["https://@example.com", "an empty user"],
  ["https://evil.example, https://example.com", "several, with a comma"],
  ["https://example.com https://evil.example", "several, with a blank (RFC 6454 section 7.1)"],
  ["https://example.com https://example.com", "the right one twice"],
  ["https://example.com,https://example.com", "the right one twice, with a comma"],
  ["https://exam ple.com", "a blank within"],
  ["https://exam\tple.com", "a tab within, which the parser would drop"],
  ["https://example.com (comment)", "a comment"],
  ["(comment) https://example.com", "a comment in front"],
  ["https://example.com;x", "a parameter"],
  ['"https://example.com"', "quotes"],
  ["<https://example.com>", "angle brackets"],
  ["", "nothing"],
  ["null", "no origin of its own"],
  ["NULL", "the same, aloud"],
  ["undefined", "a word"],
  ["*", "a wildcard alone"],
  ["https://*", "a wildcard as host"],
  ["https://", "no host"],
  ["file://", "a file"],
  ["file:///C:/page.html", "a file by name"],
  ["data:text/html,x", "a page in a URL"],
  ["blob:https://example.com/1", "a blob of the right one"],
  ["javascript://example.com", "a script"],
  ["view-source:https://example.com", "a scheme before the scheme"],
  ["https://b\xfccher.example", "a name that is not in ASCII"],
  ["https://xn--bucher-kva.example", "a name that looks alike in punycode"],
  ["https://a.b.xn--bcher-kva.example", "two labels before a name in punycode"],
  ["https://xn--xample-9uf.com", "a homograph in punycode"],
  ["https://xn--a", "no punycode"],
  ["http://localhost", "without its port"],
  ["http://localhost:30000", "a port that begins alike"],
  ["https://localhost:3000", "another scheme"],
  ["http://127.0.0.1:3000", "the address of the name"],
  ["http://[::1]", "without its port"],
  ["http://[0:0:0:0:0:0:0:1]:3000", "an address in another spelling"],
  ["http://[::ffff:192.0.2.7]", "an address mapped"],
  ["http://[::1%25lo]:3000", "a zone"],
  ["http://::1:3000", "an address without brackets"],
  ["http://192.0.2.7.", "an address with a trailing dot"],
  ["http://192.0.519", "an address in another spelling"],
  ["http://0xc0000207", "an address in hexadecimal"],
  ["http://3221225991", "an address as a number"],
  ["http://192.0.2.07", "an address with an octal part"],
  ["capacitor://localhost:80", "an application with a port"],
  ["capacitor://localhos", "another application"],
  ["chrome-extension://abcdefghijklmnopabcdefghijklmnoq", "another extension"],
  ["__proto__", "a name of object properties"],
  [`https://${"a".repeat(600)}.example.org`, "a label without end"],
  [`https://${"a.".repeat(7_000)}example.org`, "labels without end"],
];

describe("origins", () => {
  const isAllowed = originCheck(ORIGINS, false);

  test("the table has at least sixty rows that are refused", () => {
    expect(new Set(REFUSED.map(([origin]) => origin)).size).toBeGreaterThanOrEqual(60);
  });

  test.each(ALLOWED)("%s may connect", (origin) => {
    expect(isAllowed(origin)).toBe(true);
  });

  test.each(REFUSED)("%s may not: %s", (origin) => {
    expect(isAllowed(origin)).toBe(false);
  });

  test("null may connect where it is listed, and nothing else with it", () => {
    const withNull = originCheck(["null"], false);
    expect(["null", "NULL", "null ", "", "https://null", "file://"].map(withNull)).toEqual([true, ...Array(5).fill(false)]);
  });

  test("a request without an Origin may, unless one is required", () => {
    expect(isAllowed(undefined)).toBe(true);
    expect(originCheck(ORIGINS, true)(undefined)).toBe(false);
    expect(originCheck(ORIGINS, true)("https://example.com")).toBe(true);
  });

  test("files may connect where they are listed, as some browsers name them", () => {
    expect(["file://", "file:///etc/passwd", "file://host"].map(originCheck(["file://"], false))).toEqual([true, false, false]);
  });

  test("whatever is sent, what may connect is an origin of the list: as the parser of URLs reads it, and as it is spelled", () => {
    const isOne = originCheck(["https://example.com", "https://*.example.org"], false);
    const part = fc.constantFrom(
      ...[
        "https",
        "http",
        "://",
        "//",
        ":",
        "example",
        ".",
        "com",
        "org",
        "*",
        "a",
        "b",
        "@",
        "/",
        "\\",
        "443",
        " ",
        "#",
        "null",
      ],
    );
    const near = fc.array(part, { maxLength: 10 }).map((parts) => parts.join(""));
    const behind = fc.string({ maxLength: 8 }).map((text) => `https://${text}.example.org`);
    fc.assert(
      fc.property(fc.oneof(near, behind, fc.string()), (text) => {
        if (!isOne(text)) return;
        const { protocol, hostname, port, pathname, username } = new URL(text);
        expect([protocol, port, pathname, username]).toEqual(["https:", "", "/", ""]);
        expect(hostname === "example.com" || /^[\w-]+\.example\.org$/.test(hostname)).toBe(true);
        expect(text.toLowerCase().replace(/:443$/, "")).toBe(`https://${hostname}`);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    [[], /option origins: expected a list of at least one; got a list/],
    ["https://example.com", /option origins: expected a list/],
    [[1], /option origins\[0\]: .*an origin such as/],
    [["https://a.example", "example.com"], /option origins\[1\]: .*an origin such as .*; got "example\.com"/],
    [["*"], /option origins\[0\]/],
    [[""], /option origins\[0\]/],
    [["https://example.com/"], /option origins\[0\]: .*nothing behind it/],
    [["https://example.com/chat"], /option origins\[0\]/],
    [["https://ada@example.com"], /option origins\[0\]/],
    [["https://b\xfccher.example/"], /option origins\[0\]/],
    [["wss://example.com"], /option origins\[0\]: .*that of the page/],
    [["https://*"], /option origins\[0\]/],
    [["https://*."], /option origins\[0\]/],
    [["https://*.com"], /option origins\[0\]: .*at least two labels/],
    [["https://*.com."], /option origins\[0\]: .*at least two labels/],
    [["https://a.*.example.com"], /option origins\[0\]/],
    [["https://*.*.example.com"], /option origins\[0\]/],
    [["https://a*.example.com"], /option origins\[0\]/],
    [["https://*.2.3.4"], /option origins\[0\]/],
    [["https://*.[::1]"], /option origins\[0\]/],
    [["NULL"], /option origins\[0\]/],
    [[" https://example.com"], /option origins\[0\]/],
    [["https://example.com, https://example.org"], /option origins\[0\]/],
  ])("%j is no list of origins", (origins, message) => {
    expect(() => new WebsocketServer({ origins: origins as string[] })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }),
    );
  });

  test("requireOrigin is refused where there are no origins", () => {
    expect(() => new WebsocketServer({ requireOrigin: true })).toThrow(/option requireOrigin: .*no `origins`/);
    expect(() => new WebsocketServer({ requireOrigin: false })).not.toThrow();
  });

  test("over the wire, a wrong one is HTTP 403 before the user service and verifyRequest are asked; the others are asked about", async () => {
    const asked: string[] = [];
    const { server, port, connections, errors } = await serveAuth<number>(
      {
        origins: ORIGINS,
        onUnauthorized: "auto",
        verifyRequest: ({ origin }) => {
          asked.push(`verify ${origin}`);
          return true;
        },
      },
      {
        getId: (token) => {
          asked.push(`user ${token}`);
          return null;
        },
      },
    );
    const ask = async (origin: string | undefined): Promise<RawSocket> => {
      const peer = await RawSocket.connect(port);
      peer.write(upgradeRequest("/ada", { Origin: origin }));
      return peer;
    };
    // A tab or a latin1 letter goes through Node's parser, all else through our own.
    const wire = REFUSED.filter(([origin]) => origin.length < 1_000);
    for (const [origin] of wire) {
      const peer = await ask(origin);
      const { status, body } = await peer.readAnswer();
      expect([origin, status, body]).toEqual([origin, 403, expect.stringContaining("is not allowed here (option origins).")]);
    }
    expect([asked, server.stats().refusals, connections.all]).toEqual([[], { 403: wire.length }, []]);
    for (const origin of ALLOWED) {
      const peer = await ask(origin);
      // The token is refused, in the way that a page sees.
      expect([origin, (await peer.readHead()).status]).toEqual([origin, 101]);
      peer.destroy();
    }
    const other = await ask(undefined);
    expect((await other.readAnswer()).status).toBe(401);
    expect(asked).toHaveLength(2 * ALLOWED.length + 2);
    expect(errors.all).toEqual([]);
  });

  test("where one is required, a request without is HTTP 403 that names the option; two of them are HTTP 400", async () => {
    const { port } = await serveAuth<number>({ origins: ["https://example.com"], requireOrigin: true }, { getId: () => 1 });
    const without = await RawSocket.connect(port);
    without.write(upgradeRequest("/ada"));
    expect(await without.readAnswer()).toMatchObject({ status: 403, body: expect.stringContaining("requireOrigin") });
    const two = await RawSocket.connect(port);
    two.write(upgradeRequest("/ada", { "Origin: https://example.com\r\nOrigin": "https://example.com" }));
    expect((await two.readAnswer()).status).toBe(400);
    const fine = await RawSocket.open(port, "/ada", { Origin: "https://example.com" });
    fine.destroy();
  });
});
