import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elementsFromEnd, readForwarded, readHop, readHost } from "../src/addresses/forwarded.ts";
import { countedAs, isLocal, normalAddress, plainAddress } from "../src/addresses/ip.ts";
import { Places } from "../src/addresses/places.ts";
import { Recent } from "../src/addresses/recent.ts";
import { isTrustedProxy, TrustedProxies } from "../src/addresses/trusted-proxies.ts";
import { CountingText } from "./support/counting-text.ts";

describe("an address", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:db8:1::6", "2001:db8:1:0::/64"],
    ["2001:db8::6", "2001:db8:0:0::/64"],
    ["2001:db8::1:2:3:4:5", "2001:db8:0:1::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["::2:3:4:5:6:7:8", "0:2:3:4::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("%s is counted as %s", (address, expected) => {
    expect(countedAs(address)).toBe(expected);
  });

  test("of IPv6 is counted with all of its /64, however it is written, and with no other", () => {
    const groups = fc.array(fc.constantFrom(0, 1, 0xdb8, 0xffff), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        const write = (of: number[]): string => normalAddress(of.map((group) => group.toString(16)).join(":")) as string;
        const network = (of: number[]): string => of.slice(0, 4).join(":");
        const [first, second] = [write(one), write(other)];
        fc.pre(first.includes(":") && second.includes(":"));
        expect(countedAs(first) === countedAs(second)).toBe(network(one) === network(other));
      }),
    );
  });

  test.each([
    ["127.0.0.1", true],
    ["10.255.0.1", true],
    ["172.16.0.1", true],
    ["172.32.0.1", false],
    ["192.168.1.1", true],
    ["192.169.1.1", false],
    ["169.254.169.254", true],
    ["100.64.0.1", true],
    ["100.128.0.1", false],
    ["1.10.0.1", false],
    ["203.0.113.7", false],
    ["::1", true],
    ["::", false],
    ["fd00::1", true],
    ["fc12::1", true],
    ["fe80::1", true],
    ["febf::1", true],
    ["fec0::1", false],
    ["2001:db8::fd00", false],
    ["::1:1", false],
  ])("%s is local: %s", (address, expected) => {
    expect(isLocal(address)).toBe(expected);
  });

  test.each([
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.256", undefined],
    ["192.0.2.01", undefined],
    ["fe80::1%eth0", undefined],
    ["unknown", undefined],
    ["", undefined],
  ])("%j is read as %j", (text, expected) => {
    expect(normalAddress(text)).toBe(expected);
  });

  test("of IPv4 on a dual-stack socket is shown in its own form", () => {
    expect([plainAddress("::ffff:192.0.2.1"), plainAddress("::ffff:1"), plainAddress(undefined)]).toEqual([
      "192.0.2.1",
      "::ffff:1",
      "",
    ]);
  });
});

describe("a hop", () => {
  test.each([
    ["192.0.2.1", { address: "192.0.2.1", port: 0 }],
    ["192.0.2.1:4711", { address: "192.0.2.1", port: 4711 }],
    ["2001:db8::1", { address: "2001:db8::1", port: 0 }],
    ["[2001:db8::1]", { address: "2001:db8::1", port: 0 }],
    ["[2001:DB8::1]:443", { address: "2001:db8::1", port: 443 }],
    ["[::ffff:192.0.2.1]:1", { address: "192.0.2.1", port: 1 }],
    ["192.0.2.1:", undefined],
    ["192.0.2.1:65536", undefined],
    ["192.0.2.1:0x1", undefined],
    ["192.0.2.1 :80", undefined],
    ["[192.0.2.1]", undefined],
    ["[2001:db8::1", undefined],
    ["[2001:db8::1]x80", undefined],
    ["unknown", undefined],
    ["_hidden", undefined],
    ["", undefined],
    ["1".repeat(16_384), undefined],
  ])("%s", (text, expected) => {
    expect(readHop(text)).toEqual(expected);
  });
});

describe("a list from its end", () => {
  test.each([
    ["", [""]],
    ["a", ["a"]],
    ["a, b ,c", ["c", "b", "a"]],
    ["a,,b", ["b", "", "a"]],
    ['a="1,2", b', ["b", 'a="1,2"']],
    ['a="1\\",2", b', ["b", 'a="1\\",2"']],
    ['a="1\\\\", b', ["b", 'a="1\\\\"', ""].slice(0, 2)],
    ['x="never ends, b, c', ["c", "b"]],
  ])("%s", (text, expected) => {
    expect([...elementsFromEnd(text)].slice(0, expected.length)).toEqual(expected);
  });

  test("says the same of its end, whatever stands before that", () => {
    const end = ['for="[2001:db8::1]:1";host="a,b"', "for=192.0.2.1"];
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', "\\", ",", ";", "=", "a") }), (before) => {
        const read = [...elementsFromEnd(`${before},${end.join(", ")}`)];
        expect(read.slice(0, 2)).toEqual([...end].reverse());
      }),
    );
  });
});

describe("an element of Forwarded", () => {
  const hop = { address: "192.0.2.1", port: 0 };
  test.each([
    ["for=192.0.2.1", { hop, proto: undefined, host: undefined }],
    ["For=192.0.2.1;PROTO=https;host=example.com", { hop, proto: "https", host: "example.com" }],
    ["for=192.0.2.1; proto=http;", { hop, proto: "http", host: undefined }],
    ['for="[2001:db8::1]:80"', { hop: { address: "2001:db8::1", port: 80 }, proto: undefined, host: undefined }],
    ['for="192.0.2\\.1";host="a\\"b"', { hop, proto: undefined, host: 'a"b' }],
    ["for=unknown;proto=https", { hop: undefined, proto: "https", host: undefined }],
    ["proto=https", { hop: undefined, proto: "https", host: undefined }],
    ["for=192.0.2.1;for=192.0.2.2", undefined],
    ['for="192.0.2.1', undefined],
    ['for="192.0.2.1"x', undefined],
    ["192.0.2.1", undefined],
  ])("%s", (text, expected) => {
    expect(readForwarded(text)).toEqual(expected);
  });
});

