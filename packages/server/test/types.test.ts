import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AuthConnection,
  type AuthServerOptions,
  type BroadcastOptions,
  type Connection,
  ConnectionManager,
  type Packet,
  type ServerLimits,
  type ServerOptions,
  type StandardSchema,
  type UserService,
  WebsocketHandler,
  WebsocketServer,
  WebsocketServerAuth,
} from "../src/index.ts";

// The assertions of this file are the compiler's: `npm run check` compiles it. Most of it is never called.

interface ChatPacket extends Packet {
  user: string;
}
declare const ChatSchema: StandardSchema<ChatPacket>;
const users: UserService<number> = { getId: (token) => token.length };

/** The connections that a server tells of. */
type ConnectionOf<S extends { connections: ReadonlyMap<string, unknown> }> =
  S["connections"] extends ReadonlyMap<string, infer C> ? C : never;

describe("the type of user ids", () => {
  test("is what getId answers, and createState is told it without being asked", () => {
    const declared = new WebsocketServerAuth({ createState: (_request, userId) => ({ userId }) }, users);
    expectTypeOf(declared).toEqualTypeOf<WebsocketServerAuth<number, Packet, { userId: number }>>();

    const inline = new WebsocketServerAuth(
      {
        createState: async (request, userId) => {
          expectTypeOf(userId).toEqualTypeOf<number>();
          return { userId, path: request.path };
        },
      },
      { getId: async (token: string) => (token === "" ? null : token.length) },
    );
    expectTypeOf(inline).toEqualTypeOf<WebsocketServerAuth<number, Packet, { userId: number; path: string }>>();

    const plain = new WebsocketServerAuth({}, { getId: async (token) => (token === "" ? null : { name: token }) });
    expectTypeOf(plain.identities).toEqualTypeOf<WebsocketServerAuth<{ name: string }>["identities"]>();

    class Users implements UserService<bigint> {
      getId(token: string): bigint | null {
        return token === "" ? null : 1n;
      }
    }
    const ofClass = new WebsocketServerAuth({ createState: (_request, userId) => ({ userId }) }, new Users());
    expectTypeOf(ofClass).toEqualTypeOf<WebsocketServerAuth<bigint, Packet, { userId: bigint }>>();
  });

  test("is not what the options say: they are refused when they say something else", () => {
    // @ts-expect-error getId answers numbers
    new WebsocketServerAuth({ createState: (_request, userId: string) => userId }, users);
    // @ts-expect-error getId answers numbers
    new WebsocketServerAuth({ connectionManager: new ConnectionManager<AuthConnection<string>>() }, users);
    const fits = new WebsocketServerAuth({ connectionManager: new ConnectionManager<AuthConnection<number>>() }, users);
    expectTypeOf(fits).toEqualTypeOf<WebsocketServerAuth<number>>();
    const wider = new WebsocketServerAuth({ createState: (_request, userId: unknown) => ({ userId }) }, users);
    expectTypeOf(wider.identities).toExtend<ReadonlyMap<number, { userId: number }>>();
  });

  test("is unknown where createState comes before a getId that does not say what it takes", () => {
    // TypeScript reads the options first, and such a getId not before them: the docstring says what to do.
    const server = new WebsocketServerAuth(
      { createState: (_request, userId) => ({ userId }) },
      { getId: (token) => (token === "" ? null : 42) },
    );
    expectTypeOf<ConnectionOf<typeof server>["userId"]>().toBeUnknown();
  });

  test("may be written down, alone or followed by packets and data", () => {
    const alone = new WebsocketServerAuth<number>({ port: 0 }, users);
    expectTypeOf(alone).toEqualTypeOf<WebsocketServerAuth<number, Packet, undefined>>();
    const all = new WebsocketServerAuth<number, ChatPacket, Date>({ createState: () => new Date() }, users);
    expectTypeOf<ConnectionOf<typeof all>["data"]>().toEqualTypeOf<Date>();
    expectTypeOf<ConnectionOf<typeof all>["userId"]>().toEqualTypeOf<number>();
    expectTypeOf<ConnectionOf<typeof all>["send"]>().parameter(0).toExtend<string | { data: string; user: string }>();
  });
});

