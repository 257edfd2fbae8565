import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digestResponse, digestSecret } from "../src/index.ts";

const hash = (name: string) => (text: string) => createHash(name).update(text).digest("hex");

describe("a digest", () => {
  it.each([
    ["md5", "8ca523f5e9506fed4657c9700eebdbec"],
    ["sha256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"],
  ])("is that of RFC 7616 section 3.9.1: %s", (name, response) => {
    const secret = digestSecret(hash(name), "Mufasa", "http-auth@example.org", "Circle of Life");
    const use = {
      method: "GET",
      uri: "/dir/index.html",
      nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
      nc: "00000001",
      cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    };
    expect(digestResponse(hash(name), secret, use)).toBe(response);
  });
});
