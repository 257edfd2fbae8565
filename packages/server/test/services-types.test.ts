import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AnyService,
  type AuthConnection,
  type BehaviorMessageEvent,
  type Connection,
  ConnectionManager,
  type Packet,
  type ServiceOptions,
  type Sessions,
  type StandardSchema,
  type UserService,
  WebsocketBehavior,
  WebsocketHandler,
  WebsocketServer,
  WebsocketServerAuth,
  type WebsocketService,
} from "../src/index.ts";

// The assertions of this file are the compiler's: `npm run check` compiles it. Nothing of it listens.

interface ChatPacket extends Packet {
  user: string;
}
const ChatSchema: StandardSchema<ChatPacket> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as ChatPacket }) },
};
const users: UserService<number> = { getId: (token) => token.length };

describe("the types of a service", () => {
  test("are its own, whatever its server's are", () => {
    const server = new WebsocketServer<ChatPacket, { a: 1 }>({});
    const plain = server.service("/plain");
    expectTypeOf(plain).toEqualTypeOf<WebsocketService<Packet, undefined, Connection<Packet, undefined>>>();
    const chat = server.service("/chat", { packet: ChatSchema, createState: () => ({ name: "Ada" }) });
    expectTypeOf(chat).toEqualTypeOf<WebsocketService<ChatPacket, { name: string }, Connection<ChatPacket, { name: string }>>>();
    expectTypeOf(chat.sessions).toEqualTypeOf<Sessions<ChatPacket, { name: string }, Connection<ChatPacket, { name: string }>>>();
    chat.on("message", ({ type, packet, connection }) => {
      if (type !== "received") return;
      expectTypeOf(packet).toEqualTypeOf<ChatPacket | undefined>();
      expectTypeOf(connection.data).toEqualTypeOf<{ name: string }>();
    });
    void chat.broadcast({ data: "x", user: "Ada" });
    // @ts-expect-error a packet of this service has a user
    void chat.broadcast({ data: "x" });
    // @ts-expect-error a service has no event "server"
    expectTypeOf(() => chat.on("server", () => {})).toBeFunction();
  });

  test("of state may be a promise's, and of packets a handler's", () => {
    const server = new WebsocketServer();
    const state = server.service("/a", { createState: async (request) => request.path });
    expectTypeOf(state.connections).toEqualTypeOf<ReadonlyMap<string, Connection<Packet, string>>>();
    class Handler extends WebsocketHandler<ChatPacket> {}
    const handled = server.service("/b", { handler: new Handler() });
    expectTypeOf(handled.connections).toEqualTypeOf<ReadonlyMap<string, Connection<ChatPacket, undefined>>>();
    server.service("/c", { connectionManager: new ConnectionManager() });
  });

  test("on a server with authentication have users, and createState is told them", () => {
    const server = new WebsocketServerAuth({}, users);
    const chat = server.service("/chat", {
      packet: ChatSchema,
      createState: (_request, userId) => {
        expectTypeOf(userId).toEqualTypeOf<number>();
        return { userId };
      },
    });
    expectTypeOf(chat.connections).toEqualTypeOf<ReadonlyMap<string, AuthConnection<number, ChatPacket, { userId: number }>>>();
    class OfUser extends WebsocketBehavior<Packet, undefined, AuthConnection<number>> {
      protected override onOpen(): unknown {
        return this.send(`user ${this.connection.userId.toFixed()}`);
      }
    }
    server.service("/class", OfUser);
    server.service("/function", (connection) => {
      expectTypeOf(connection.userId).toEqualTypeOf<number>();
      return new OfUser();
    });
    // @ts-expect-error a server without users has no connections with one
    new WebsocketServer().service("/class", OfUser);
  });

  test("are those of its behavior class", () => {
    class Chat extends WebsocketBehavior<ChatPacket, { name: string }> {
      protected override onMessage({ packet, message }: BehaviorMessageEvent<ChatPacket>): unknown {
        expectTypeOf(packet).toEqualTypeOf<ChatPacket | undefined>();
        expectTypeOf(message).toEqualTypeOf<string | Uint8Array>();
        expectTypeOf(this.connection.data.name).toEqualTypeOf<string>();
        return this.sessions.broadcast({ data: "x", user: this.connection.data.name }, { except: this.connection });
      }
    }
    const server = new WebsocketServer();
    const chat = server.service("/chat", Chat);
    expectTypeOf(chat.connections).toEqualTypeOf<ReadonlyMap<string, Connection<ChatPacket, { name: string }>>>();
    server.service("/more", { behavior: Chat, createState: () => ({ name: "Ada" }) });
    // @ts-expect-error the behavior's connections have a name
    server.service("/other", { behavior: Chat, createState: () => ({ age: 42 }) });
    // @ts-expect-error the class, not an instance
    expect(() => server.service("/instance", new Chat())).toThrow(/not an instance/);
  });

  test("leave a server with authentication one that a plain server may stand for", () => {
    const describeServer = (server: WebsocketServer): number => server.services.size;
    expectTypeOf(describeServer).toBeCallableWith(new WebsocketServerAuth({}, users));
  });

  test("fit those of any service", () => {
    const server = new WebsocketServer();
    const chat = server.service("/any", { packet: ChatSchema, createState: () => ({ name: "Ada" }) });
    const remove = (service: AnyService): Promise<void> => service.remove();
    expectTypeOf(remove).toBeCallableWith(chat);
    expectTypeOf(server.services).toEqualTypeOf<ReadonlyMap<string, AnyService>>();
    const options: ServiceOptions<ChatPacket> = { packet: ChatSchema, maxPayload: 1_000 };
    server.service("/options", options);
  });
});
