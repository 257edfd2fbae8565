/** Pieces below this many bytes are put together: by itself each costs some hundred bytes more than it has. */
const SMALL_BYTES = 4_096;

/**
 * Replaces the pieces from `start` on, together with a small one before them, by one that holds no memory but its own.
 *
 * @returns how many pieces there are then
 */
export function copyFrom(pieces: Buffer[], start: number): number {
  const before = pieces[start - 1];
  const first = before && before.length < SMALL_BYTES ? start - 1 : start;
  const taken = pieces.slice(first);
  const isExact = taken.length === 1 && taken[0]?.length === taken[0]?.buffer.byteLength;
  if (!isExact) pieces.splice(first, taken.length, exactCopy(taken));
  return pieces.length;
}

/** The same bytes in memory of their own, not of Node's pool. */
export function exactCopy(pieces: readonly Buffer[]): Buffer {
  const copy = Buffer.allocUnsafeSlow(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let end = 0;
  for (const piece of pieces) {
    copy.set(piece, end);
    end += piece.length;
  }
  return copy;
}
