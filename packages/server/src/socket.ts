import type { Acceptor, Engine, EngineSocket, SocketListener, TextBytes, UpgradeRefusal } from "@websockets-simple/engine";
import { checkUpgrade, wsEngine } from "@websockets-simple/engine";

/** What the server knows of its engine: the only place that imports one. */
export type { Acceptor, Engine, EngineSocket, SocketListener, TextBytes, UpgradeRefusal };
export { checkUpgrade };

/** The engine that is used unless another is injected. */
export const defaultEngine: Engine = wsEngine;

/** The largest number of fragments of one message (threats row 20). */
export const MAX_FRAGMENTS = 16_384;
