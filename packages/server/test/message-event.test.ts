import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type Clock, coarseDate, systemClock } from "../src/clock.ts";
import { receivedEvent, sentEvent } from "../src/message-event.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

describe("events of messages", () => {
  test("a text's packet is made when it is looked at, of the time when the text came, and only once", () => {
    const event = receivedEvent("hello", NOW, "a connection");
    expect(event).toMatchObject({ type: "received", message: "hello", connection: "a connection" });
    expect(event.packet).toEqual({ data: "hello", timestamp: new Date(NOW) });
    expect(event.packet).toBe(event.packet);
    const { packet } = sentEvent("hello", NOW, undefined, 3);
    expect(packet).toEqual({ data: "hello", timestamp: new Date(NOW) });
  });

  test("console.log shows that packet", () => {
    expect(inspect(receivedEvent("hello", NOW, { id: 7 }))).toContain("2026-01-02T03:04:05.678Z");
    expect(inspect(sentEvent("hello", NOW, undefined, 3))).not.toContain("connection");
  });

  test("without a packet there is none, not even undefined", () => {
    expect("packet" in receivedEvent(Uint8Array.of(1), undefined, 0)).toBe(false);
    expect("packet" in sentEvent(Uint8Array.of(1), undefined, undefined, 2)).toBe(false);
  });
});

test("the coarse date is asked for once in one go, and anew in the next", async () => {
  let date = NOW;
  const clock: Clock = { ...systemClock, date: () => date++ };
  const now = coarseDate(clock);
  expect([now(), now()]).toEqual([NOW, NOW]);
  await undefined;
  expect([now(), now()]).toEqual([NOW + 1, NOW + 1]);
});
