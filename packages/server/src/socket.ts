import type { Acceptor, Engine, EngineSocket, OutgoingMessage, SocketListener, UpgradeRefusal } from "@websockets-simple/engine";
import { checkUpgrade, ownEngine } from "@websockets-simple/engine";

/** What the server knows of its engine: the only place that imports one. */
export type { Acceptor, Engine, EngineSocket, OutgoingMessage, SocketListener, UpgradeRefusal };
export { checkUpgrade };

/** The engine that is used unless another is injected. */
export const defaultEngine: Engine = ownEngine;

/** The largest number of fragments of one message (threats row 20). */
export const MAX_FRAGMENTS = 16_384;
