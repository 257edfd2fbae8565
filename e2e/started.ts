import type { Connection, WebsocketServer } from "@websockets-simple/server";
import { onTestFinished } from "vitest";

/** Starts a server that listens on 127.0.0.1, until the test ends. */
export async function started<S extends WebsocketServer>(server: S): Promise<{ server: S; url: string }> {
  const { port } = await server.start();
  onTestFinished(() => server.dispose());
  return { server, url: `ws://127.0.0.1:${port}/` };
}

/** The next connection of a server. */
export function nextConnection(server: WebsocketServer): Promise<Connection> {
  return new Promise((resolve) => {
    server.on("connection", ({ type, connection }) => type === "connected" && resolve(connection));
  });
}
