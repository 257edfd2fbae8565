import { applyMask, Opcode } from "../raw-socket.ts";

/** A source of chance that tells the same again for the same seed. */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TEXTS = ["", "a", "hello", "żółw", "🐢", "x".repeat(125), "x".repeat(126), "é".repeat(100), "x".repeat(70_000)];
const WRONG = [[0xff], [0xc3], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xf4, 0x90, 0x80, 0x80]];
const CODES = [0, 999, 1000, 1001, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 2000, 3000, 4999, 5000];

/** Bytes that a client might send: mostly frames that are right, some that are not, and some bytes that are neither. */
export function sequence(chance: () => number): Buffer {
  const parts: Buffer[] = [];
  for (let count = 1 + Math.floor(chance() * 6); count > 0; count--) parts.push(randomFrame(chance));
  const bytes = Buffer.concat(parts);
  // A mutation: a bit turned, or the end cut off.
  if (chance() < 0.15 && bytes.length > 0) {
    const at = Math.floor(chance() * Math.min(bytes.length, 200));
    bytes[at] = (bytes[at] as number) ^ (1 << Math.floor(chance() * 8));
  }
  return chance() < 0.1 ? bytes.subarray(0, Math.floor(chance() * bytes.length)) : bytes;
}

/** Where the bytes are cut: anywhere, and often near the beginning, where headers are. */
export function cutsOf(length: number, chance: () => number): number[] {
  const cuts = new Set<number>();
  for (let count = Math.floor(chance() * 8); count > 0; count--) {
    cuts.add(Math.floor(chance() * (chance() < 0.5 ? length : Math.min(length, 40))));
  }
  return [...cuts].sort((a, b) => a - b);
}

function randomFrame(chance: () => number): Buffer {
  const of = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  const isRare = (): boolean => chance() < 0.02;
  const opcode = isRare() ? Math.floor(chance() * 16) : of(Object.values(Opcode));
  const isControl = opcode >= 8;
  const fin = isControl ? !isRare() : chance() < 0.6;
  const first = (fin ? 0x80 : 0) | (isRare() ? of([0x10, 0x20, 0x40]) : 0) | opcode;
  const payload = payloadOf(opcode, of, chance);
  const isMasked = !isRare();
  const form = isRare() ? of([126, 127]) : payload.length < 126 ? 0 : payload.length < 65_536 ? 126 : 127;
  const mask = isMasked ? Buffer.from([0, 0, 0, 0].map(() => Math.floor(chance() * 256))) : Buffer.alloc(0);
  const flag = isMasked ? 0x80 : 0;
  const header = form === 0 ? Buffer.from([first, flag | payload.length]) : form === 126 ? Buffer.alloc(4) : Buffer.alloc(10);
  header[0] = first;
  if (form > 0) header[1] = flag | form;
  if (form === 126) header.writeUInt16BE(payload.length & 0xffff, 2);
  if (form === 127) header.writeBigUInt64BE(isRare() ? 2n ** 63n - 1n : BigInt(payload.length), 2);
  const hidden = isMasked ? applyMask(payload, mask) : payload;
  return Buffer.concat([header, mask, hidden]);
}

function payloadOf(opcode: number, of: <T>(list: readonly T[]) => T, chance: () => number): Buffer {
  const text = Buffer.from(of(TEXTS));
  if (opcode === Opcode.close) {
    if (chance() < 0.2) return Buffer.alloc(chance() < 0.5 ? 0 : 1);
    const code = Buffer.alloc(2);
    code.writeUInt16BE(of(CODES));
    return Buffer.concat([code, chance() < 0.1 ? Buffer.from(of(WRONG)) : text.subarray(0, 123)]);
  }
  if (opcode > 8 && chance() < 0.9) return text.subarray(0, 125);
  const wrong = chance() < 0.08 ? Buffer.from(of(WRONG)) : Buffer.alloc(0);
  // Cut anywhere: the next fragment may well complete a character.
  const cut = chance() < 0.3 ? Math.floor(chance() * (text.length + 1)) : text.length;
  return Buffer.concat([text.subarray(0, cut), wrong]);
}
