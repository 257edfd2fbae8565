import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { upgradeRequest, within } from "../../../testkit/raw-socket.ts";
import { readPlainUpgrade } from "../src/listen/plain-upgrade.ts";

const LIMITS = { maxHeaderBytes: 16_384, maxHeaders: 64 };
const REQUEST = upgradeRequest("/chat/room?a=b%20c", {
  Cookie: "a=1; b=2",
  Origin: "https://example.com",
  "X-Empty": "",
  "X-Blanks": " \t inner  blanks \t",
});

const read = (text: string, limits = LIMITS) => readPlainUpgrade(Buffer.from(text, "latin1"), limits);

/** `rest`: what follows, where Node takes it for an upgrade. */
interface Reading {
  readonly head: IncomingMessage;
  readonly rest?: Buffer;
}

/** What Node's own parser makes of the bytes, undefined when it refuses them. */
async function readByNode(bytes: Buffer): Promise<Reading | undefined> {
  const server = createServer({ requireHostHeader: false });
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const answer = new Promise<Reading | undefined>((resolve) => {
    server.on("upgrade", (head, _stream, rest) => resolve({ head, rest }));
    server.on("request", (head) => resolve({ head }));
    server.on("clientError", () => resolve(undefined));
  });
  server.emit("connection", stream);
  stream.push(bytes);
  stream.push(null);
  try {
    return await within("Node's answer", answer);
  } finally {
    stream.destroy();
  }
}

describe("an upgrade request read without Node's parser", () => {
  test("a plain one is read as Node reads it, with what follows it", async () => {
    const bytes = Buffer.from(`${REQUEST}\x81\x85mask`, "latin1");
    const plain = readPlainUpgrade(bytes, LIMITS);
    const node = await readByNode(bytes);
    expect(plain?.head).toMatchObject({
      method: "GET",
      url: "/chat/room?a=b%20c",
      httpVersionMajor: 1,
      httpVersionMinor: 1,
      rawHeaders: node?.head.rawHeaders,
    });
    expect(bytes.subarray(plain?.length)).toEqual(node?.rest);
  });

  test.each([
    ["no end", REQUEST.slice(0, -1)],
    ["another method", REQUEST.replace("GET", "POST")],
    ["a method in lower case", REQUEST.replace("GET", "get")],
    ["HTTP/1.0", REQUEST.replace("HTTP/1.1", "HTTP/1.0")],
    ["two spaces before the target", REQUEST.replace("GET ", "GET  ")],
    ["two spaces after the target", REQUEST.replace(" HTTP/1.1", "  HTTP/1.1")],
    ["no target", REQUEST.replace(/\/chat\S*/, "")],
    ["an absolute target", REQUEST.replace("/chat", "http://x/chat")],
    ["a fragment", REQUEST.replace("b%20c", "b#c")],
    ["a backslash in the target", REQUEST.replace("/chat", "/\\chat")],
    ["a control character in the target", REQUEST.replace("/chat", "/ch\x01at")],
    ["a byte above ASCII in the target", REQUEST.replace("/chat", "/ch\xe4t")],
    ["an empty line before it", `\r\n${REQUEST}`],
    ["a bare line feed as line's end", REQUEST.replace("Cookie: a=1; b=2\r\n", "Cookie: a=1; b=2\n")],
    ["a bare carriage return in a value", REQUEST.replace("a=1; b=2", "a=1;\rb=2")],
    ["a NUL in a value", REQUEST.replace("a=1; b=2", "a=1;\0b=2")],
    ["a byte above ASCII in a value", REQUEST.replace("a=1; b=2", "a=\xff")],
    ["a folded header", REQUEST.replace("a=1; b=2", "a=1;\r\n b=2")],
    ["a header without colon", REQUEST.replace("Cookie: ", "Cookie ")],
    ["a header without name", REQUEST.replace("Cookie: ", ": ")],
    ["a blank before the colon", REQUEST.replace("Cookie: ", "Cookie : ")],
    ["a name that is no token", REQUEST.replace("Cookie: ", "Coo(kie: ")],
    ["a body by length", REQUEST.replace("X-Empty: ", "content-LENGTH: 5")],
    ["a body in chunks", REQUEST.replace("X-Empty: ", "Transfer-Encoding: chunked")],
    ["an expectation", REQUEST.replace("X-Empty: ", "Expect: 100-continue")],
    ["no upgrade", REQUEST.replace("Upgrade: websocket\r\n", "")],
  ])("%s is left to Node", (_, text) => {
    expect(text).not.toBe(REQUEST);
    expect(read(text)).toBeUndefined();
  });

  test("one at a bound is read, one beyond it is left to Node", () => {
    const count = (read(REQUEST)?.head.rawHeaders.length ?? 0) / 2;
    expect(read(REQUEST, { maxHeaderBytes: REQUEST.length, maxHeaders: count })).toBeDefined();
    expect(read(REQUEST, { maxHeaderBytes: REQUEST.length - 1, maxHeaders: count })).toBeUndefined();
    expect(read(REQUEST, { maxHeaderBytes: REQUEST.length, maxHeaders: count - 1 })).toBeUndefined();
  });

  test("whatever is read, Node reads likewise", async () => {
    let taken = 0;
    const nasty = fc.constantFrom(
      ...'\r\n\t \0:;,/?#%\\"(){}[]<>^`|~\x7f\x80\xa0\xffaG0',
      "\r\n",
      "\r\n ",
      "HTTP/1.1",
      "Upgrade: ",
    );
    const edit = fc.record({ at: fc.nat(REQUEST.length), removed: fc.nat(2), added: fc.oneof(nasty, fc.constant("")) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), fc.string({ maxLength: 9 }), async (edits, rest) => {
        let text = REQUEST;
        for (const { at, removed, added } of edits) text = text.slice(0, at) + added + text.slice(at + removed);
        const bytes = Buffer.from(text + rest, "latin1");
        const plain = readPlainUpgrade(bytes, LIMITS);
        if (!plain) return;
        taken++;
        const node = await readByNode(bytes);
        expect(node?.head).toMatchObject(plain.head);
        if (node?.rest) expect(bytes.subarray(plain.length)).toEqual(node.rest);
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(200);
  });
});
