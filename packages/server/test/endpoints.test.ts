import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { WebsocketServer } from "../src/index.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function serverAt(endpoints: { port?: number; host?: string; socketPath?: string }[]): WebsocketServer {
  const server = new WebsocketServer({ endpoints, connectionSuccessString: "welcome" });
  cleanUps.push(() => server.dispose());
  return server;
}

function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "websockets-simple-"));
  cleanUps.push(() => rmSync(folder, { recursive: true }));
  return join(folder, "chat.sock");
}

/** The first text that a client gets there. */
function greeting(url: string): Promise<string> {
  const client = new WebSocket(url);
  cleanUps.push(() => client.terminate());
  return new Promise((resolve, reject) => client.on("error", reject).once("message", (data) => resolve(String(data))));
}

describe("several endpoints", () => {
  test("are one server: IPv4, IPv6 and a Unix socket", async () => {
    const socketPath = temporaryPath();
    const server = serverAt([{ port: 0, host: "127.0.0.1" }, { port: 0, host: "::1" }, { socketPath }]);
    const first = await server.start();
    expect(first).toEqual(server.address);
    expect(server.addresses).toEqual([
      { host: "127.0.0.1", port: first.port, family: "IPv4" },
      { host: "::1", port: expect.any(Number), family: "IPv6" },
      { host: "", port: 0, family: "unix", socketPath },
    ]);
    const urls = [`ws://127.0.0.1:${first.port}/`, `ws://[::1]:${server.addresses[1]?.port}/`, `ws+unix://${socketPath}:/`];
    expect(await Promise.all(urls.map(greeting))).toEqual(["welcome", "welcome", "welcome"]);
    expect([...server.connections.values()].map(({ remoteAddress }) => remoteAddress).sort()).toEqual(["", "127.0.0.1", "::1"]);
    await server.stop();
    expect(server.addresses).toEqual([]);
    expect(existsSync(socketPath)).toBe(false);
    await server.start();
    expect(await greeting(`ws+unix://${socketPath}:/`)).toBe("welcome");
  });

  test("open all or none: one that fails leaves no other listening, and the server can be started again", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const socketPath = temporaryPath();
    const server = serverAt([{ socketPath }, { port, host: "127.0.0.1" }]);
    await expect(server.start()).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringContaining(`port ${port}`),
    });
    expect(existsSync(socketPath)).toBe(false);
    await new Promise((resolve) => other.close(resolve));
    await server.start();
    expect(await greeting(`ws://127.0.0.1:${port}/`)).toBe("welcome");
  });

  test("a Unix socket that cannot be opened says what to do", async () => {
    const socketPath = temporaryPath();
    await expect(serverAt([{ socketPath: join(socketPath, "deeper") }]).start()).rejects.toMatchObject({
      message: expect.stringContaining("see that the folder is there"),
    });
    await serverAt([{ socketPath }]).start();
    await expect(serverAt([{ socketPath }]).start()).rejects.toMatchObject({
      message: expect.stringContaining("remove the file"),
    });
  });

  test.each<[object, string]>([
    [{ endpoints: [] }, "option endpoints: expected a list of at least one endpoint"],
    [{ endpoints: [{}] }, "option endpoints[0].port: expected either a port or a socketPath"],
    [
      { endpoints: [{ port: 1 }, { port: 70_000 }] },
      "option endpoints[1].port: expected a whole number from 0 to 65535; got 70000",
    ],
    [{ endpoints: [{ port: 1, socketPath: "/x" }] }, "either a port or a socketPath"],
    [{ endpoints: [{ host: "a", socketPath: "/x" }] }, "option endpoints[0].host: expected to be left out"],
    [{ endpoints: [{ socketPath: "x".repeat(108) }] }, "1 to 107 bytes"],
    [{ endpoints: [{ port: 1 }], port: 2 }, "option port: expected to be left out, since `endpoints` is given"],
  ])("%j: %s", (options, message) => {
    expect(() => new WebsocketServer(options)).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION", message: expect.stringContaining(message) }),
    );
  });
});
