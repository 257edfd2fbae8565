import { describe, expect, test } from "vitest";
import {
  type BehaviorCloseEvent,
  type BehaviorErrorEvent,
  type BehaviorMessageEvent,
  type BehaviorSource,
  type Packet,
  type StandardSchema,
  WebsocketBehavior,
} from "../src/index.ts";
import { Arrivals, serve, TestClient, turns, until } from "./support/harness.ts";

/** A server with a service of one behavior; its errors, and what the behavior noted. */
async function serveBehavior(make: (notes: Arrivals<string>) => BehaviorSource) {
  const notes = new Arrivals<string>();
  const { server, url } = await serve();
  const service = server.service("/chat", make(notes));
  const errors = new Arrivals<string>();
  service.on("error", ({ error }) => errors.add(`${error.code} ${error.message}`));
  return { server, service, url: `${url}/chat`, notes, errors };
}

describe("a behavior class", () => {
  test("has one instance for each connection, which is told of its opening, messages and end, and of no other's", async () => {
    const { url, notes, errors, service } = await serveBehavior(
      (notes) =>
        class extends WebsocketBehavior {
          #messages = 0;
          protected override onOpen(): void {
            notes.add(`open ${this.connection.query.get("name")} of ${this.sessions.count}`);
          }
          protected override async onMessage({ message, packet }: BehaviorMessageEvent): Promise<void> {
            this.#messages++;
            if (message === "all") await this.sessions.broadcast("to all", { except: this.connection });
            else await this.send(`${this.connection.query.get("name")} ${this.#messages} ${message} ${packet?.data}`);
          }
          protected override onClose({ code, reason }: BehaviorCloseEvent): void {
            notes.add(`close ${this.connection.query.get("name")} ${code} ${reason}`);
          }
        },
    );
    const ada = await TestClient.connect(`${url}?name=Ada`);
    await notes.has(1);
    const bob = await TestClient.connect(`${url}?name=Bob`);
    ada.send("one");
    ada.send("two");
    bob.send("one");
    expect(await ada.hears(2)).toEqual(["Ada 1 one one", "Ada 2 two two"]);
    expect(await bob.hears(1)).toEqual(["Bob 1 one one"]);
    ada.send("all");
    expect(await bob.hears(2)).toEqual(["Bob 1 one one", "to all"]);
    ada.socket.close(4001, "enough");
    await notes.has(3);
    await service.remove();
    expect(await notes.has(4)).toEqual([
      "open Ada of 1",
      "open Bob of 2",
      "close Ada 4001 enough",
      "close Bob 1001 the service is removed",
    ]);
    expect([ada.texts.length, errors.all]).toEqual([2, []]);
  });

  test("sends and closes by methods of its own, raw as well", async () => {
    const { url } = await serveBehavior(
      () =>
        class extends WebsocketBehavior {
          protected override onMessage({ message }: BehaviorMessageEvent): unknown {
            return message === "bye" ? this.close(4000, "bye") : this.sendRaw(message);
          }
        },
    );
    const client = await TestClient.connect(url);
    client.send(new Uint8Array([1, 2]));
    await client.messages.has(1);
    expect(client.messages.all).toEqual([Buffer.from([1, 2])]);
    client.send("bye");
    expect(await client.closed).toEqual({ code: 4000, reason: "bye" });
  });

  test("may be made by a function, which is told the connection", async () => {
    class Suffix extends WebsocketBehavior {
      readonly suffix: string;
      constructor(suffix: string) {
        super();
        this.suffix = suffix;
      }
      protected override onMessage({ message }: BehaviorMessageEvent): unknown {
        return this.send(message + this.suffix);
      }
    }
    const { server, url } = await serve();
    server.service("/nyan", (connection) => new Suffix(` ${connection.query.get("say")}`));
    server.service("/option", { connectionSuccessString: "hi", behavior: () => new Suffix("!") });
    const nyan = await TestClient.connect(`${url}/nyan?say=Nyan`);
    const option = await TestClient.connect(`${url}/option`);
    nyan.send("hello");
    option.send("hello");
    expect([await nyan.hears(1), await option.hears(2)]).toEqual([["hello Nyan"], ["hi", "hello!"]]);
  });

  test("is told after the listeners of the service", async () => {
    const { service, url, notes } = await serveBehavior(
      (notes) =>
        class extends WebsocketBehavior {
          protected override onOpen(): void {
            notes.add("onOpen");
          }
          protected override onMessage(): void {
            notes.add("onMessage");
          }
        },
    );
    service.on("connection", ({ type }) => notes.add(type));
    service.on("message", ({ type }) => notes.add(type));
    (await TestClient.connect(url)).send("x");
    expect(await notes.has(5)).toEqual(["connecting", "connected", "onOpen", "received", "onMessage"]);
  });

  test("is told of errors of its connection, and of no other's", async () => {
    const packet: StandardSchema<Packet> = {
      "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "never" }] }) },
    };
    const notes = new Arrivals<string>();
    const { server, url } = await serve();
    server.service("/chat", {
      packet,
      behavior: class extends WebsocketBehavior {
        protected override onError({ error }: BehaviorErrorEvent): void {
          notes.add(`${this.connection.query.get("name")} ${error.code}`);
        }
      },
    });
    await TestClient.connect(`${url}/chat?name=Ada`);
    (await TestClient.connect(`${url}/chat?name=Bob`)).send('{"data":"x"}');
    await notes.has(1);
    await turns();
    expect(notes.all).toEqual(["Bob INVALID_PACKET"]);
  });
});

