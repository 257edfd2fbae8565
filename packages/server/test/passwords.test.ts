import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DigestClaim } from "../src/http-authentication/digest-claim.ts";
import type { KnownPassword } from "../src/http-authentication/options.ts";
import { isPassword, isResponse, isSameSecret } from "../src/http-authentication/passwords.ts";

const HA1 = crypto.createHash("sha256").update("ada:WebSocket:secret").digest("hex");
const CLAIM: DigestClaim = {
  username: "ada",
  realm: "WebSocket",
  nonce: "n",
  uri: "/",
  response: "0".repeat(64),
  algorithm: "SHA-256",
  cnonce: "c",
  nc: "00000001",
};
const WHO: readonly [string, KnownPassword | undefined][] = [
  ["a user with a password", "secret"],
  ["a user with another", "x".repeat(40)],
  ["a user known by a digest", { ha1: HA1 }],
  ["a user known by another digest", { ha1: "0".repeat(32) }],
  ["nobody", undefined],
];

describe("a judgement of a password", () => {
  let done: string[] = [];

  beforeEach(() => {
    done = [];
    for (const name of ["createHash", "timingSafeEqual"] as const) {
      const original = crypto[name] as (...args: never[]) => unknown;
      vi.spyOn(crypto, name).mockImplementation(((...args: never[]) => {
        done.push(name === "createHash" ? `${name} ${String(args[0])}` : name);
        return original.apply(crypto, args);
      }) as never);
    }
    syncBuiltinESMExports();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });

  it.each([
    ["Basic", (known: KnownPassword | undefined) => isPassword("secret", "ada", "WebSocket", known)],
    ["Digest", (known: KnownPassword | undefined) => isResponse(CLAIM, "SHA-256", "GET", known)],
  ])("by %s costs the same for everybody, known or not, right or wrong", (_, judge) => {
    const costs = WHO.map(([, known]) => {
      done = [];
      judge(known);
      return done;
    });
    expect(costs[0]).toContain("timingSafeEqual");
    for (const cost of costs) expect(cost).toEqual(costs[0]);
  });

  it("compares digests of secrets only, which are all of one length", () => {
    for (const given of ["", "s", "secret", "secret\0", "x".repeat(10_000)]) {
      done = [];
      expect(isSameSecret(given, "secret")).toBe(given === "secret");
      expect(done).toEqual(["createHash sha256", "createHash sha256", "timingSafeEqual"]);
    }
  });

  it("is right for who knows it alone", () => {
    const judged = WHO.map(([, known]) => isPassword("secret", "ada", "WebSocket", known));
    expect(judged).toEqual([true, false, true, false, false]);
  });
});
