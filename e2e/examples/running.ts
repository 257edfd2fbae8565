import { createInterface } from "node:readline";
import { WebsocketClient } from "@websockets-simple/client";
import { expect, onTestFinished } from "vitest";
import { type Child, startChild } from "../../testkit/browsers/child-process.ts";
import { RawSocket, upgradeRequest, within } from "../../testkit/raw-socket.ts";

/** An example that runs, and where. */
export interface Running {
  readonly child: Child;
  readonly url: string;
  readonly port: number;
}

/** Starts a server as its user would; it says its address on a line of its own. */
export async function startExample(file: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const child = startChild(process.execPath, [file], { env: { PORT: "0", ...env } });
  onTestFinished(() => child.stop());
  const said = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /http:\/\/localhost:\d+\//.exec(line)?.[0];
      if (url) return url;
    }
    throw new Error(await child.ended);
  })();
  const url = await within("the server's address", said, 40_000);
  return { child, url, port: Number(new URL(url).port) };
}

/** Somebody in the chat of an example, and what is heard there. */
export async function join(url: string): Promise<{ client: WebsocketClient; heard: () => Promise<string> }> {
  const client = new WebsocketClient({ url: `${url}chat`, reconnect: false });
  onTestFinished(() => client.dispose());
  const messages = client[Symbol.asyncIterator]();
  await client.connect();
  return { client, heard: async () => String((await within("a message", messages.next())).value?.message) };
}

/** What each example promises: a page and a chat on one port, clean answers elsewhere, and a clean end. */
export async function checkExample({ child, url, port }: Running, title: string): Promise<void> {
  const page = await fetch(url);
  expect([page.status, page.headers.get("content-type")?.toLowerCase()]).toEqual([200, "text/html; charset=utf-8"]);
  expect(await page.text()).toContain(`<title>${title}</title>`);
  expect((await fetch(`${url}nowhere`)).status).toBe(404);

  const [ada, grace] = [await join(url), await join(url)];
  await ada.client.send("Hello, Grace ✓");
  expect([await ada.heard(), await grace.heard()]).toEqual(["Hello, Grace ✓", "Hello, Grace ✓"]);

  // A connection that HTTP keeps must not hold the end back either.
  const kept = await RawSocket.connect(port, { host: "localhost" });
  kept.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  expect((await kept.readHead()).status).toBe(200);
  const closed = new Promise((resolve) =>
    grace.client.on("connection", ({ type, code }) => type === "disconnected" && resolve(code)),
  );
  await child.stop();
  expect(await within("the close", closed)).toBe(1001);
  expect(await child.ended).toMatch(/ended with 0$/);
  await kept.whenOver();
}

/** What an upgrade request to this path is answered with. */
export async function upgradeStatus(port: number, path: string): Promise<number> {
  const raw = await RawSocket.connect(port, { host: "localhost" });
  onTestFinished(() => raw.destroy());
  raw.write(upgradeRequest(path));
  return (await raw.readHead()).status;
}
