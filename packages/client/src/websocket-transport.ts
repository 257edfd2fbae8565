import { CloseCode, judgeCloseCode, REFUSED_SUBPROTOCOL, WebsocketsSimpleError } from "@websockets-simple/shared";
import IsomorphicWebSocket from "isomorphic-ws";
import { broken, type Ending } from "./connection-state.ts";
import type { PingListener, Platform, Refusal, SocketOptions, WebSocketClass } from "./platform.ts";
import type { Target } from "./target.ts";
import type { OpenTransport } from "./transport.ts";

/** Opens sockets of the platform's WebSocket, or over another class of the same shape. */
export function webSocketTransport(platform: Platform, options: SocketOptions, pings: PingListener): OpenTransport {
  const Implementation = options.webSocket ?? (IsomorphicWebSocket as unknown as WebSocketClass);
  return (target, listener) => {
    let refusal: Refusal | undefined;
    let opened = false;
    const refused = (why: Refusal): void => {
      refusal ??= why;
    };
    const transport = platform.createSocket(Implementation, target, options, refused, listener.pong, pings);
    const { socket } = transport;
    const { label, subprotocols, quote } = target;
    const isRefused = (): boolean => socket.protocol === REFUSED_SUBPROTOCOL;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      opened = true;
      // The server's no, put so that a browser can see it: its close follows.
      if (isRefused()) return;
      const { protocol } = socket;
      const isOurs = subprotocols.includes(protocol);
      if (isOurs || !subprotocols.length) return listener.opened(isOurs ? protocol : "");
      const why = `${label} picked subprotocol "${quote(protocol)}", not one of ${subprotocols.join(", ")} (option subprotocols)`;
      listener.closed(broken(new WebsocketsSimpleError("REFUSED", why)));
    };
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      listener.message(typeof data === "string" ? data : new Uint8Array(data));
    };
    // What an error would tell comes with `close`, which follows; without a handler `ws` would throw.
    socket.onerror = () => {};
    // Classes other than the platform's leave parts of the event out, or all of it. After the server's no, every code is 4401.
    socket.onclose = ({ code, reason }: Partial<CloseEvent> = {}) => {
      const closeCode = isRefused() ? CloseCode.unauthorized : (refusal?.error.closeCode ?? code ?? CloseCode.abnormal);
      if (opened) listener.closed(judgeEnd(target, closeCode, reason ?? "", refusal));
      else listener.closed(broken(refusal?.error ?? noConnection(label)), refusal?.retryInMs);
    };

    return transport;
  };
}

function noConnection(label: string): WebsocketsSimpleError {
  return new WebsocketsSimpleError("CONNECT_FAILED", `no connection to ${label}: is it running, its certificate trusted?`);
}

/** What it means that an open socket closed. */
function judgeEnd({ label, quote }: Target, code: number, said: string, refusal: Refusal | undefined): Ending {
  const reason = quote(said);
  const kind = judgeCloseCode(code) ?? (refusal && "CONNECTION_LOST");
  const details = { closeCode: code, cause: refusal?.error };
  const why = reason || refusal?.error.message || (code === CloseCode.tooBig ? "a message is too large for it" : "");
  const error = kind && new WebsocketsSimpleError(kind, `${label} closed with ${code}${why && `: ${why}`}`, details);
  return { code, reason, error };
}
