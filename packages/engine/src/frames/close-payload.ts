import { isUtf8 } from "node:buffer";
import { type Fault, FaultCode } from "./opcodes.ts";

/** What a close frame says. */
export interface Closing {
  /** 1005 when it bears none (RFC 6455 section 7.1.5). */
  readonly code: number;
  readonly reason: string;
}

/** A close frame without a code. */
export const NO_CODE = 1005;

/** Whether a code may stand in a close frame: section 7.4, with what IANA has registered since (1012 to 1014). */
export function isSendable(code: number): boolean {
  if (code < 1000) return false;
  if (code < 3000) return code <= 1014 && code !== 1004 && code !== NO_CODE && code !== 1006;
  return code <= 4999;
}

/** Reads a close frame's payload (section 5.5.1), which is not one byte. */
export function readClosePayload(payload: Buffer): Closing | Fault {
  if (payload.length === 0) return { code: NO_CODE, reason: "" };
  const code = payload.readUInt16BE(0);
  if (!isSendable(code))
    return { code: FaultCode.protocol, why: `a close frame with ${code}, which is never sent (RFC 6455 section 7.4)` };
  const reason = payload.subarray(2);
  if (!isUtf8(reason)) return { code: FaultCode.badData, why: "a close reason that is not UTF-8 (RFC 6455 section 5.5.1)" };
  return { code, reason: reason.toString("utf8") };
}

/** Writes a close frame's payload; without a code there is none. */
export function writeClosePayload(code: number, reason: string): Buffer {
  if (code === NO_CODE) return Buffer.alloc(0);
  const payload = Buffer.allocUnsafe(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}
