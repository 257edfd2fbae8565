import { randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

/** The opcodes of RFC 6455 section 5.2. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** How a frame is built; whatever the RFC forbids can be asked for. */
export interface FrameShape {
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** The length to declare instead of the payload's own. */
  readonly declaredLength?: bigint;
}

/** Builds one frame, masked as a client must unless told otherwise. */
export function frame(opcode: number, payload: string | Uint8Array = "", shape: FrameShape = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, declaredLength } = shape;
  const body = Buffer.from(payload as string);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const flag = masked ? 0x80 : 0;
  const length = declaredLength ?? BigInt(body.length);
  let head: Buffer;
  if (length > 0xffffn) {
    head = Buffer.alloc(10);
    head[1] = flag | 127;
    head.writeBigUInt64BE(length, 2);
  } else if (length > 125n) {
    head = Buffer.alloc(4);
    head[1] = flag | 126;
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.from([0, flag | Number(length)]);
  }
  head[0] = first;
  if (!masked) return Buffer.concat([head, body]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, applyMask(body, mask)]);
}

/** Masks or unmasks into new bytes. A loop: `map` takes ten times as long, and some payloads have mebibytes. */
export function applyMask(bytes: Buffer, mask: Buffer): Buffer {
  const result = Buffer.allocUnsafe(bytes.length);
  for (let index = 0; index < bytes.length; index++) {
    result[index] = (bytes[index] as number) ^ (mask[index & 3] as number);
  }
  return result;
}

/** A close frame's payload. */
export function closePayload(code: number, reason: string | Uint8Array = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason as string)]);
}

/** A frame as it came. */
export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits. */
  readonly rsv: number;
  readonly opcode: number;
  /** Of a client's frame. */
  readonly mask?: Buffer;
  readonly payload: Buffer;
  readonly text: string;
  /** Of a close frame: its code, 1005 when it bears none. */
  readonly code: number;
  readonly reason: string;
}

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
    const bytes = await this.#take("a frame", frameLength);
    const [head, start] = payloadStart(bytes);
    const isMasked = ((head[1] as number) & 0x80) !== 0;
    const mask = isMasked ? bytes.subarray(start - 4, start) : undefined;
    const hidden = bytes.subarray(start);
    const payload = mask ? applyMask(hidden, mask) : hidden;
    const opcode = (head[0] as number) & 0x0f;
    const hasCode = opcode === Opcode.close && payload.length >= 2;
    return {
      fin: (head[0] as number) >= 0x80,
      rsv: ((head[0] as number) >> 4) & 7,
      opcode,
      ...(mask && { mask }),
      payload,
      text: payload.toString(),
      code: hasCode ? payload.readUInt16BE(0) : 1005,
      reason: hasCode ? payload.toString("utf8", 2) : "",
    };
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

function payloadStart(bytes: Buffer): [Buffer, number] {
  const length = (bytes[1] as number) & 0x7f;
  const mask = (bytes[1] as number) & 0x80 ? 4 : 0;
  return [bytes, (length === 127 ? 10 : length === 126 ? 4 : 2) + mask];
}

/** How long a frame is in all; undefined when that is not known yet. */
function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const [, start] = payloadStart(bytes);
  if (bytes.length < start) return undefined;
  const short = (bytes[1] as number) & 0x7f;
  return start + (short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short);
}
