import { expect, test } from "vitest";
import { Fan, type FanUser } from "../src/own/fan.ts";
import { prepareFrame } from "../src/own/outgoing-frames.ts";

class Receiver implements FanUser {
  fanFirst = 0;
  fanEnd = 0;
  heard = "";
  writes = 0;
  writeShared(bytes: Buffer): void {
    this.writes++;
    for (let at = 0; at < bytes.length; at += 3) this.heard += bytes.toString("latin1", at + 2, at + 3);
  }
  wroteOut(): void {}
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("frames for many are let go of, however many receivers there are and however long it goes on", async () => {
  const fan = new Fan();
  const receivers = Array.from({ length: 1_500 }, () => new Receiver());
  let most = 0;
  for (let round = 0; round < 500; round++) {
    const frame = prepareFrame(String(round % 10));
    // One assertion a round: three quarters of a million of them take longer than all else here.
    expect(receivers.filter((receiver) => !fan.add(receiver, frame))).toEqual([]);
    await turn();
    most = Math.max(most, fan.length);
  }
  while (fan.length > 0) await turn();
  expect(most).toBeLessThan(100);
  const all = Array.from({ length: 500 }, (_, round) => round % 10).join("");
  expect(receivers.every(({ heard }) => heard === all)).toBe(true);
  // Several rounds at once, mostly: fewer writes than frames.
  expect(receivers.at(-1)?.writes).toBeLessThan(500);
});