describe("what a behavior does wrong", () => {
  test.each([
    ["onOpen", "throws"],
    ["onMessage", "throws"],
    ["onMessage", "rejects"],
    ["onClose", "throws"],
  ])("%s that %s is told as an error, without onError, and harms nobody", async (method, how) => {
    const { service, url, notes, errors } = await serveBehavior((notes) => {
      class Faulty extends WebsocketBehavior {
        #fail(name: string): unknown {
          if (name !== method) return undefined;
          if (how === "rejects") return Promise.reject(new Error("a bug"));
          throw new Error("a bug");
        }
        protected override onOpen(): unknown {
          return this.#fail("onOpen");
        }
        protected override onMessage({ message }: BehaviorMessageEvent): unknown {
          notes.add(String(message));
          return this.#fail("onMessage");
        }
        protected override onClose(): unknown {
          notes.add("closed");
          return this.#fail("onClose");
        }
        protected override onError(): void {
          notes.add("onError");
        }
      }
      return Faulty;
    });
    const client = await TestClient.connect(url);
    client.send("one");
    client.send("two");
    await notes.has(2);
    client.socket.close(1000);
    expect(await notes.has(3)).toEqual(["one", "two", "closed"]);
    const times = method === "onMessage" ? 2 : 1;
    await errors.has(times);
    await turns();
    expect(errors.all).toEqual(Array(times).fill(`LISTENER_FAILED behavior.${method} failed: a bug`));
    expect([notes.all.length, service.connections.size]).toEqual([3, 0]);
  });

  test("a send to a client that has gone is no fault", async () => {
    const { url, notes, errors } = await serveBehavior(
      (notes) =>
        class extends WebsocketBehavior {
          protected override onClose(): unknown {
            notes.add("closed");
            return this.send("too late");
          }
        },
    );
    (await TestClient.connect(url)).socket.close();
    await notes.has(1);
    await turns();
    expect(errors.all).toEqual([]);
  });

  test("an onError that fails, or makes faulty calls, is not called for ever", async () => {
    const { url, notes, errors } = await serveBehavior(
      (notes) =>
        class extends WebsocketBehavior {
          protected override onMessage(): void {
            // Nobody waits for it.
            void this.connection.send(Symbol("no text") as never);
          }
          protected override onError(): unknown {
            notes.add("onError");
            void this.connection.send(Symbol("no text") as never);
            throw new Error("a bug of onError");
          }
        },
    );
    (await TestClient.connect(url)).send("go");
    await errors.has(2);
    await turns();
    expect(notes.all).toEqual(["onError"]);
    expect(errors.all.map((error) => error.split(" ")[0])).toEqual(["INVALID_ARGUMENT", "LISTENER_FAILED"]);
  });

  test.each<[string, () => BehaviorSource, RegExp]>([
    [
      "a constructor that throws",
      () =>
        class extends WebsocketBehavior {
          constructor() {
            super();
            throw new Error("no");
          }
        },
      /option behavior failed: no/,
    ],
    [
      "a constructor that uses its connection",
      () =>
        class extends WebsocketBehavior {
          readonly path = this.connection.path;
        },
      /there is no connection in the constructor/,
    ],
    [
      "a function that makes none",
      () => (() => undefined) as never,
      /expected it to make a WebsocketBehavior; .* service\.on\("connection"/,
    ],
    [
      "a function that makes the same one twice",
      () => {
        class Once extends WebsocketBehavior {}
        const once = new Once();
        once.bind({} as never, {} as never);
        return () => once;
      },
      /an instance is for one connection/,
    ],
  ])("%s closes the connection with 1011, and error tells why", async (_, make, message) => {
    const { service, url, errors } = await serveBehavior(make);
    const client = await TestClient.connect(url);
    expect(await client.closed).toEqual({ code: 1011, reason: "the server could not prepare the connection" });
    expect(errors.all).toEqual([expect.stringMatching(message)]);
    await until("it is forgotten", () => service.connections.size === 0);
  });

  test("a listener that ends the connection before leaves no behavior behind", async () => {
    const { service, url, notes } = await serveBehavior(
      (notes) =>
        class extends WebsocketBehavior<Packet> {
          protected override onOpen(): void {
            notes.add("open");
          }
          protected override onClose(): void {
            notes.add("close");
          }
        },
    );
    service.on("connection", ({ type, connection }) => {
      if (type === "connecting") connection.terminate();
    });
    await TestClient.connect(url).catch(() => {});
    await turns();
    expect([notes.all, service.connections.size]).toEqual([[], 0]);
  });
});
