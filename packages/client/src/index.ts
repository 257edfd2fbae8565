export {
  type AnyMessageStream,
  type Codec,
  createPacket,
  type ErrorCode,
  type MessageStream,
  type MessageStreamsOptions,
  type MessageWriter,
  type MessageWriterOptions,
  type Packet,
  type PacketCasing,
  type PacketInput,
  type Sendable,
  type StandardSchema,
  type TokenPlace,
  WebsocketsSimpleError,
} from "@websockets-simple/shared";
export { type ConnectOptions, WebsocketClient } from "./client.ts";
export type { ClientState } from "./connection-state.ts";
export type { TokenRequest, TokenSource } from "./credentials.ts";
export type { ClientConnectionEvent, ClientErrorEvent, ClientEvents, ClientMessageEvent, ClientPingEvent } from "./events.ts";
export type { HeartbeatOptions } from "./heartbeat.ts";
export type { ClientOptions, ReconnectOptions } from "./options.ts";
export type { OutboxOptions } from "./outbox.ts";
export type {
  ClientTlsOptions,
  CompressionOptions,
  CredentialsOptions,
  ProxyOptions,
  ServerCertificate,
  SocketLike,
  WebSocketClass,
} from "./platform.ts";
export type { AddressOptions } from "./target.ts";
