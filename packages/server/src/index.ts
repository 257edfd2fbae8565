export {
  type AnyMessageStream,
  CloseCode,
  type Codec,
  createPacket,
  type DigestAlgorithm,
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
export type { AcceptOptions } from "./accept-loop.ts";
export type { GuessLimitOptions } from "./addresses/guesses.ts";
export {
  type AnyConnection,
  AuthConnection,
  Connection,
  type ConnectionPeer,
  type ConnectionState,
  type MessagesOptions,
  type ReceivedMessage,
} from "./connection.ts";
export { ConnectionManager } from "./connection-manager.ts";
export type {
  ServerConnectionEvent,
  ServerErrorEvent,
  ServerEvents,
  ServerMessageEvent,
  ServerPingEvent,
  ServerStateEvent,
  ServiceEvents,
} from "./events.ts";
export { WebsocketHandler } from "./handler.ts";
export type { RequestAcceptance, RequestRefusal, RequestVerdict } from "./handshake/request-verdict.ts";
export type { ResponseCookie } from "./handshake/set-cookie.ts";
export type { ClientCertificate, UpgradeRequest } from "./handshake/upgrade-request.ts";
export type { UserService, UserServiceLimits } from "./handshake/user-service.ts";
export type { VerifyHook, VerifyOptions } from "./handshake/verify-request.ts";
export type {
  FindPassword,
  HttpAuthenticationOptions,
  HttpAuthenticationScheme,
  KnownPassword,
} from "./http-authentication/options.ts";
export type { Identity } from "./identities.ts";
export type { AttachOptions } from "./listen/attachments.ts";
export type { EndpointOptions } from "./listen/http-listener.ts";
export type { OwnHttpServer, ServerAddress } from "./listen/http-server.ts";
export type { RequestListener } from "./listen/plain-requests.ts";
export type { ServerTlsOptions } from "./listen/tls.ts";
export type { LogFields, Logger } from "./logger.ts";
export type {
  AuthServerOptions,
  BroadcastOptions,
  CompressionOptions,
  HeartbeatOptions,
  OrUndefined,
  ServerLimits,
  ServerOptions,
} from "./options.ts";
export type { RateLimitOptions } from "./rate-limit.ts";
export type { SendQueueOptions } from "./send-queue.ts";
export { WebsocketServer } from "./server.ts";
export { WebsocketServerAuth } from "./server-auth.ts";
export {
  type Behavior,
  type BehaviorCalls,
  type BehaviorCloseEvent,
  type BehaviorErrorEvent,
  type BehaviorMessageEvent,
  type BehaviorSource,
  WebsocketBehavior,
} from "./services/behavior.ts";
export { type AnyService, WebsocketService } from "./services/service.ts";
export type { ServiceConnection, ServiceOptions, UserIdOf } from "./services/service-options.ts";
export type { SweepOptions, SweepResult } from "./services/session-sweep.ts";
export { Sessions } from "./services/sessions.ts";
export type { TlsVersion } from "./socket.ts";
export type { ServerStats } from "./stats.ts";
