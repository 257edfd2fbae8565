import { randomBytes } from "node:crypto";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { checkAnswer, whyNoSwitch } from "./answer-check.ts";
import { beginAttempt } from "./attempt.ts";
import { offer } from "./compression/agreement.ts";
import type { ConnectListener, ConnectOptions } from "./engine.ts";

/** What comes of a request: a connection that is upgraded takes the place of one that is open. */
export interface RequestListener extends Pick<ConnectListener, "refused" | "failed"> {
  /** The server switched protocols, by the book; `head` came right behind. Extensions are not judged yet. */
  upgraded(response: IncomingMessage, head: Buffer): void;
}

/** Sends an upgrade request over a stream, and judges the answer (RFC 6455 section 4.1). */
export function request(stream: Duplex, options: ConnectOptions, listener: RequestListener): void {
  const { host, target, headers, subprotocols, compression } = options;
  const key = randomBytes(16).toString("base64");
  const { end, fail } = beginAttempt(stream, options, listener);
  const asked = httpRequest({
    createConnection: () => stream,
    method: "GET",
    path: target,
    headers: {
      ...headers,
      Host: host,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
      ...(subprotocols.length > 0 && { "Sec-WebSocket-Protocol": subprotocols.join(", ") }),
      ...(compression && { "Sec-WebSocket-Extensions": offer(compression) }),
    },
  });
  asked.on("error", fail);
  // A destroyed stream that was never asked tells no error.
  asked.on("close", () => fail(new Error("the connection closed before the upgrade request was answered")));
  asked.on("response", (response) => {
    if (response.statusCode === 101) fail(new Error(whyNoSwitch(response)));
    else end(() => listener.refused(response));
  });
  asked.on("upgrade", (response, _, head) => {
    const wrong = checkAnswer(response, { key, subprotocols });
    if (wrong) fail(new Error(wrong));
    else end(() => listener.upgraded(response, head));
  });
  asked.end();
}
