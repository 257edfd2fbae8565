import type {
  Acceptor,
  Engine,
  EngineSocket,
  OutgoingMessage,
  SocketListener,
  Unfinished,
  UpgradeHead,
  UpgradeRefusal,
} from "@websockets-simple/engine";
import { checkUpgrade, headerList, headerValues, ownEngine, wsEngine } from "@websockets-simple/engine";

/** What the server knows of its engine: the only place that imports one. */
export type { Acceptor, Engine, EngineSocket, OutgoingMessage, SocketListener, Unfinished, UpgradeHead, UpgradeRefusal };
export { checkUpgrade, headerList, headerValues };

/** The engines by the names of option `engine`; the first is the default. */
export const ENGINES = Object.freeze({ own: ownEngine, ws: wsEngine }) satisfies Record<string, Engine>;

/** The name of an engine. */
export type EngineName = keyof typeof ENGINES;
