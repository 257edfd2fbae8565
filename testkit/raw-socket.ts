import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

import { type Frame, frameLength, parseFrame } from "./raw-frame.ts";

export { applyMask, closePayload, type Frame, type FrameShape, frame, Opcode } from "./raw-frame.ts";

/** An HTTP answer's head. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A well-formed upgrade request; headers given replace the usual ones, undefined leaves one out. */
export function upgradeRequest(
  target = "/",
  headers: Record<string, string | undefined> = {},
  line = `GET ${target} HTTP/1.1`,
): string {
  const all: Record<string, string | undefined> = {
    Host: "localhost",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [line, ...lines, "", ""].join("\r\n");
}

/** Rejects when a promise takes longer than `ms`: tests wait for events, never for time. */
export async function within<T>(what: string, promise: Promise<T>, ms = 8_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Where and how to connect. */
export interface RawSocketOptions {
  readonly host?: string;
  readonly localAddress?: string;
  /** Keep this side open when the other side has ended. */
  readonly allowHalfOpen?: boolean;
  readonly tls?: ConnectionOptions;
}

/** A TCP or TLS connection in the hands of a test: every byte out is as told, what comes in is read piece by piece. */
export class RawSocket {
  readonly socket: Socket;
  /** What its upgrade was answered with. */
  answer: AnswerHead | undefined;
  /** The same, but for TLS the connection below. */
  readonly #tcp: Socket;
  readonly #chunks: Buffer[] = [];
  /** Of all chunks. */
  #bytes = 0;
  /** How many bytes must be there before it is worth looking at them again. */
  #wanted = 0;
  readonly #waiting = new Set<() => void>();
  #isOver = false;

  private constructor(socket: Socket, tcp: Socket) {
    this.socket = socket;
    this.#tcp = tcp;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      this.#wake();
    });
    socket.on("error", () => {});
    for (const event of ["end", "close"]) {
      socket.on(event, () => {
        this.#isOver = true;
        this.#wake();
      });
    }
  }

  /** Takes a connection that was accepted. */
  static of(socket: Socket): RawSocket {
    return new RawSocket(socket, socket);
  }

  /** Connects. */
  static async connect(
    port: number,
    { host = "127.0.0.1", localAddress, allowHalfOpen = false, tls }: RawSocketOptions = {},
  ): Promise<RawSocket> {
    const target = { host, port, allowHalfOpen, ...(localAddress && { localAddress }) };
    const tcp = (tls?.socket as Socket | undefined) ?? connectTcp(target);
    const socket = tls ? connectTls({ ...tls, socket: tcp }) : tcp;
    await within(
      "connect",
      new Promise((resolve, reject) =>
        socket.once(tls ? "secureConnect" : "connect", resolve as () => void).once("error", reject),
      ),
    );
    return new RawSocket(socket, tcp);
  }

  /** Connects and upgrades; fails unless the answer is 101. */
  static async open(
    port: number,
    target = "/",
    headers: Record<string, string | undefined> = {},
    options: RawSocketOptions = {},
  ): Promise<RawSocket> {
    const raw = await RawSocket.connect(port, options);
    raw.write(upgradeRequest(target, headers));
    const answer = await raw.readHead();
    raw.answer = answer;
    const { status } = answer;
    if (status !== 101) throw new Error(`upgrade of ${target}: HTTP ${status} ${await raw.readToEnd()}`);
    return raw;
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Reads the head of an HTTP request or answer. */
  async readHeadText(): Promise<string> {
    const bytes = await this.#take("an HTTP head", (buffered) => {
      const end = buffered.indexOf("\r\n\r\n");
      return end < 0 ? undefined : end + 4;
    });
    return bytes.toString("latin1");
  }

  /** Reads the head of an HTTP answer. */
  async readHead(): Promise<AnswerHead> {
    const text = await this.readHeadText();
    const [line = "", ...lines] = text.trimEnd().split("\r\n");
    const headers = Object.fromEntries(
      lines.map((header) => [header.slice(0, header.indexOf(":")).toLowerCase(), header.slice(header.indexOf(":") + 2)]),
    );
    return { status: Number(line.split(" ")[1]), headers };
  }

  /** Reads a whole HTTP answer whose connection closes after it. */
  async readAnswer(): Promise<AnswerHead & { readonly body: string }> {
    return { ...(await this.readHead()), body: await this.readToEnd() };
  }

  /** Reads one frame. */
  async readFrame(): Promise<Frame> {
    return parseFrame(await this.#take("a frame", frameLength));
  }

  /** Reads until the other side closes. */
  async readToEnd(): Promise<string> {
    await this.whenOver();
    this.#bytes = 0;
    return Buffer.concat(this.#chunks.splice(0)).toString();
  }

  /** Resolves when the other side has closed or reset. */
  async whenOver(ms?: number): Promise<void> {
    await within(
      "the end of the connection",
      this.#until(() => this.#isOver || undefined),
      ms,
    );
  }

  /** Closes with RST. */
  reset(): void {
    this.#tcp.resetAndDestroy();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #take(what: string, length: (buffered: Buffer) => number | undefined): Promise<Buffer> {
    return within(
      what,
      this.#until(() => {
        // A long frame is put together once, and not again with each chunk.
        if (this.#bytes < this.#wanted && !this.#isOver) return undefined;
        const buffered = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
        const wanted = length(buffered);
        if (wanted !== undefined && buffered.length >= wanted) {
          this.#chunks.splice(0, this.#chunks.length, buffered.subarray(wanted));
          this.#bytes -= wanted;
          this.#wanted = 0;
          return buffered.subarray(0, wanted);
        }
        this.#wanted = wanted ?? 0;
        if (this.#isOver) throw new Error(`${what}: the connection ended after ${JSON.stringify(buffered.toString("latin1"))}`);
        return undefined;
      }),
    );
  }

  async #until<T>(check: () => T | undefined): Promise<T> {
    for (;;) {
      const result = check();
      if (result !== undefined) return result;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
