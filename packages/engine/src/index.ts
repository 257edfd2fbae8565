export * from "./engine.ts";
export * from "./upgrade-check.ts";
export * from "./ws-engine.ts";
