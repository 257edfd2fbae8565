import { describe, expect, it } from "vitest";
import { type AnyMessageStream, checkStreams, MessageStreams, type MessageStreamsOptions } from "../src/index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Messages of a connection that a test plays. */
function connection(options?: MessageStreamsOptions) {
  const seen = { holds: [] as boolean[], beats: [] as string[], sizes: [] as number[], detached: 0 };
  const streams = new MessageStreams(
    {
      maxPayload: 10,
      hold: () => void seen.holds.push(true),
      release: () => void seen.holds.push(false),
      beat: (word) => void seen.beats.push(word),
      counted: (size) => void seen.sizes.push(size),
      admit: (tell) => tell(),
      detach: () => seen.detached++,
    },
    checkStreams(options),
  );
  /** A whole message, in such pieces. */
  const message = (isText: boolean, ...pieces: (string | Uint8Array)[]): void => {
    const sink = streams.begins(isText);
    for (const piece of pieces) sink.piece(typeof piece === "string" ? bytes(piece) : piece);
    sink.end();
  };
  const next = async (): Promise<AnyMessageStream> => (await streams.next()).value as AnyMessageStream;
  return { streams, seen, message, next };
}

async function piecesOf(message: AnyMessageStream): Promise<(string | Uint8Array)[]> {
  const pieces: (string | Uint8Array)[] = [];
  for await (const piece of message as AsyncIterable<string | Uint8Array>) pieces.push(piece);
  return pieces;
}

