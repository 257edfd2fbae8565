import type { Packet } from "@websockets-simple/shared";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { within } from "../../../../testkit/raw-socket.ts";
import type {
  AuthServerOptions,
  Connection,
  ServerConnectionEvent,
  ServerErrorEvent,
  ServerMessageEvent,
  ServerOptions,
  ServerStateEvent,
  UserService,
} from "../../src/index.ts";
import { WebsocketServer, WebsocketServerAuth } from "../../src/index.ts";

/** A list that grows, and on which tests wait for what comes. */
export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();

  add(item: T): void {
    this.all.push(item);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** The first `count` of those that fit, once there are as many. */
  async has(count: number, fits: (item: T) => boolean = () => true): Promise<T[]> {
    const wait = async (): Promise<T[]> => {
      for (;;) {
        const found = this.all.filter(fits);
        if (found.length >= count) return found.slice(0, count);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
    };
    return within(`${count} arrivals`, wait());
  }

  /** The first one that fits. */
  async one(fits?: (item: T) => boolean): Promise<T> {
    return (await this.has(1, fits))[0] as T;
  }
}

/** What a server told, and what it listens on. */
export interface Running<S, P extends Packet, C> {
  readonly server: S;
  readonly port: number;
  readonly url: string;
  readonly messages: Arrivals<ServerMessageEvent<P, C>>;
  readonly connections: Arrivals<ServerConnectionEvent<C>>;
  readonly errors: Arrivals<ServerErrorEvent<C>>;
  readonly states: Arrivals<ServerStateEvent>;
}

/** Peers in these tests often do not answer a close frame: nobody shall wait for them. */
const TEST_OPTIONS = { host: "127.0.0.1", closeTimeoutMs: 100 };

/** Starts a server that is disposed when the test ends. */
export async function serve<P extends Packet = Packet, D = undefined>(
  options: ServerOptions<P, D> = {},
): Promise<Running<WebsocketServer<P, D>, P, Connection<P, D>>> {
  return run<WebsocketServer<P, D>, P, Connection<P, D>>(new WebsocketServer<P, D>({ ...TEST_OPTIONS, ...options }));
}

/** Starts an authenticated server that is disposed when the test ends. */
export async function serveAuth<T = number, D = undefined>(options: AuthServerOptions<T, Packet, D>, service: UserService<T>) {
  const server = new WebsocketServerAuth<T, Packet, D>({ ...TEST_OPTIONS, ...options }, service);
  return run<typeof server, Packet, import("../../src/index.ts").AuthConnection<T, Packet, D>>(server);
}

async function run<S extends { dispose(): Promise<void>; start(): Promise<{ port: number }> }, P extends Packet, C>(
  server: S,
): Promise<Running<S, P, C>> {
  onTestFinished(() => server.dispose());
  const messages = new Arrivals<ServerMessageEvent<P, C>>();
  const connections = new Arrivals<ServerConnectionEvent<C>>();
  const errors = new Arrivals<ServerErrorEvent<C>>();
  const states = new Arrivals<ServerStateEvent>();
  const on = (server as unknown as { on(event: string, listener: (event: never) => void): void }).on.bind(server);
  on("message", (event) => messages.add(event));
  on("connection", (event) => connections.add(event));
  on("error", (event) => errors.add(event));
  on("server", (event) => states.add(event));
  const { port } = await server.start();
  return { server, port, url: `ws://127.0.0.1:${port}`, messages, connections, errors, states };
}

/** How a test's client connects. */
export interface ClientOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
  readonly ca?: string;
  /** Its certificate, and the highest version of TLS that it speaks. */
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
  readonly pfx?: Buffer;
  readonly passphrase?: string;
  readonly maxVersion?: "TLSv1.2";
}

/** An independent client: `ws`, which knows nothing of packets. */
export class TestClient {
  readonly socket: WebSocket;
  readonly messages = new Arrivals<string | Buffer>();
  readonly #closed: Promise<{ code: number; reason: string }>;

  private constructor(url: string, { protocols = [], ...options }: ClientOptions) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on("error", () => {});
    this.socket.on("message", (data: Buffer, isBinary) => this.messages.add(isBinary ? data : data.toString()));
    this.#closed = new Promise((resolve) =>
      this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    onTestFinished(() => this.socket.terminate());
  }

  /** Connects; rejects with the HTTP status when refused. */
  static async connect(url: string, options: ClientOptions = {}): Promise<TestClient> {
    const client = new TestClient(url, options);
    const opened = new Promise<void>((resolve, reject) => {
      client.socket.once("open", resolve);
      client.socket.once("unexpected-response", (_, response) => {
        reject(Object.assign(new Error(`HTTP ${response.statusCode}`), { status: response.statusCode }));
        response.destroy();
      });
      client.socket.once("error", reject);
    });
    await within("open", opened);
    return client;
  }

  get closed(): Promise<{ code: number; reason: string }> {
    return within("closed", this.#closed);
  }

  send(message: string | Uint8Array): void {
    this.socket.send(message);
  }

  /** The data of the packets received, and raw texts as they are. */
  get texts(): string[] {
    return this.messages.all.map((message) => dataOf(message.toString()));
  }

  /** Waits for `count` messages; returns their texts as `texts` does. */
  async hears(count: number): Promise<string[]> {
    await this.messages.has(count);
    return this.texts.slice(0, count);
  }
}

function dataOf(text: string): string {
  try {
    return (JSON.parse(text) as { data?: string }).data ?? text;
  } catch {
    return text;
  }
}

/** Lets the event loop turn often enough for everything local that is under way to arrive. */
export async function turns(count = 100): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until something is so, asking whenever the event loop has turned. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const wait = async (): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  };
  await within(what, wait());
}
