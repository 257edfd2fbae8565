import { describe, expect, it } from "vitest";
import { createMessageWriter, type MessageWriterOptions } from "../src/index.ts";

const TEXT = "żółw 🐢 i tak";
/** Where it may be cut. */
const UNITS = Array.from({ length: TEXT.length + 1 }, (_, at) => at);
const BYTES = Array.from({ length: Buffer.byteLength(TEXT) + 1 }, (_, at) => at);

/** A connection whose kernel takes what it is given when it is told to. */
function connection(options?: MessageWriterOptions) {
  const seen = { fragments: [] as Uint8Array[], isEnded: false, gaveUp: [] as string[], begun: 0 };
  const rooms: (() => void)[] = [];
  let settle: (error?: Error) => void = () => {};
  const writer = createMessageWriter(
    {
      begin(_isText, done) {
        seen.begun++;
        settle = done;
        return {
          write(bytes) {
            seen.fragments.push(bytes.slice());
            return true;
          },
          whenRoom: (go) => void rooms.push(go),
          end: () => {
            seen.isEnded = true;
          },
        };
      },
      giveUp: (reason) => void seen.gaveUp.push(reason),
    },
    options,
  );
  const room = (): void => {
    for (const go of rooms.splice(0)) go();
  };
  return {
    writer,
    seen,
    room,
    settle: (error?: Error) => settle(error),
    /** Lets everything go until it is over. */
    async drain(doing: Promise<unknown>): Promise<unknown> {
      let isOver = false;
      const over = doing.finally(() => {
        isOver = true;
      });
      over.catch(() => {});
      while (!isOver) {
        room();
        if (seen.isEnded) settle();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      return over;
    },
    text: () => Buffer.concat(seen.fragments).toString(),
  };
}

describe("a message writer", () => {
  it("sends pieces as fragments, small ones of a turn together, and resolves when the kernel took all", async () => {
    const { writer, seen, room, settle } = connection({ type: "text" });
    await writer.write("one ");
    await writer.write("two ");
    expect(seen.fragments).toEqual([]);
    room();
    expect(seen.fragments).toEqual([new TextEncoder().encode("one two ")]);
    let isTaken = false;
    const closing = writer.close().then(() => {
      isTaken = true;
    });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect([seen.isEnded, isTaken]).toEqual([true, false]);
    settle();
    await closing;
    await expect(writer.write("late")).rejects.toMatchObject({ code: "INVALID_STATE" });
    await writer.abort();
    expect([seen.begun, seen.gaveUp]).toEqual([1, []]);
  });

  it("waits for room, and holds no more than a fragment of a large piece", async () => {
    const it = connection();
    const bytes = new Uint8Array(1_000_000).map((_, index) => index);
    let isWritten = false;
    const writing = it.writer.write(bytes).then(() => {
      isWritten = true;
    });
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    expect([it.seen.fragments.length, isWritten]).toEqual([1, false]);
    await it.drain(writing);
    expect(Math.max(...it.seen.fragments.map(({ length }) => length))).toBe(65_536);
    expect(Buffer.concat(it.seen.fragments).equals(bytes)).toBe(true);
  });

  it.each(UNITS)("takes a text cut at unit %i of UTF-16", async (at) => {
    const it = connection({ type: "text" });
    const writing = Promise.all([it.writer.write(TEXT.slice(0, at)), it.writer.write(TEXT.slice(at)), it.writer.close()]);
    await it.drain(writing);
    expect(it.text()).toBe(TEXT);
  });

  it.each(BYTES)("takes a text cut at byte %i of UTF-8", async (at) => {
    const it = connection({ type: "text" });
    const bytes = Buffer.from(TEXT);
    const writing = Promise.all([it.writer.write(bytes.subarray(0, at)), it.writer.write(bytes.subarray(at)), it.writer.close()]);
    await it.drain(writing);
    expect(it.text()).toBe(TEXT);
  });

  it.each<[string, (string | Uint8Array)[]]>([
    ["a lone surrogate", ["fine", "\ud83d", "x"]],
    ["a text that ends within a character", ["\ud83d"]],
    ["bytes that are no UTF-8", [Uint8Array.of(0xff)]],
    ["bytes that end within a character", [Uint8Array.of(0xf0, 0x9f)]],
    ["a string within a character of bytes", [Uint8Array.of(0xf0, 0x9f), "x"]],
  ])("refuses %s, and gives the message up", async (_, pieces) => {
    const it = connection({ type: "text" });
    const writing = Promise.all([...pieces.map((piece) => it.writer.write(piece)), it.writer.close()]);
    await expect(it.drain(writing)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect([it.seen.isEnded, it.seen.gaveUp.length]).toEqual([false, it.seen.begun]);
  });

  it("leaves a piece to its owner once that was written, a Buffer too", async () => {
    const { writer, drain, text } = connection();
    const piece = Buffer.alloc(4);
    for (const letter of "abc") {
      piece.fill(letter);
      await writer.write(piece);
    }
    piece.fill("x");
    await drain(writer.close());
    expect(text()).toBe("aaaabbbbcccc");
  });

  it("refuses what is no piece, and goes on", async () => {
    const it = connection();
    await expect(it.writer.write("text")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/Uint8Array, got a string; give createMessageWriter \{ type: "text" \}/),
    });
    await expect(it.writer.write(7 as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await it.drain(Promise.all([it.writer.write(Uint8Array.of(1)), it.writer.close()]));
    expect(it.seen.fragments).toEqual([Uint8Array.of(1)]);
  });

  it("that is aborted gives the message up, even while it waits for room, and costs nothing before the first piece", async () => {
    const stuck = connection();
    const writing = stuck.writer.write(new Uint8Array(100_000));
    await Promise.resolve();
    await stuck.writer.abort(new Error("enough"));
    await expect(writing).rejects.toMatchObject({ code: "ABORTED", message: expect.stringContaining("enough") });
    await expect(stuck.writer.close()).rejects.toMatchObject({ code: "ABORTED" });
    expect([stuck.seen.gaveUp.length, stuck.seen.isEnded]).toEqual([1, false]);

    const unused = connection();
    await unused.writer.abort();
    expect([unused.seen.begun, unused.seen.gaveUp]).toEqual([0, []]);
  });

  it("is aborted by its signal, before or in the middle, and not when it is complete", async () => {
    const before = connection({ signal: AbortSignal.abort() });
    await expect(before.writer.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "ABORTED" });
    const aborter = new AbortController();
    const middle = connection({ signal: aborter.signal });
    await middle.writer.write(Uint8Array.of(1));
    const whole = connection({ signal: aborter.signal });
    await whole.drain(Promise.all([whole.writer.write(Uint8Array.of(1)), whole.writer.close()]));
    aborter.abort();
    await expect(middle.writer.write(Uint8Array.of(2))).rejects.toMatchObject({ code: "ABORTED" });
    expect([middle.seen.gaveUp.length, whole.seen.gaveUp.length]).toEqual([1, 0]);
  });

  it("takes a Web Stream whole, and gives the message up when that fails", async () => {
    const it = connection();
    await it.drain(new Blob([new Uint8Array(300_000).fill(7)]).stream().pipeTo(it.writer.writable));
    expect([Buffer.concat(it.seen.fragments).length, it.seen.isEnded]).toEqual([300_000, true]);

    const failing = connection();
    let pulls = 0;
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ < 2) controller.enqueue(new Uint8Array(20_000));
        else controller.error(new Error("the disk is gone"));
      },
    });
    await expect(failing.drain(source.pipeTo(failing.writer.writable))).rejects.toThrow("the disk is gone");
    expect([failing.seen.isEnded, failing.seen.gaveUp.length]).toEqual([false, 1]);
  });

  it("fails with its connection, and so does its stream, whether or not anybody writes", async () => {
    const it = connection();
    const writing = it.writer.write(new Uint8Array(100_000));
    const stream = it.writer.writable.getWriter();
    await Promise.resolve();
    await Promise.resolve();
    it.settle(new Error("gone"));
    await expect(writing).rejects.toThrow("gone");
    await expect(stream.closed).rejects.toThrow("gone");
    expect(it.seen.gaveUp).toEqual([]);
  });

  it.each([[{ kind: "text" }], [{ type: "json" }], [{ signal: 1 }], ["text"], [null]])("refuses options %j", (options) => {
    expect(() => connection(options as never)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
