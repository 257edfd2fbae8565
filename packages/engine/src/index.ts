export * from "./certificate.ts";
export * from "./engine.ts";
export * from "./own/own-engine.ts";
export * from "./upgrade-check.ts";
export * from "./ws/ws-engine.ts";
