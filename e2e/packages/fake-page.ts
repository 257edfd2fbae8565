import { createContext, runInContext } from "node:vm";
import { ScriptedWebSocket } from "../../testkit/scripted-websocket.ts";

/** A WebSocket whose server is reached at once and returns every message. */
class EchoingWebSocket extends ScriptedWebSocket {
  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols);
    queueMicrotask(() => this.open());
  }

  override send(message: string | Uint8Array): void {
    super.send(message);
    queueMicrotask(() => this.receive(typeof message === "string" ? message : message.slice().buffer));
  }

  override close(code = 1000, reason = ""): void {
    super.close(code, reason);
    queueMicrotask(() => this.breakOff(code, reason));
  }
}

/** What a browser gives to its scripts, as far as the client asks for it. There is no document. */
const BROWSER_GLOBALS = {
  ...{ setTimeout, clearTimeout, queueMicrotask, performance, console },
  ...{ URL, URLSearchParams, TextEncoder, TextDecoder, AbortController, AbortSignal, atob, btoa },
  WebSocket: EchoingWebSocket,
};

/** A global scope with a browser's objects and none of Node's. */
export function openFakePage(more: Readonly<Record<string, unknown>> = {}) {
  const page: Record<string, unknown> = { ...BROWSER_GLOBALS, location: { href: "http://localhost/" }, ...more };
  page.self = page;
  page.window = page;
  createContext(page);
  return {
    globals: page,
    /** Runs a classic script, as `<script src>` would. */
    run: (code: string, filename: string): unknown => runInContext(code, page, { filename }),
  };
}
