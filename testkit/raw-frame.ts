import { randomBytes } from "node:crypto";

/** The opcodes of RFC 6455 section 5.2. */
export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** How a frame is built; whatever the RFC forbids can be asked for. */
export interface FrameShape {
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** The length to declare instead of the payload's own. */
  readonly declaredLength?: bigint;
}

/** Builds one frame, masked as a client must unless told otherwise. */
export function frame(opcode: number, payload: string | Uint8Array = "", shape: FrameShape = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, declaredLength } = shape;
  const body = Buffer.from(payload as string);
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const flag = masked ? 0x80 : 0;
  const length = declaredLength ?? BigInt(body.length);
  let head: Buffer;
  if (length > 0xffffn) {
    head = Buffer.alloc(10);
    head[1] = flag | 127;
    head.writeBigUInt64BE(length, 2);
  } else if (length > 125n) {
    head = Buffer.alloc(4);
    head[1] = flag | 126;
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.from([0, flag | Number(length)]);
  }
  head[0] = first;
  if (!masked) return Buffer.concat([head, body]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, applyMask(body, mask)]);
}

/** Masks or unmasks into new bytes. A loop: `map` takes ten times as long, and some payloads have mebibytes. */
export function applyMask(bytes: Buffer, mask: Buffer): Buffer {
  const result = Buffer.allocUnsafe(bytes.length);
  for (let index = 0; index < bytes.length; index++) {
    result[index] = (bytes[index] as number) ^ (mask[index & 3] as number);
  }
  return result;
}

/** A close frame's payload. */
export function closePayload(code: number, reason: string | Uint8Array = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason as string)]);
}

/** A frame as it came. */
export interface Frame {
  readonly fin: boolean;
  /** The three reserved bits. */
  readonly rsv: number;
  readonly opcode: number;
  /** Of a client's frame. */
  readonly mask?: Buffer;
  readonly payload: Buffer;
  readonly text: string;
  /** Of a close frame: its code, 1005 when it bears none. */
  readonly code: number;
  readonly reason: string;
}

/** Reads a frame that is there whole. */
export function parseFrame(bytes: Buffer): Frame {
  const [head, start] = payloadStart(bytes);
  const isMasked = ((head[1] as number) & 0x80) !== 0;
  const mask = isMasked ? bytes.subarray(start - 4, start) : undefined;
  const hidden = bytes.subarray(start);
  const payload = mask ? applyMask(hidden, mask) : hidden;
  const opcode = (head[0] as number) & 0x0f;
  const hasCode = opcode === Opcode.close && payload.length >= 2;
  return {
    fin: (head[0] as number) >= 0x80,
    rsv: ((head[0] as number) >> 4) & 7,
    opcode,
    ...(mask && { mask }),
    payload,
    text: payload.toString(),
    code: hasCode ? payload.readUInt16BE(0) : 1005,
    reason: hasCode ? payload.toString("utf8", 2) : "",
  };
}

function payloadStart(bytes: Buffer): [Buffer, number] {
  const length = (bytes[1] as number) & 0x7f;
  const mask = (bytes[1] as number) & 0x80 ? 4 : 0;
  return [bytes, (length === 127 ? 10 : length === 126 ? 4 : 2) + mask];
}

/** How long a frame is in all; undefined when that is not known yet. */
export function frameLength(bytes: Buffer): number | undefined {
  if (bytes.length < 2) return undefined;
  const [, start] = payloadStart(bytes);
  if (bytes.length < start) return undefined;
  const short = (bytes[1] as number) & 0x7f;
  return start + (short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short);
}
