import { describe, expect, it } from "vitest";
import { ReadHold } from "../src/index.ts";

function held(stallMs: number) {
  const told: string[] = [];
  let timer: { ms: number; run: () => void } | undefined;
  const target = {
    pause: () => told.push("pause"),
    resume: () => told.push("resume"),
    showLife: () => told.push("life"),
    stalled: () => told.push("stalled"),
  };
  const hold = new ReadHold(target as never, stallMs, (ms, run) => {
    timer = { ms, run };
    return () => {
      timer = undefined;
    };
  });
  return {
    hold,
    told,
    get timer() {
      return timer;
    },
    tick() {
      const due = timer;
      timer = undefined;
      due?.run();
    },
  };
}

describe("holding reading back", () => {
  it("shows life every 2 s, and stalls when it lasts for too long", () => {
    const it = held(5_000);
    it.hold.hold();
    it.hold.hold();
    expect(it.timer?.ms).toBe(2_000);
    for (let count = 0; count < 4; count++) it.tick();
    expect(it.told).toEqual(["pause", "life", "life", "life", "stalled"]);
  });

  it("counts anew each time, with one timer, and none when it is over", () => {
    const it = held(4_000);
    for (let count = 0; count < 10; count++) {
      it.hold.hold();
      it.tick();
      it.tick();
      it.hold.release();
    }
    expect(it.told.includes("stalled")).toBe(false);
    it.tick();
    expect(it.timer).toBeUndefined();
    it.hold.hold();
    it.hold.stop();
    expect(it.timer).toBeUndefined();
  });
});
