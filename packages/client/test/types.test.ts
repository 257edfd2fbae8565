import { describe, expectTypeOf, it } from "vitest";
import type { ClientOptions, Packet, WebsocketClient } from "../src/index.ts";

interface Chat extends Packet {
  user: string;
}

// Checked by `npm run check`, which compiles the tests.
describe("the types", () => {
  it("let a bare text be sent only where a packet needs nothing else", () => {
    expectTypeOf<WebsocketClient["send"]>().toBeCallableWith("text");
    expectTypeOf<WebsocketClient<Packet & { tag?: string }>["send"]>().toBeCallableWith("text");
    expectTypeOf<WebsocketClient<Chat>["send"]>().toBeCallableWith({ data: "text", user: "Ada" });
    expectTypeOf<"text">().not.toExtend<Parameters<WebsocketClient<Chat>["send"]>[0]>();
  });

  it("take an option that is undefined for one that is left out", () => {
    expectTypeOf<{ url: string; token?: undefined; outbox: undefined; query: undefined }>().toExtend<ClientOptions>();
    expectTypeOf<{ reconnect: { maxAttempts: undefined }; heartbeat: { intervalMs: undefined } }>().toExtend<ClientOptions>();
  });
});
