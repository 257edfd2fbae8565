import { createHash } from "node:crypto";
import { RawSocket, upgradeRequest } from "../../../../testkit/raw-socket.ts";

// A client of HTTP Digest by the letter of RFC 7616, with nothing of ours.

const hash = (name: string, text: string): string => createHash(name).update(text).digest("hex");

/** What is said; each part may be another one than it should. */
export interface Said {
  readonly username?: string;
  readonly password?: string;
  readonly realm?: string;
  readonly nonce?: string;
  readonly uri?: string;
  readonly nc?: string;
  readonly cnonce?: string;
  readonly algorithm?: string;
  readonly method?: string;
}

/** The Authorization header that answers a challenge. */
export function digestHeader(nonce: string, said: Said = {}, change: (header: string) => string = (same) => same): string {
  const parts = {
    username: "ada",
    password: "secret",
    realm: "WebSocket",
    uri: "/",
    nc: "00000001",
    cnonce: "abc",
    nonce,
    ...said,
  };
  const { algorithm = "SHA-256", method = "GET" } = said;
  const name = algorithm === "MD5" ? "md5" : "sha256";
  const a1 = hash(name, `${parts.username}:${parts.realm}:${parts.password}`);
  const response = hash(name, `${a1}:${parts.nonce}:${parts.nc}:${parts.cnonce}:auth:${hash(name, `${method}:${parts.uri}`)}`);
  const { username, realm, uri, nc, cnonce } = parts;
  return change(
    `Digest username="${username}", realm="${realm}", nonce="${parts.nonce}", uri="${uri}", algorithm=${algorithm}, ` +
      `response="${response}", qop=auth, nc=${nc}, cnonce="${cnonce}"`,
  );
}

export const basicHeader = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

/** Asks for an upgrade, with headers in Latin-1, and reads the answer: its status, and the challenges of a 401. */
export async function ask(port: number, authorization?: string, target = "/", headers: Record<string, string> = {}) {
  const peer = await RawSocket.connect(port);
  const more = { ...headers, ...(authorization !== undefined && { Authorization: authorization }) };
  // As HTTP takes bytes beyond ASCII.
  peer.write(Buffer.from(upgradeRequest(target, more), "latin1"));
  const head = (await peer.readHeadText()).trimEnd().split("\r\n");
  const challenges = head
    .filter((line) => /^www-authenticate:/i.test(line))
    .map((line) => line.slice("WWW-Authenticate: ".length));
  return { peer, head, status: Number(head[0]?.split(" ")[1]), challenges };
}

/** Asks without credentials, for a nonce. */
export async function nonceOf(port: number): Promise<string> {
  return nonceIn((await ask(port)).challenges);
}

export function nonceIn(challenges: readonly string[]): string {
  return /nonce="([^"]+)"/.exec(challenges[0] ?? "")?.[1] ?? "";
}
