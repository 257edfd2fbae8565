import { type Engine, ownEngine, wsEngine } from "@websockets-simple/engine";

// What the server knows of its engine: the only place that imports one.
export type {
  Acceptance,
  Acceptor,
  Engine,
  EngineSocket,
  HeaderLines,
  OutgoingMessage,
  OutgoingPieces,
  SocketListener,
  TlsVersion,
  Unfinished,
  UpgradeHead,
  UpgradeRefusal,
} from "@websockets-simple/engine";
export { CERTIFICATE_RULES, checkUpgrade, faultOf, headerList, headerValues } from "@websockets-simple/engine";

/** The engines by the names of option `engine`; the first is the default. */
export const ENGINES = Object.freeze({ own: ownEngine, ws: wsEngine }) satisfies Record<string, Engine>;

/** The name of an engine. */
export type EngineName = keyof typeof ENGINES;
