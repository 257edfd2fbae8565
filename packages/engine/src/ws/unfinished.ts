import type { Unfinished } from "../engine.ts";

/** What ws knows of what it is reading. */
interface Receiver {
  readonly _state: number;
  /** The opcode of a message in fragments, 0 when there is none. */
  readonly _fragmented: number;
  /** The bytes of its whole fragments; of those that were compressed, inflated. */
  readonly _messageLength: number;
  /** Bytes that are not a whole frame yet. */
  readonly _bufferedBytes: number;
}

/** The receiver's states: waiting for a frame, and for its payload. Beyond, it works on what has come. */
const GET_INFO = 0;
const GET_DATA = 4;

/**
 * What has begun to come by ws and is not complete. No public property of ws tells. Should these fields ever be gone, nothing
 * is ever unfinished, and the suite fails.
 *
 * @param messages how many messages were complete before
 */
export function unfinishedOf(socket: object, messages: number): Unfinished | undefined {
  const { _receiver: receiver } = socket as { _receiver?: Partial<Receiver> };
  if (typeof receiver?._state !== "number" || receiver._state > GET_DATA) return undefined;
  const { _state, _fragmented, _messageLength, _bufferedBytes } = receiver;
  if (typeof _bufferedBytes !== "number" || typeof _messageLength !== "number") return undefined;
  if (_state === GET_INFO && _fragmented === 0 && _bufferedBytes === 0) return undefined;
  return { id: messages, bytes: _messageLength + _bufferedBytes };
}