describe("messages piece by piece", () => {
  it("come in order, text as strings cut between characters, binary as it came", async () => {
    const { message, next, seen } = connection();
    const turtle = bytes("a🐢b");
    message(true, turtle.subarray(0, 3), turtle.subarray(3), "");
    message(false, Uint8Array.of(1), Uint8Array.of(2, 3));
    message(true);
    const first = await next();
    expect([first.type, await piecesOf(first)]).toEqual(["text", ["a", "🐢b"]]);
    const second = await next();
    expect([second.type, await piecesOf(second)]).toEqual(["binary", [Uint8Array.of(1), Uint8Array.of(2, 3)]]);
    expect(await (await next()).text()).toBe("");
    expect(seen.sizes).toEqual([6, 3, 0]);
  });

  it("can be read while they come, as a Web Stream too", async () => {
    const { streams, next } = connection();
    const sink = streams.begins(false);
    sink.piece(Uint8Array.of(1));
    const reader = ((await next()).readable as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value).toEqual(Uint8Array.of(1));
    const later = reader.read();
    sink.piece(Uint8Array.of(2));
    expect((await later).value).toEqual(Uint8Array.of(2));
    sink.end();
    expect((await reader.read()).done).toBe(true);
  });

  it("hold back the sender while much lies unread, bytes or messages", async () => {
    const { streams, next, message, seen } = connection();
    const sink = streams.begins(false);
    sink.piece(new Uint8Array(65_535));
    expect(seen.holds).toEqual([]);
    sink.piece(new Uint8Array(1));
    expect(seen.holds).toEqual([true]);
    sink.end();
    const reading = (await next())[Symbol.asyncIterator]();
    await reading.next();
    expect(seen.holds).toEqual([true, false]);
    for (let count = 0; count < 64; count++) message(false);
    expect(seen.holds).toEqual([true, false, true]);
    await next();
    expect(seen.holds).toEqual([true, false, true, false]);
  });

  it.each(["ping", " PONG\n", "Ping"])("leave the heartbeat's text %j out, in whatever pieces it comes", async (text) => {
    const { message, next, seen } = connection();
    message(true, ...text);
    message(true, "p", "in", "g-pong");
    expect(await piecesOf(await next())).toEqual(["ping-pong"]);
    expect(seen.beats).toEqual([text.trim().toLowerCase()]);
  });

  it("hold it back in time for tiny pieces too, each of which costs more than its bytes", async () => {
    const { streams, seen, next } = connection();
    const sink = streams.begins(false);
    for (let count = 0; count < 255; count++) sink.piece(Uint8Array.of(1));
    expect(seen.holds).toEqual([]);
    sink.piece(Uint8Array.of(1));
    expect(seen.holds).toEqual([true]);
    const pieces = (await next())[Symbol.asyncIterator]();
    await pieces.next();
    expect(seen.holds).toEqual([true, false]);
    sink.piece(new Uint8Array(257));
    expect(seen.holds).toEqual([true, false, true]);
    await pieces.return?.();
    expect(seen.holds).toEqual([true, false, true, false]);
  });

  it("tell each that is asked for of a piece or of the end, in order, also when their loop is left meanwhile", async () => {
    const { streams, next } = connection();
    const sink = streams.begins(false);
    sink.piece(Uint8Array.of(1));
    const pieces = (await next())[Symbol.asyncIterator]();
    await pieces.next();
    const asked = [pieces.next(), pieces.next(), pieces.next()];
    sink.piece(Uint8Array.of(2));
    sink.piece(Uint8Array.of(3));
    await Promise.all(asked.slice(0, 2));
    await pieces.return?.();
    expect((await Promise.all(asked)).map(({ value }) => value)).toEqual([Uint8Array.of(2), Uint8Array.of(3), undefined]);
  });

  it("are told at once when they cannot become a heartbeat's any more", async () => {
    const { streams, next } = connection();
    const sink = streams.begins(true);
    sink.piece(bytes("pi"));
    sink.piece(bytes("e"));
    const reading = (await next())[Symbol.asyncIterator]();
    expect(await reading.next()).toEqual({ done: false, value: "pie" });
  });

  it("as a whole are bounded by maxPayload", async () => {
    const { message, next } = connection();
    message(true, "0123456789");
    message(false, bytes("01234"), bytes("567890"));
    message(true, "text");
    expect(await (await next()).text()).toBe("0123456789");
    await expect((await next()).bytes()).rejects.toMatchObject({
      code: "PROTOCOL_ERROR",
      message: expect.stringContaining("more than 10 bytes"),
    });
    expect(await (await next()).bytes()).toEqual(bytes("text"));
  });

  it("never look whole when they are cut: what waits unread is not told either", async () => {
    const { streams, next } = connection();
    const sink = streams.begins(true);
    sink.piece(bytes("half"));
    const message = await next();
    sink.cut();
    await expect(message.text()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  });

  it("skip the rest when their loop is left, without holding it", async () => {
    const { streams, next, seen } = connection();
    const sink = streams.begins(false);
    sink.piece(new Uint8Array(70_000));
    for await (const _ of (await next()) as AsyncIterable<Uint8Array>) break;
    for (let count = 0; count < 10; count++) sink.piece(new Uint8Array(70_000));
    expect(seen.holds).toEqual([true, false]);
    sink.end();
  });

  it("that nobody began to read are skipped by asking for the next, and say so", async () => {
    const { message, next } = connection();
    message(true, "first");
    message(true, "second");
    const first = await next();
    const second = await next();
    await expect(first.text()).rejects.toMatchObject({ code: "ABORTED" });
    expect(await second.text()).toBe("second");
    await expect(second.text()).rejects.toMatchObject({ code: "INVALID_STATE" });
  });

  it("end with break, by whoever reads one elsewhere, who is told", async () => {
    const { streams, next, seen } = connection();
    const sink = streams.begins(true);
    sink.piece(bytes("half"));
    const elsewhere = (await next()).text();
    await streams.return();
    sink.piece(bytes("more"));
    sink.end();
    await expect(elsewhere).rejects.toMatchObject({ code: "ABORTED" });
    expect([seen.detached, await streams.next()]).toEqual([1, { done: true, value: undefined }]);
  });

  it("end with the connection: what came whole can still be read", async () => {
    const { streams, message, next } = connection();
    message(true, "whole");
    const cut = streams.begins(true);
    cut.piece(bytes("cut"));
    cut.cut();
    streams.end();
    expect(await (await next()).text()).toBe("whole");
    await expect((await next()).text()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    expect(await streams.next()).toEqual({ done: true, value: undefined });
  });

  it("end by a signal, before and while they are waited for", async () => {
    const aborted = connection({ signal: AbortSignal.abort() });
    await expect(aborted.streams.next()).rejects.toMatchObject({ code: "ABORTED" });
    const aborter = new AbortController();
    const { streams, next, seen } = connection({ signal: aborter.signal });
    const sink = streams.begins(true);
    sink.piece(bytes("half"));
    const message = await next();
    const reading = message.text();
    const waiting = streams.next();
    aborter.abort();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    expect([seen.detached, await streams.next()]).toEqual([1, { done: true, value: undefined }]);
  });

  it.each([[{ maxBytes: 0 }], [{ maxBytes: 1.5 }], [{ stallTimeoutMs: 99 }], [{ signal: {} }], [{ size: 1 }], [7]])(
    "refuse options %j",
    (options) => {
      expect(() => checkStreams(options as never)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    },
  );
});
