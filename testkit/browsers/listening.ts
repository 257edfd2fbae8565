import { connect, createServer } from "node:net";
import type { Child } from "./child-process.ts";

const POLL_MS = 20;
const ATTEMPTS = 3;

/** Start a server on a free port of 127.0.0.1 and wait until it takes connections. */
export async function startListening(
  start: (port: number) => Child,
  timeoutMs = 15_000,
): Promise<{ readonly child: Child; readonly port: number }> {
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = start(port);
    child.stdout.resume();
    while (child.running && performance.now() < deadline) {
      if (await accepts(port)) return { child, port };
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const wasRunning = child.running;
    await child.stop();
    const how = await child.ended;
    // Another process may have taken the port between our choice and the server's use of it.
    if (wasRunning || attempt === ATTEMPTS) throw new Error(`No server on 127.0.0.1:${port} within ${timeoutMs} ms: ${how}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No free port on 127.0.0.1");
  return address.port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}
