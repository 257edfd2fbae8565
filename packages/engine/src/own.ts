export type { CompressionOptions, EngineSocket, SocketListener } from "./engine.ts";
export { ownEngine } from "./own/own-engine.ts";
export { headerValues } from "./upgrade-check.ts";