test.each([
  ["example.com", "example.com"],
  ["example.com:8443", "example.com:8443"],
  ["[2001:db8::1]:80", "[2001:db8::1]:80"],
  ["exa mple.com", undefined],
  ["example.com/path", undefined],
  ["a\r\nb", undefined],
  ["", undefined],
  ["a".repeat(262), undefined],
])("%j as a host is %j", (text, expected) => {
  expect(readHost(text)).toBe(expected);
});

describe("steps of the scanners of forwarded headers", () => {
  const scanners: [string, (text: CountingText) => unknown][] = [
    ["elementsFromEnd", (text) => [...elementsFromEnd(text)]],
    ["readForwarded", readForwarded],
  ];
  const pieces = ["a", ",", '"', "\\", "=", ";", "a=", 'a="', '\\"', '","', "for=192.0.2.1,", "for=192.0.2.1;", " "];
  test.each(scanners)("%s is linear in what it reads, however odd", (_, scan) => {
    for (const first of pieces) {
      for (const piece of pieces) {
        const text = new CountingText(first + piece.repeat(16_384 / piece.length));
        scan(text);
        expect(text.steps, JSON.stringify([first, piece])).toBeLessThanOrEqual(6 * text.length + 16);
      }
    }
  });

  test("none takes any text with a throw", () => {
    const odd = fc.string({ unit: fc.oneof(fc.constantFrom('"', "\\", ",", ";", "=", ":", "[", "]", "1", "."), fc.string()) });
    fc.assert(
      fc.property(odd, (text) => {
        for (const element of elementsFromEnd(text)) readForwarded(element);
        readHop(text);
      }),
    );
  });
});

describe("trusted proxies", () => {
  test.each([
    ["192.0.2.1", ["192.0.2.1", "::ffff:192.0.2.1"], ["192.0.2.2", "2001:db8::1", ""]],
    ["::ffff:192.0.2.1", ["192.0.2.1"], ["192.0.2.2"]],
    ["10.0.0.0/8", ["10.0.0.1", "10.255.255.255"], ["11.0.0.0", "9.255.255.255", "::1"]],
    ["192.0.2.129/25", ["192.0.2.128"], ["192.0.2.127"]],
    ["2001:db8::/32", ["2001:db8:ffff::1"], ["2001:db9::", "10.0.0.1"]],
    ["2001:db8::1", ["2001:db8::1"], ["2001:db8::2"]],
    ["loopback", ["127.0.0.1", "127.255.0.1", "::1"], ["128.0.0.1", "::2", "126.255.255.255"]],
    ["unix", [], ["", "127.0.0.1"]],
  ])("%s", (entry, trusted, others) => {
    const proxies = new TrustedProxies([entry]);
    expect(isTrustedProxy(entry)).toBe(true);
    expect([...trusted, ...others].filter((address) => proxies.isPeer(plainAddress(address), false))).toEqual(trusted);
    expect(proxies.isPeer("", true)).toBe(entry === "unix");
  });

  test.each([
    "",
    "localhost",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0/8",
    "::/129",
    "10.0.0.0/8/8",
    "fe80::1%eth0",
    "10.0.0.0/-1",
    1,
    null,
  ])("%j can not be one", (entry) => {
    expect(isTrustedProxy(entry)).toBe(false);
  });
});

describe("what is kept of addresses", () => {
  test("places are counted by key, and nothing is kept of who has left", () => {
    const places = new Places<string>();
    const holders = [{}, {}, {}];
    expect(holders.map((holder, index) => places.enter(holder, index < 2 ? "a" : "b"))).toEqual([1, 2, 1]);
    places.leave(holders[0] as object);
    places.leave(holders[0] as object);
    places.leave({});
    expect([places.of("a"), places.of("b"), places.of("c"), places.size]).toEqual([1, 1, 0, 2]);
    for (const holder of holders) places.leave(holder);
    expect(places.size).toBe(0);
  });

  test("a place can be of a user called undefined or __proto__", () => {
    const places = new Places<unknown>();
    const holder = {};
    places.enter(holder, undefined);
    expect([places.of(undefined), places.of("__proto__")]).toEqual([1, 0]);
    places.leave(holder);
    expect(places.size).toBe(0);
  });

  test("what is remembered is bounded, and who was unheard of for longest is forgotten first", () => {
    const recent = new Recent<number>(() => false, 3);
    for (const key of ["a", "b", "c", "a", "d"]) recent.set(key, 1);
    expect([recent.size, ...["a", "b", "c", "d"].map((key) => recent.get(key))]).toEqual([3, 1, undefined, 1, 1]);
    for (let index = 0; index < 100_000; index++) recent.set(`k${index}`, 1);
    expect(recent.size).toBe(3);
  });

  test("what says nothing any more is forgotten when others come", () => {
    let now = 0;
    const recent = new Recent<number>((untilMs) => untilMs <= now);
    for (let index = 0; index < 1_000; index++) recent.set(`k${index}`, 10);
    now = 10;
    for (let index = 0; index < 500; index++) recent.set("again", 20);
    expect(recent.size).toBe(1);
  });
});
