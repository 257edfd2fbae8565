/** How messages are compressed. */
export interface CompressionOptions {
  /** Smaller messages leave as they are, in bytes. */
  readonly threshold: number;
  /** zlib's, 1 (fast) to 9 (small). */
  readonly level: number;
  /** Whether messages refer to those before them, where the peer agrees: smaller, but up to 32 KiB of memory each way. */
  readonly contextTakeover: boolean;
  /** The base-2 logarithm of how far back a message refers at most, in bytes, 9 to 15. */
  readonly windowBits: number;
}
