import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { headerValues } from "@websockets-simple/engine/own";
import { judgeStatus, WebsocketsSimpleError } from "@websockets-simple/shared";
import { dial, placeOf, type StreamOptions } from "./dial.node.ts";
import { Login } from "./login.node.ts";
import { isPrivate } from "./login-request.node.ts";
import type { HttpProxy } from "./proxy-option.node.ts";

/** What comes of an attempt to go through a proxy. */
export interface TunnelListener {
  /** The stream leads to the server. */
  opened(stream: Socket): void;
  /** It does not come to that. */
  failed(error: WebsocketsSimpleError): void;
}

/** An attempt that is under way. */
export interface Tunnel {
  /** Ends it; nothing is told any more. */
  destroy(): void;
}

/**
 * Asks a proxy for a tunnel to where a URL leads (RFC 9110 section 9.3.6), and answers it when it wants to know who is asking.
 *
 * @param label the server's, for messages
 */
export function openTunnel(proxy: HttpProxy, url: URL, options: StreamOptions, label: string, listener: TunnelListener): Tunnel {
  const { credentials } = proxy;
  const { host, port } = placeOf(url);
  const uri = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const name = `${label}, through the proxy ${proxy.url.origin}`;
  const privately = isPrivate(proxy.url);
  if (credentials) credentials.known ??= { count: 0 };
  const login = credentials?.known && new Login(credentials, credentials.known, "proxy.credentials");
  let stream: Socket | undefined;
  let isOver = false;

  const timer = setTimeout(
    () => fail("CONNECT_FAILED", `no tunnel within ${proxy.timeoutMs} ms (option proxy.timeoutMs)`),
    proxy.timeoutMs,
  );
  ask();
  return { destroy: end };

  function ask(): void {
    let shown: string | undefined;
    try {
      shown = login?.header({ method: "CONNECT", uri, isPrivate: privately });
    } catch (thrown) {
      const error = thrown as WebsocketsSimpleError;
      return void setImmediate(() => fail(error.code, error.message));
    }
    const opening = dial(proxy.url, { ...options, tls: proxy.tls });
    stream = opening;
    const asked = httpRequest({
      createConnection: () => opening,
      method: "CONNECT",
      path: uri,
      headers: { Host: uri, ...(shown !== undefined && { "Proxy-Authorization": shown }) },
    });
    asked.on("error", (error: Error & { code?: string }) => {
      if (stream !== opening) return;
      const hint = error.code === "ECONNREFUSED" ? ": is the proxy running?" : "";
      fail("CONNECT_FAILED", `${error.message || error.code}${hint}`, error);
    });
    asked.on("connect", (response, _, head) => answered(response, opening, head));
    asked.end();
  }

  function answered(response: IncomingMessage, opened: Socket, head: Buffer): void {
    if (isOver || stream !== opened) return;
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) {
      isOver = true;
      clearTimeout(timer);
      if (head.length > 0) opened.unshift(head);
      return void listener.opened(opened);
    }
    opened.on("error", () => {}).destroy();
    if (status !== 407 && !(status === 401 && login)) return void fail(judgeStatus(status), explain(status), undefined, status);
    // Some proxies ask as servers do.
    const [challenges = []] = ["proxy-authenticate", "www-authenticate"]
      .map((header) => headerValues(response.rawHeaders, header))
      .filter((values) => values.length > 0);
    const why = login ? login.challenged(challenges, privately) : "it wants to know who is asking: see option proxy.credentials";
    if (why === undefined) ask();
    else fail("REFUSED", `it answered HTTP ${status}: ${why}`, undefined, status);
  }

  function explain(status: number): string {
    if (status === 403) return `it answered HTTP 403: it does not let anybody through to ${uri}, or not you`;
    if (status === 502 || status === 503 || status === 504) return `it answered HTTP ${status}: it does not reach ${uri}`;
    return `it answered HTTP ${status}`;
  }

  function fail(code: WebsocketsSimpleError["code"], why: string, cause?: Error, status?: number): void {
    if (isOver) return;
    end();
    listener.failed(new WebsocketsSimpleError(code, `${name}: ${why}`, { cause, status }));
  }

  function end(): void {
    isOver = true;
    clearTimeout(timer);
    stream?.on("error", () => {}).destroy();
  }
}
