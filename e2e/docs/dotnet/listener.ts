import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { makeFolder } from "../programs.ts";
import { connect, freePort, makeFilm, run } from "./examples.ts";

/** WebSocketListener's. */
export const LISTENER: Record<string, () => Promise<void>> = {
  async "listener.ts"() {
    const port = await freePort();
    const program = await run("listener.ts", port);
    await program.line(new RegExp(`^listening on (::|0\\.0\\.0\\.0) ${port}$`));
    const { client, told } = await connect(port);
    await client.sendRaw("text");
    await client.sendRaw(new Uint8Array([1, 2, 3, 4]));
    await expect.poll(() => told).toEqual(["Hello World!", "text", new Uint8Array([2, 3])]);
    await program.line(/^text text$/);
    await program.line(/^bytes 4$/);
  },

  async "accept-loop.ts"() {
    const port = await freePort();
    const program = await run("accept-loop.ts", port);
    const talks = [await connect(port), await connect(port), await connect(port)];
    // The last first: nobody waits until another's loop is over.
    for (const { client, told } of talks.toReversed()) {
      await client.sendRaw("text");
      await client.sendRaw(new Uint8Array([1, 2]));
      await expect.poll(() => told).toEqual(["text", new Uint8Array([1, 2])]);
    }
    await talks[1]?.client.disconnect();
    await program.line(/^one has gone$/);
    await program.stop();
    await program.line(/^cancelled$/);
    await expect.poll(() => talks[0]?.told[2]).toMatch(/^1001 /);
  },

  async "message-writer.ts"() {
    const port = await freePort();
    const film = makeFilm();
    await run("message-writer.ts", port, { "film.mp4": film.path });
    const { told } = await connect(port, "", { maxPayload: film.bytes.length });
    await expect.poll(() => told.length).toBe(2);
    expect(told[0]).toBe("Hello World!");
    expect(film.bytes.equals(told[1] as Uint8Array)).toBe(true);
  },

  async "message-reader.ts"() {
    const port = await freePort();
    const { path, remove } = makeFolder();
    onTestFinished(remove);
    const copy = join(path, "copy.mp4");
    const program = await run("message-reader.ts", port, { "copy.mp4": copy });
    const { client } = await connect(port, "", { streams: true });
    const film = makeFilm();
    const text = client.createMessageWriter({ type: "text" });
    for (const part of ["in ", "pieces"]) await text.write(part);
    await text.close();
    await client.sendRaw("whole");
    const writer = client.createMessageWriter();
    await writer.write(film.bytes);
    await writer.close();
    for (const line of [/^text in pieces$/, /^text whole$/, /^the film is whole$/]) await program.line(line);
    expect(film.bytes.equals(await readFile(copy))).toBe(true);
    // Who goes in the middle of a film is told of.
    const { client: other } = await connect(port, "", { streams: true });
    const rest = other.createMessageWriter();
    await rest.write(film.bytes.subarray(0, 100_000));
    await rest.abort();
    await program.line(/^the connection ended before the message did$/);
  },
};