describe("the order of type parameters", () => {
  test("is packets, then connection.data, for connections as well", () => {
    expectTypeOf<ConnectionOf<WebsocketServer<ChatPacket, Date>>>().toEqualTypeOf<Connection<ChatPacket, Date>>();
    expectTypeOf<ConnectionOf<WebsocketServerAuth<number, ChatPacket, Date>>>().toEqualTypeOf<
      AuthConnection<number, ChatPacket, Date>
    >();
  });

  test("is packets, then connection.data, for servers and their options", () => {
    expectTypeOf<WebsocketServer<ChatPacket, Date>>().toExtend<{ connections: ReadonlyMap<string, { data: Date }> }>();
    type Auth = WebsocketServerAuth<number, ChatPacket, Date>;
    expectTypeOf<Auth>().toExtend<WebsocketServer<ChatPacket, Date, ConnectionOf<Auth>>>();
    expectTypeOf<ServerOptions<ChatPacket, Date>["packet"]>().toEqualTypeOf<StandardSchema<ChatPacket> | undefined>();
    expectTypeOf<AuthServerOptions<number, ChatPacket, Date>["packet"]>().toEqualTypeOf<StandardSchema<ChatPacket> | undefined>();
    // @ts-expect-error data is no packet
    expectTypeOf<WebsocketServer<Date, ChatPacket>>().toBeObject();
    // @ts-expect-error data is no packet
    expectTypeOf<WebsocketServerAuth<number, Date, ChatPacket>>().toBeObject();
  });

  test("needs not be known: a schema and createState tell both", () => {
    const make = () => new WebsocketServer({ packet: ChatSchema, createState: (request) => ({ origin: request.origin }) });
    expectTypeOf(make).returns.toEqualTypeOf<WebsocketServer<ChatPacket, { origin: string | undefined }>>();
  });

  test("needs not be known: a handler and a connection manager tell them as well, and listeners get them without a cast", () => {
    interface Visitor {
      name: string;
    }
    class OwnHandler extends WebsocketHandler<ChatPacket, Visitor> {}
    class OwnManager extends ConnectionManager<Connection<ChatPacket, Visitor>> {}
    const server = new WebsocketServer({
      handler: new OwnHandler(),
      connectionManager: new OwnManager(),
      createState: (request) => ({ name: request.path }),
    });
    expectTypeOf(server).toEqualTypeOf<WebsocketServer<ChatPacket, Visitor>>();
    server.on("message", (event) => {
      if (event.type === "sent") return;
      expectTypeOf(event.packet?.user).toEqualTypeOf<string | undefined>();
      expectTypeOf(event.connection.data.name).toEqualTypeOf<string>();
    });
    const byHandler = new WebsocketServer({ handler: new (class extends WebsocketHandler<ChatPacket> {})() });
    expectTypeOf(byHandler).toEqualTypeOf<WebsocketServer<ChatPacket>>();
    const refused = (): void => {
      // @ts-expect-error the handler makes other packets than the schema
      new WebsocketServer({ packet: ChatSchema, handler: new WebsocketHandler<Packet & { room: number }>() });
      // @ts-expect-error its data is no Visitor
      new WebsocketServer({ handler: new OwnHandler(), createState: () => 5 });
    };
    expect(refused).toBeTypeOf("function");
  });
});

describe("options that are undefined", () => {
  test("are taken wherever an option may be left out", () => {
    type Options = { [Name in keyof Required<ServerOptions>]: undefined };
    type AuthOptions = { [Name in keyof Required<AuthServerOptions<number>>]: undefined };
    type Limits = { [Name in keyof Required<ServerLimits>]: undefined };
    type Broadcast = { [Name in keyof Required<BroadcastOptions>]: undefined };
    expectTypeOf<Options>().toExtend<ServerOptions>();
    expectTypeOf<AuthOptions>().toExtend<AuthServerOptions<number>>();
    expectTypeOf<Limits>().toExtend<ServerLimits>();
    expectTypeOf<Broadcast>().toExtend<BroadcastOptions>();
    const options: AuthServerOptions<number> = {
      tls: undefined,
      endpoints: [{ port: 0, host: undefined, socketPath: undefined }],
      sendQueue: { maxBytes: undefined, onOverflow: undefined, stallTimeoutMs: undefined },
      rateLimit: { messagesPerSecond: undefined, burst: undefined },
      userServiceLimits: { timeoutMs: undefined, concurrency: undefined },
    };
    const withTls = (passphrase: string | undefined): ServerOptions => ({
      tls: { passphrase, pfx: undefined, key: undefined, cert: undefined, ca: undefined, minVersion: undefined },
    });
    expect([new WebsocketServerAuth<number>(options, users).connections.size, withTls.length]).toEqual([0, 1]);
  });
});

describe("a bare text", () => {
  test("is taken only where a packet needs nothing else", () => {
    expectTypeOf<WebsocketServer["broadcast"]>().toBeCallableWith("text");
    expectTypeOf<"text">().not.toExtend<Parameters<WebsocketServer<ChatPacket>["broadcast"]>[0]>();
    expectTypeOf<"text">().not.toExtend<Parameters<Connection<ChatPacket>["send"]>[0]>();
    expectTypeOf<{ data: string; user: string }>().toExtend<Parameters<Connection<ChatPacket>["send"]>[0]>();
  });
});

describe("names that do not exist", () => {
  test("are refused by the compiler: events, their types, options, methods' options", () => {
    const server = new WebsocketServer();
    const never = (): void => {
      // @ts-expect-error there is no such event
      server.on("mesage", () => {});
      // @ts-expect-error there is no such event
      server.once("mesage", () => {});
      // @ts-expect-error there is no such event
      server.addListener("close", () => {});
      // @ts-expect-error there is no such event
      server.off("mesage");
      // @ts-expect-error there is no such type of the event
      server.on("connection", ({ type }) => type === "conected");
      // @ts-expect-error the option is misspelt
      new WebsocketServer({ prot: 1 });
      // @ts-expect-error the option is misspelt
      void server.broadcast("text", { exept: undefined });
    };
    server.on("message", ({ connection }) => {
      expectTypeOf(connection).toEqualTypeOf<Connection | undefined>();
      // @ts-expect-error it has to say what it is: { except: connection }
      if (connection) void server.broadcast("text", connection);
      // @ts-expect-error one connection, not several
      if (connection) void server.broadcast("text", { except: [connection] });
    });
    expect(never).toBeTypeOf("function");
  });
});
