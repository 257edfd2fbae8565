import { describe, expect, test } from "vitest";
import { frame, Opcode } from "../../../../testkit/raw-socket.ts";
import { MessageReader } from "../../src/frames/message-reader.ts";

const THREE = Buffer.concat(["one", "two", "three"].map((text) => frame(Opcode.text, text)));

function reading(onMessage: (text: string, reader: MessageReader) => void): { reader: MessageReader; heard: string[] } {
  const heard: string[] = [];
  const sink = {
    message(text: string | Uint8Array): void {
      heard.push(text as string);
      onMessage(text as string, reader);
    },
    compressed() {},
    ping() {},
    pong() {},
    closing() {},
    broken() {},
  };
  const reader = new MessageReader(true, false, { maxPayload: 1_000, maxFragments: 10 }, sink);
  return { reader, heard };
}

describe("a reader", () => {
  test("tells nothing while it is paused, and then all that waits, in order", () => {
    const { reader, heard } = reading((text, self) => text === "one" && self.pause());
    reader.read(Buffer.from(THREE));
    reader.read(Buffer.from(THREE.subarray(0, 5)));
    expect([heard, reader.isReading]).toEqual([["one"], false]);
    reader.resume();
    reader.read(Buffer.from(THREE.subarray(5)));
    expect(heard).toEqual(["one", "two", "three", "one"]);
    reader.resume();
    expect(heard).toEqual(["one", "two", "three", "one", "two", "three"]);
  });

  test("keeps the order of what is read from within a call that pauses it, or throws", () => {
    for (const what of ["pause", "throw"]) {
      const { reader, heard } = reading((text, self) => {
        if (text !== "one") return;
        self.read(Buffer.from(frame(Opcode.text, "four")));
        if (what === "throw") throw new Error("a listener");
        self.pause();
      });
      if (what === "throw") expect(() => reader.read(Buffer.from(THREE))).toThrow("a listener");
      else reader.read(Buffer.from(THREE));
      reader.resume();
      expect(heard).toEqual(["one", "two", "three", "four"]);
    }
  });

  test("goes on at once when it is resumed within the call that paused it", () => {
    const { reader, heard } = reading((_, self) => {
      self.pause();
      self.resume();
    });
    reader.read(Buffer.from(THREE));
    expect(heard).toEqual(["one", "two", "three"]);
  });

  test("loses nothing behind a message whose listener throws", () => {
    const { reader, heard } = reading((text) => {
      if (text === "one") throw new Error("a listener");
    });
    expect(() => reader.read(Buffer.from(THREE))).toThrow("a listener");
    expect([heard, reader.isInterrupted]).toEqual([["one"], true]);
    reader.resume();
    expect([heard, reader.isInterrupted]).toEqual([["one", "two", "three"], false]);
  });

  test("drops what comes after its end", () => {
    const { reader, heard } = reading((text, self) => text === "two" && self.end());
    reader.read(Buffer.from(THREE));
    reader.read(Buffer.from(THREE));
    reader.resume();
    expect([heard, reader.isInterrupted]).toEqual([["one", "two"], false]);
  });
});
