import { describe, expect, test } from "vitest";
import { RawSocket, upgradeRequest } from "../../../testkit/raw-socket.ts";
import { hostCheck } from "../src/handshake/hosts.ts";
import { WebsocketServer } from "../src/index.ts";
import { serve } from "./support/harness.ts";

const HOSTS = ["example.com", "shop.example.com:8443", "*.example.org", "[::1]", "192.0.2.7:443", "bücher.example", "localhost"];

describe("hosts", () => {
  const isHost = hostCheck(HOSTS);

  test.each([
    "example.com",
    "EXAMPLE.com",
    "example.com:80",
    "example.com:8989",
    "shop.example.com:8443",
    "a.example.org",
    "a.example.org:1",
    "[::1]",
    "[::1]:8989",
    "192.0.2.7:443",
    "192.0.2.7",
    "xn--bcher-kva.example",
    "localhost:3000",
  ])("%s is served", (host) => {
    expect(isHost(host)).toBe(true);
  });

  test.each([
    "",
    "evil.example",
    "evilexample.com",
    "example.com.evil.example",
    "example.com.",
    "a.example.com",
    "example.com:",
    "example.com:0",
    "example.com:080",
    "example.com:65536",
    "example.com:x",
    "example.com:80:80",
    "example.com/",
    "ada@example.com",
    "example.com@evil.example",
    "example.com, evil.example",
    "example.com evil.example",
    "example.com\\evil.example",
    "shop.example.com",
    "shop.example.com:443",
    "shop.example.com:8443:8443",
    "shop.example.com:8443:9",
    "shop.example.com 8443",
    "192.0.2.7::443",
    "example.org",
    ".example.org",
    "a.b.example.org",
    "*.example.org",
    "a,b.example.org",
    "evilexample.org",
    "::1",
    "[::1",
    "[::2]",
    "[0:0:0:0:0:0:0:1]",
    "192.0.2.7:80",
    "192.0.2.7:8443",
    "192.0.519",
    "b\xfccher.example",
    "127.0.0.1",
    "__proto__",
    "a".repeat(14_000),
  ])("%s is not", (host) => {
    expect(isHost(host)).toBe(false);
  });

  test.each([
    [[], /option hosts: expected a list of at least one/],
    ["example.com", /option hosts: expected a list/],
    [[1], /option hosts\[0\]/],
    [["a.example", ""], /option hosts\[1\]/],
    [["*"], /option hosts\[0\]/],
    [["*.com"], /option hosts\[0\]: .*at least two labels/],
    [["*.2.3.4"], /option hosts\[0\]/],
    [["a.*.example.com"], /option hosts\[0\]/],
    [["https://example.com"], /option hosts\[0\]: .*without scheme and path; got "https/],
    [["example.com/chat"], /option hosts\[0\]/],
    [["example.com:0"], /option hosts\[0\]/],
    [["example.com:65536"], /option hosts\[0\]/],
    [["::1"], /option hosts\[0\]/],
    [["exam ple.com"], /option hosts\[0\]/],
  ])("%j is no list of hosts", (hosts, message) => {
    expect(() => new WebsocketServer({ hosts: hosts as string[] })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringMatching(message) }),
    );
  });

  test("a request for another host is HTTP 421 before anybody is asked, also where only its target names it", async () => {
    const asked: unknown[] = [];
    const { server, port, connections } = await serve({
      hosts: ["localhost"],
      origins: ["https://example.com"],
      verifyRequest: ({ host }) => asked.push(host) > 0,
    });
    const rebound = "attacker.example:8989";
    for (const [target, headers] of [
      ["/", { Host: rebound, Origin: `http://${rebound}` }],
      ["/", { Host: "" }],
      ["http://attacker.example/", { Host: "localhost" }],
      ["http://localhost/", { Host: rebound }],
      ["/other/service", { Host: rebound }],
    ] as const) {
      const peer = await RawSocket.connect(port);
      peer.write(upgradeRequest(target, headers));
      expect(await peer.readAnswer()).toMatchObject({ status: 421, body: expect.stringContaining("(option hosts)") });
    }
    expect([asked, server.stats().refusals, connections.all]).toEqual([[], { 421: 5 }, []]);
    const peer = await RawSocket.open(port, "http://localhost:1/", { Host: `localhost:${port}` });
    expect(asked).toEqual([`localhost:${port}`]);
    peer.destroy();
  });
});
