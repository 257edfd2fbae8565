/** What a symbol stands for: a number from `base` on, told by so many more bits. */
export interface Range {
  readonly base: number;
  readonly extra: number;
}

/** The lengths of what is copied, from symbol 257 on (RFC 1951 section 3.2.5). */
export const LENGTHS: readonly Range[] = [
  ...ranges(3, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5]),
  { base: 258, extra: 0 },
];

/** And how far back it stands. */
export const DISTANCES: readonly Range[] = ranges(
  1,
  Array.from({ length: 30 }, (_, symbol) => Math.max(0, (symbol >> 1) - 1)),
);

/** The symbol for a number, and what its further bits are. */
export function symbolOf(table: readonly Range[], value: number): { symbol: number; extra: number; rest: number } {
  const symbol = table.findLastIndex(({ base }) => base <= value);
  const { base, extra } = table[symbol] as Range;
  return { symbol, extra, rest: value - base };
}

function ranges(first: number, extras: readonly number[]): Range[] {
  let base = first;
  return extras.map((extra) => {
    const range = { base, extra };
    base += 2 ** extra;
    return range;
  });
}
