/** A message, or a frame, that has begun to come and is not complete. */
export interface Unfinished {
  /** Tells it from all others of its connection, by `===`. It holds next to no memory, so that it may be kept. */
  readonly id: unknown;
  /** How many bytes of a message's payload have come; headers and control frames count for next to nothing. */
  readonly bytes: number;
}
