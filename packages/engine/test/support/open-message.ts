/** A compressed message that is not complete, as far as its fragments are. */
export interface OpenMessage {
  readonly payload: Buffer;
  /** With the fragment that only its header is there of. */
  readonly declared: number;
}

const FIN = 0x80;
const RSV1 = 0x40;

/**
 * Walks through a client's frames, and tells how a compressed message stands after each fragment of it; frames that break
 * rules are for others to find.
 *
 * @param index how many messages come before it
 */
export function* openMessage(bytes: Buffer, index: number): Generator<OpenMessage> {
  let complete = 0;
  let isCompressed = false;
  let declared = 0;
  const fragments: Buffer[] = [];
  for (const { first, length, payload } of framesOf(bytes)) {
    if ((first & 0x0f) > 2) continue;
    if ((first & 0x0f) !== 0) isCompressed = (first & RSV1) !== 0;
    if (complete === index && isCompressed) {
      declared += length;
      if (payload) fragments.push(payload);
      yield { payload: Buffer.concat(fragments), declared };
    }
    if (first & FIN) complete++;
  }
}

function* framesOf(bytes: Buffer): Generator<{ first: number; length: number; payload: Buffer | undefined }> {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const [first, second] = [bytes[at] as number, bytes[at + 1] as number];
    const form = second & 0x7f;
    const start = at + 2 + (form === 126 ? 2 : form === 127 ? 8 : 0);
    if (start > bytes.length) return;
    const length = form === 126 ? bytes.readUInt16BE(at + 2) : form === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : form;
    const end = start + 4 + length;
    if (end > bytes.length || !(second & 0x80)) return void (yield { first, length, payload: undefined });
    const hidden = bytes.subarray(start + 4, end);
    yield { first, length, payload: Buffer.from(hidden.map((byte, index) => byte ^ (bytes[start + (index % 4)] as number))) };
    at = end;
  }
}
