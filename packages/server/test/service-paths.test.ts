import { describe, expect, test } from "vitest";
import { readServicePath, ServicePaths } from "../src/services/service-paths.ts";

describe("the path of a service", () => {
  test.each([
    ["/chat", "/chat", ["chat"], "exact"],
    ["/chat/", "/chat", ["chat"], "exact"],
    ["/a/b", "/a/b", ["a", "b"], "exact"],
    ["/", "/", [], "exact"],
    ["/*", "/*", [], "below"],
    ["/rooms/*", "/rooms/*", ["rooms"], "below"],
    ["/caf%C3%A9", "/café", ["café"], "exact"],
    ["/café", "/café", ["café"], "exact"],
  ])("%s is %s", (given, path, segments, reach) => {
    expect(readServicePath(given)).toEqual({ path, segments, reach });
  });

  test.each([
    ["chat"],
    [""],
    ["/chat?x=1"],
    ["/chat#x"],
    ["//chat"],
    ["/chat//"],
    ["/a//b"],
    ["/./chat"],
    ["/chat/../admin"],
    ["/%2e%2e/chat"],
    ["/a%2Fb"],
    ["/%zz"],
    ["/*/chat"],
    ["/cha*"],
    ["/%2A/chat"],
    ["/\uD800"],
    [undefined],
    [42],
  ])("%j is refused, naming it and what is expected", (given) => {
    expect(() => readServicePath(given)).toThrowError(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining("a path that begins with /") }),
    );
  });

  test.each(["/:id", "/rooms/:id", "/rooms/:id/*"])(
    "%j is refused, since nothing would ever match it as the router of a framework does",
    (given) => {
      expect(() => readServicePath(given)).toThrowError(
        expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining("/rooms/* instead of /rooms/:id") }),
      );
    },
  );

  test("a colon elsewhere in a segment, or encoded, is as good as any other letter", () => {
    expect(readServicePath("/a:b/%3Ac").path).toBe("/a:b/:c");
  });
});

describe("who is found at a request target", () => {
  const paths = new ServicePaths<string>();
  for (const path of ["/chat", "/chat/admin", "/rooms/*", "/rooms/vip/*", "/rooms/vip", "/a/b"]) {
    paths.add(readServicePath(path), path);
  }

  test.each([
    ["/chat", "/chat"],
    ["/chat/", "/chat"],
    ["/chat?x=/rooms/1", "/chat"],
    ["/%63hat", "/chat"],
    ["http://example.com/chat", "/chat"],
    ["/chat/admin", "/chat/admin"],
    ["/rooms/1", "/rooms/*"],
    ["/rooms/1/2/3", "/rooms/*"],
    ["/rooms/vip", "/rooms/vip"],
    ["/rooms/vip/1", "/rooms/vip/*"],
  ])("%s: %s", (target, path) => {
    expect(paths.find(target, false)).toBe(path);
  });

  test.each([
    ["/"],
    ["/Chat"],
    ["/CHAT"],
    ["/chats"],
    ["/chat/x"],
    ["//chat"],
    ["/chat//"],
    ["/chat/../admin"],
    ["/chat/%2e%2e/admin"],
    ["/./chat"],
    ["/%2e/chat"],
    ["/x/../chat"],
    ["/chat%00"],
    ["/chat%20"],
    ["/chat;x"],
    ["/rooms"],
    ["/%zz"],
    ["chat"],
    [""],
    ["*"],
  ])("%s: nobody", (target) => {
    expect(paths.find(target, false)).toBeUndefined();
  });

  test("a token may stand behind, where tokens may be in the path", () => {
    expect(paths.find("/chat/token", true)).toBe("/chat");
    expect(paths.find("/chat/to%2Fken", true)).toBe("/chat");
    expect(paths.find("/chat/admin/token", true)).toBe("/chat/admin");
    expect(paths.find("/chat/two/tokens", true)).toBeUndefined();
    expect(paths.find("/rooms/token", true)).toBe("/rooms/*");
  });

  test("who was removed is not found, and others are", () => {
    const some = new ServicePaths<number>();
    some.add(readServicePath("/chat"), 1);
    some.add(readServicePath("/chat/*"), 2);
    some.remove(readServicePath("/chat"));
    expect([some.find("/chat", false), some.find("/chat/x", false), some.all()]).toEqual([undefined, 2, [2]]);
  });

  test("a path of very many segments costs no more than the services are deep", () => {
    let keys = 0;
    const counted = new ServicePaths<string>();
    counted.add(readServicePath("/a/b/*"), "it");
    const join = Array.prototype.join;
    Array.prototype.join = function (this: unknown[], separator?: string) {
      keys++;
      return join.call(this, separator);
    };
    try {
      expect(counted.find("/x".repeat(4_000), true)).toBeUndefined();
    } finally {
      Array.prototype.join = join;
    }
    expect(keys).toBeLessThan(10);
  });
});
