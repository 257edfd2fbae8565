import { createServer } from "node:http";
import { connect as connectTo, type Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import { within } from "../../../testkit/raw-socket.ts";
import { connect, freePort, listen, makeFilm, run, upgrade } from "./examples.ts";

/** A proxy that wants to know who asks, and leads to `port` whatever it is asked for. */
async function listenAsProxy(port: number): Promise<{ port: number; asked: string[] }> {
  const server = createServer();
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.on("connect", ({ url, headers }, socket) => {
    socket.on("error", () => {});
    const [, told = ""] = headers["proxy-authorization"]?.split("Basic ") ?? [];
    asked.push(`${url} ${Buffer.from(told, "base64")}`);
    if (!told) {
      socket.write('HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="the proxy"\r\nContent-Length: 0\r\n\r\n');
      return void socket.end();
    }
    socket.write("HTTP/1.1 200 Connected\r\n\r\n");
    const upstream = connectTo(port, "localhost");
    upstream.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: (server.address() as { port: number }).port, asked };
}

/** websocket-sharp's, where more than a client and a server take part: HTTP, passwords, proxies, redirects, files. */
export const NETWORK: Record<string, () => Promise<void>> = {
  async "password-server.ts"() {
    for (const scheme of ["digest", "basic"]) {
      const port = await freePort();
      const program = await run("password-server.ts", port, { '"digest"': `"${scheme}"` });
      await connect(port, "", { credentials: { username: "nobita", password: "password" } });
      await program.line(/^nobita \[ 'gunfighter' \]$/);
      for (const [username, password] of [
        ["nobita", "another"],
        ["dekisugi", "password"],
      ] as const) {
        await expect(connect(port, "", { credentials: { username, password } })).rejects.toMatchObject({ code: "UNAUTHORIZED" });
      }
      const { headers } = await upgrade(port, "/", {});
      expect(headers).toMatch(new RegExp(`^HTTP/1.1 401 .*^www-authenticate: ${scheme} realm="WebSocket Test"`, "ims"));
    }
  },

  async "password-client.ts"() {
    for (const [preemptive, refusals] of [
      [false, { 401: 1 }],
      [true, {}],
    ] as const) {
      const { server, port } = await listen({
        httpAuthentication: { scheme: ["basic", "digest"], credentials: (name) => (name === "nobita" ? "password" : null) },
      });
      const program = await run("password-client.ts", port, { "preemptive: false": `preemptive: ${preemptive}` });
      await program.line(/^connected$/);
      expect([...server.connections.values()].map(({ userName }) => userName)).toEqual(["nobita"]);
      expect(server.stats().refusals).toEqual(refusals);
    }
  },

  async "proxy-client.ts"() {
    const { port, heard } = await listen();
    const proxy = await listenAsProxy(port);
    // It keeps the server's name, which leads nowhere without the proxy.
    await run("proxy-client.ts", 4649, {
      "://example.com:": "://server.invalid:",
      "//localhost:3128": `//localhost:${proxy.port}`,
    });
    await expect.poll(() => heard).toEqual(["by a tunnel"]);
    expect(proxy.asked).toEqual(["server.invalid:4649 ", "server.invalid:4649 nobita:password"]);
  },

  async "redirect-client.ts"() {
    const { server, port, heard } = await listen({ path: "/new" });
    const paths: unknown[] = [];
    const old = createServer().on("upgrade", ({ url }, socket) => {
      paths.push(url);
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ws://localhost:${port}/new\r\nContent-Length: 0\r\n\r\n`);
    });
    await new Promise<void>((resolve) => old.listen(0, resolve));
    onTestFinished(() => void old.close());
    await run("redirect-client.ts", (old.address() as { port: number }).port);
    await expect.poll(() => heard).toEqual(["found you"]);
    expect([...paths, ...[...server.connections.values()].map(({ path }) => path)]).toEqual(["/old", "/new"]);
  },

  async "file-client.ts"() {
    const { server, port } = await listen();
    const film = makeFilm();
    const accepting = server.accept();
    await run("file-client.ts", port, { "film.mp4": film.path });
    const { value: connection } = await within("the client", accepting.next());
    const pieces: (string | Uint8Array)[] = [];
    const types: string[] = [];
    const reading = (async () => {
      for await (const message of connection?.messageStreams() ?? []) {
        types.push(message.type);
        for await (const piece of message) pieces.push(piece);
      }
    })();
    await within("the film, and the end", reading);
    expect(types).toEqual(["binary"]);
    expect(Buffer.concat(pieces as Uint8Array[]).equals(film.bytes)).toBe(true);
  },

  async "http-server.ts"() {
    const port = await freePort();
    await run("http-server.ts", port);
    const one = await connect(port, "/Chat");
    const two = await connect(port, "/Chat");
    await one.client.sendRaw("hello");
    await expect.poll(() => [one.told, two.told]).toEqual([["hello"], ["hello"]]);
    const pages = await Promise.all(
      ["/", "/else"].map(async (path) => {
        const response = await fetch(`http://localhost:${port}${path}`);
        return [response.status, await response.text()];
      }),
    );
    expect(pages).toEqual([
      [200, "<h1>Chat</h1>"],
      [404, "<h1>Nothing here</h1>"],
    ]);
    await expect(connect(port, "/else", { reconnect: false })).rejects.toMatchObject({ status: 404 });
  },
};
