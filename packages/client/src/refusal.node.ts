import type { IncomingMessage } from "node:http";
import { CloseCode, judgeStatus, toError, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Refusal } from "./platform.ts";
import type { Target } from "./target.ts";
import { REFUSED_IDENTITY } from "./tls.node.ts";

/** How much of a refusal's body is read, and for how long: enough for a sentence, not for a flood or a trickle. */
const MAX_BODY_BYTES = 4096;
const MAX_BODY_MS = 1000;
/** How much of it is told, in characters. */
const MAX_TOLD = 300;

/** OpenSSL's and Node's names of "this certificate is not to be trusted". */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ALTNAME/;

/** Alerts of a server (RFC 8446 section 6.2), in OpenSSL's words, which differ from one to the next: to who has no certificate, or a wrong one; and to its version. */
const WANTS_CERTIFICATE = /alert (certificate (required|expired|revoked|unknown)|bad certificate|unknown ca|handshake failure)/;
const NO_COMMON_VERSION = /alert protocol version|unsupported protocol|no protocols available/;

/** Node's words for a server that ended the connection without one. */
const HUNG_UP = /^socket hang up$|disconnected before secure TLS connection/;

/** What OpenSSL makes of an answer that is no TLS; the words depend on its version. */
const NO_TLS = /wrong version number|packet length too long/i;

/** Reads the answer to a refused handshake, and returns what tells the refusal as far as it has been read. */
export function readRefusal({ label, quote }: Target, response: IncomingMessage, done: () => void): () => Refusal {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => response.destroy(), MAX_BODY_MS);
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) response.destroy();
  });
  response.once("close", () => {
    clearTimeout(timer);
    done();
  });
  return () => {
    const status = response.statusCode ?? 0;
    const text = Buffer.concat(chunks).toString("utf8");
    const body = quoteEscaped(response.complete ? text : text.replace(/\uFFFD+$/, ""), quote).trim();
    // A page of HTML is for eyes, and says less than the status.
    const isTold = body && !/html/i.test(response.headers["content-type"] ?? "");
    const said = isTold ? `: ${body.slice(0, MAX_TOLD)}${body.length > MAX_TOLD ? " …" : ""}` : "";
    const seconds = Number(response.headers["retry-after"]);
    return {
      error: new WebsocketsSimpleError(
        judgeStatus(status),
        `${label} answered HTTP ${status}${status < 300 ? ", so no WebSocket server is there" : ""}${said}`,
        { status },
      ),
      retryInMs: seconds >= 0 ? Math.min(seconds, 3600) * 1000 : undefined,
    };
  };
}

/** Quotes a text in which JSON or a URL may have spelt the token otherwise: then it is shown as it reads. */
function quoteEscaped(text: string, quote: (text: string) => string): string {
  const read = text
    .replace(/\\u([\da-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll("\\/", "/")
    .replace(/%[\da-f]{2}/gi, (code) => code.toUpperCase());
  const shown = quote(read);
  return shown.includes("[token]") ? shown : quote(text);
}

/** Says what went wrong, and what to do. */
export function explain({ label, subprotocols, quote }: Target, error: Error & { code?: string }, maxPayload: number): Refusal {
  if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") {
    const why = `a message of more than ${maxPayload} bytes (option maxPayload)`;
    return { error: new WebsocketsSimpleError("CONNECTION_LOST", why, { closeCode: CloseCode.tooBig }) };
  }
  if (WANTS_CERTIFICATE.test(error.message)) {
    const what = "the server wants a certificate that it trusts; give yours as option tls: pfx, or key and cert";
    return { error: toError("TLS_FAILED", `${label}: ${what}`, error) };
  }
  if (UNTRUSTED.test(error.code ?? "")) {
    const what =
      "the server's certificate is not trusted; give its authority as option tls.ca, or let the server use a certificate for this host";
    return { error: toError("TLS_FAILED", `${label}: ${what}`, error) };
  }
  if (error.code === REFUSED_IDENTITY) {
    const what = "the server's certificate is refused by option tls.checkServerIdentity";
    return { error: toError("TLS_FAILED", `${label}: ${what}`, error) };
  }
  if (NO_COMMON_VERSION.test(error.message)) {
    const what = "the two sides speak no common version of TLS; see option tls: minVersion and maxVersion";
    return { error: toError("TLS_FAILED", `${label}: ${what}`, error) };
  }
  if (/subprotocol/.test(error.message)) {
    const offered = subprotocols.length > 0 ? subprotocols.join(", ") : "none";
    return {
      error: new WebsocketsSimpleError("REFUSED", `${label}: ${quote(error.message)} (option subprotocols: ${offered})`, {
        cause: error,
      }),
    };
  }
  if (NO_TLS.test(error.message)) {
    const what = "the server does not speak TLS on this port; use ws://, or the port of its wss";
    return { error: new WebsocketsSimpleError("CONNECT_FAILED", `${label}: ${what}`, { cause: error }) };
  }
  // An AggregateError (several addresses tried) has an empty message; its code says what happened.
  const detail = error.message || error.code || error.name;
  const hint =
    error.code === "ECONNREFUSED"
      ? ": is the server running?"
      : /^HPE_/.test(error.code ?? "")
        ? ": what is there does not speak HTTP"
        : HUNG_UP.test(detail)
          ? hungUp(label)
          : "";
  // It may repeat what the server said.
  return { error: new WebsocketsSimpleError("CONNECT_FAILED", `${label}: ${quote(detail)}${hint}`, { cause: error }) };
}

function hungUp(label: string): string {
  if (!label.startsWith("wss")) return ": is it a wss:// port?";
  return ": if it wants a certificate of its clients, it does not trust yours (option tls: pfx, or key and cert)";
}
