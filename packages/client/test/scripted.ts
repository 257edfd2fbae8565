import { expect, vi } from "vitest";
import { ScriptedWebSocket } from "../../../testkit/scripted-websocket.ts";
import { type ClientOptions, type TokenSource, WebsocketClient } from "../src/index.ts";

/** A client on scripted sockets and fake time, with a log of its events in short. */
export function scriptedClient(options: Partial<ClientOptions> = {}, token?: TokenSource) {
  const client = new WebsocketClient(
    { url: "ws://server/chat", heartbeat: false, webSocket: ScriptedWebSocket, ...options },
    token,
  );
  const log: string[] = [];
  client.on("connection", ({ type, code, reason }) => log.push([type, code, reason].filter(Boolean).join(" ")));
  client.on("error", ({ error }) => log.push(`error ${error.code}`));
  client.on("message", ({ type, message }) => log.push(`${type} ${message}`));
  return { client, log };
}

/** Lets promises settle, and time pass. */
export const pass = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** Connects and lets the server accept. */
export async function connected(options: Partial<ClientOptions> = {}, token?: TokenSource) {
  const made = scriptedClient(options, token);
  const connecting = made.client.connect();
  await pass();
  const socket = ScriptedWebSocket.last;
  socket.open();
  await connecting;
  made.log.length = 0;
  return { ...made, socket };
}

/** For `afterEach`: nothing may be left running. */
export function expectNoTimers(): void {
  expect(vi.getTimerCount()).toBe(0);
}
