import { closePayload, type FrameShape, frame, Opcode } from "../raw-socket.ts";

/**
 * Rules that some implementations leave out, harmlessly: the shortest form of a length; an upper bit that is judged before
 * the size; a text that is judged as it comes, not at its end.
 */
export type FineRule = "shortest length" | "top bit" | "UTF-8 at once";

/** What a server that keeps to RFC 6455 makes of bytes that a client sends. */
export interface RfcCase {
  /** The section that says so, and what is sent. */
  readonly name: string;
  readonly bytes: Buffer;
  /** The rule that the case is about, if it is one of those. */
  readonly rule?: FineRule;
  /** What it is to deliver, in order. */
  readonly messages: readonly (string | Uint8Array)[];
  /** Payloads of the pongs it is to answer with, in order; of the last of them at least. */
  readonly pongs: readonly string[];
  /** The close code that it answers with; undefined: the connection stays open. */
  readonly code?: number | undefined;
  /** What it hears of the end: the peer's close frame; undefined where it closed for a fault, or not at all. */
  readonly closing?: { readonly code: number; readonly reason: string } | undefined;
}

/** What may be left out of a case. */
export type Expected = Partial<Omit<RfcCase, "name" | "bytes">>;

/** A case. */
export function rfcCase(name: string, frames: readonly Buffer[], expected: Expected = {}): RfcCase {
  return { name, bytes: Buffer.concat(frames), messages: [], pongs: [], ...expected };
}

/** Frames as a client sends them. */
export const text = (payload: string | Uint8Array, shape?: FrameShape): Buffer => frame(Opcode.text, payload, shape);
export const binary = (payload: string | Uint8Array, shape?: FrameShape): Buffer => frame(Opcode.binary, payload, shape);
export const more = (payload: string | Uint8Array, shape?: FrameShape): Buffer => frame(Opcode.continuation, payload, shape);
export const ping = (payload: string | Uint8Array = "", shape?: FrameShape): Buffer => frame(Opcode.ping, payload, shape);
export const pong = (payload: string | Uint8Array = "", shape?: FrameShape): Buffer => frame(Opcode.pong, payload, shape);
export const close = (code?: number, reason: string | Uint8Array = ""): Buffer =>
  frame(Opcode.close, code === undefined ? "" : closePayload(code, reason));

/** A message that proves that the connection still works, or that nothing is read any more. */
export const AFTER = "after it";

/** What comes first is fine and arrives, then `bad` is refused with `code`, and nothing after it is heard. */
export function refusal(name: string, bad: readonly Buffer[], code: number, rule?: FineRule): RfcCase {
  return rfcCase(name, [text("before"), ...bad, text(AFTER)], { messages: ["before"], code, ...(rule && { rule }) });
}

/** What is sent arrives, and the connection goes on. */
export function acceptance(
  name: string,
  frames: readonly Buffer[],
  messages: readonly (string | Uint8Array)[],
  pongs: readonly string[] = [],
): RfcCase {
  return rfcCase(name, [...frames, text(AFTER)], { messages: [...messages, AFTER], pongs });
}
