/** The default bounds that client and server share. Each is an option; its docstring names the bound. */
export const DEFAULT_LIMITS = {
  /** The largest message taken in, in bytes. */
  maxPayload: 1_048_576,
  /** How long the other side has to answer a close frame, in milliseconds. */
  closeTimeoutMs: 5_000,
} as const;

/** Timers hold at most a signed 32-bit number of milliseconds; anything longer would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;
