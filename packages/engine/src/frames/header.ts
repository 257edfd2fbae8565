import { CONTROL, type Fault, LENGTH, MASKED, MAX_CONTROL_BYTES, OPCODE, Opcode, protocolFault } from "./opcodes.ts";

/** The longest header: two bytes, a length of 64 bits, a mask. */
export const MAX_HEADER_BYTES = 14;

/** How many bytes a header has before its mask, by its second byte. */
export function lengthBytes(second: number): number {
  const length = second & LENGTH;
  return length === 126 ? 4 : length === 127 ? 10 : 2;
}

/** How many bytes a header has in all, by its second byte. */
export function headerBytes(second: number): number {
  return lengthBytes(second) + (second & MASKED ? 4 : 0);
}

/**
 * Judges a header's second byte.
 *
 * @param isMasked whether frames of this peer must be masked (RFC 6455 section 5.1)
 */
export function judgeSecond(first: number, second: number, isMasked: boolean): Fault | undefined {
  if (((second & MASKED) !== 0) !== isMasked) return isMasked ? NOT_MASKED : MASKED_BY_SERVER;
  const length = second & LENGTH;
  if (first & CONTROL && length > MAX_CONTROL_BYTES) return LONG_CONTROL;
  return length === 1 && (first & OPCODE) === Opcode.close ? HALF_A_CODE : undefined;
}

/**
 * Reads the payload's length from a whole header.
 *
 * @returns its bytes; Infinity above 2^53 - 1, which no bound allows
 */
export function payloadLength(header: Uint8Array, start: number): number | Fault {
  const length = (header[start + 1] as number) & LENGTH;
  if (length < 126) return length;
  if (length === 126) {
    const short = readUint16(header, start + 2);
    return short < 126 ? LONG_FORM : short;
  }
  if ((header[start + 2] as number) & 0x80) return TOP_BIT;
  const high = readUint16(header, start + 2) * 0x10000 + readUint16(header, start + 4);
  const low = readUint16(header, start + 6) * 0x10000 + readUint16(header, start + 8);
  if (high === 0 && low < 0x10000) return LONG_FORM;
  return high > 0x1fffff ? Number.POSITIVE_INFINITY : high * 0x100000000 + low;
}

/** How many bytes `writeHeader` will write, the mask aside. */
export function plainHeaderBytes(length: number): number {
  return length < 126 ? 2 : length < 0x10000 ? 4 : 10;
}

/**
 * Writes a header in the shortest form, the mask aside.
 *
 * @param maskBit `MASKED` or 0
 * @returns where it ends
 */
export function writeHeader(target: Uint8Array, start: number, first: number, length: number, maskBit: number): number {
  target[start] = first;
  if (length < 126) {
    target[start + 1] = maskBit | length;
    return start + 2;
  }
  if (length < 0x10000) {
    target[start + 1] = maskBit | 126;
    target[start + 2] = length >>> 8;
    target[start + 3] = length;
    return start + 4;
  }
  target[start + 1] = maskBit | 127;
  const high = Math.floor(length / 0x100000000);
  for (let index = 0; index < 4; index++) {
    target[start + 2 + index] = high >>> (24 - 8 * index);
    target[start + 6 + index] = length >>> (24 - 8 * index);
  }
  return start + 10;
}

function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

const NOT_MASKED = protocolFault("a client's frame is not masked (RFC 6455 section 5.1)");
const MASKED_BY_SERVER = protocolFault("a server's frame is masked (RFC 6455 section 5.1)");
const HALF_A_CODE = protocolFault("a close frame of one byte (RFC 6455 section 5.5.1)");
const LONG_CONTROL = protocolFault("a control frame of more than 125 bytes (RFC 6455 section 5.5)");
const LONG_FORM = protocolFault("a length that is not in its shortest form (RFC 6455 section 5.2)");
const TOP_BIT = protocolFault("a length whose highest bit is set (RFC 6455 section 5.2)");
