import type { IncomingMessage } from "node:http";
import { headerValues } from "@websockets-simple/engine/own";
import { hideToken, spellToken, WebsocketsSimpleError } from "@websockets-simple/shared";
import { Login } from "./login.node.ts";
import type { CheckedCredentials, Refusal } from "./platform.ts";
import type { Request } from "./redirect.node.ts";
import type { Target } from "./target.ts";

/**
 * Begins to show who the client is, to the server.
 *
 * @param headers those of the request
 * @throws WebsocketsSimpleError `INVALID_OPTION` when two say who is asking
 */
export function loginOf(credentials: CheckedCredentials, headers: Readonly<Record<string, string>>): Login {
  if (Object.keys(headers).some((name) => name.toLowerCase() === "authorization")) {
    const why = "there is an Authorization header already: leave that out, or choose another tokenIn than header";
    throw new WebsocketsSimpleError("INVALID_OPTION", `option credentials: ${why}`);
  }
  credentials.known ??= { count: 0 };
  return new Login(credentials, credentials.known, "credentials");
}

/** What a server says, also without the password, which it may repeat. */
export function withoutPassword(target: Target, { username, password }: CheckedCredentials): Target {
  const secrets = [...spellToken(`${username}:${password}`), ...spellToken(password)];
  return { ...target, quote: (text) => target.quote(hideToken(text, secrets)) };
}

/** The headers of a request, with what shows who is asking, once that is known. */
export function headersOf({ url, headers, login }: Request): Readonly<Record<string, string>> {
  const shown = login?.header({ method: "GET", uri: url.pathname + url.search, isPrivate: isPrivate(url) });
  return shown === undefined ? headers : { ...headers, Authorization: shown };
}

/** Whether an answer asks who is asking, and what to do: undefined: nothing; `isAgain`: ask again; `why`: it is final. */
export function askedWho(
  { url, login }: Request,
  { statusCode, rawHeaders }: IncomingMessage,
): { readonly isAgain: boolean; readonly why: string } | undefined {
  if (statusCode !== 401 || !login) return undefined;
  const why = login.challenged(headerValues(rawHeaders, "www-authenticate"), isPrivate(url));
  return { isAgain: why === undefined, why: why ?? "" };
}

/** A refusal that says why it is final. */
export function because({ error, retryInMs }: Refusal, why: string): Refusal {
  const { code, message, status } = error;
  return { error: new WebsocketsSimpleError(code, `${message} (${why})`, { status }), retryInMs };
}

/** Whether nobody on the way can read what is sent there: TLS, or this machine. */
export function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === "wss:" || protocol === "https:" || /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
