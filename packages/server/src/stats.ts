/** Plain counters since the server was made; `connections` is the number of now. */
export interface ServerStats {
  /** The engine's name. */
  readonly engine: string;
  /** Open connections, now. */
  readonly connections: number;
  /** Upgrade requests being judged, tokens being waited for, and `verifyRequest` or `createState` running for who has left; now. */
  readonly pendingHandshakes: number;
  /** Connections that were accepted. */
  readonly accepted: number;
  /** Messages taken in, heartbeats aside, and their payload bytes. */
  readonly messagesReceived: number;
  readonly bytesReceived: number;
  /** Messages that the kernel took, heartbeats aside, and their payload bytes. */
  readonly messagesSent: number;
  readonly bytesSent: number;
  /** Requests that were refused, by HTTP status, or by close code where they were accepted for that. */
  readonly refusals: Readonly<Record<number, number>>;
  /** Connections that this side severed, by close code. */
  readonly severed: Readonly<Record<number, number>>;
}

/** The counters behind `ServerStats`. */
export interface Counters {
  accepted: number;
  messagesReceived: number;
  bytesReceived: number;
  messagesSent: number;
  bytesSent: number;
  readonly refusals: Map<number, number>;
  readonly severed: Map<number, number>;
}

/** All zero. */
export function createCounters(): Counters {
  return {
    accepted: 0,
    messagesReceived: 0,
    bytesReceived: 0,
    messagesSent: 0,
    bytesSent: 0,
    refusals: new Map(),
    severed: new Map(),
  };
}

/** Adds one to what is counted under `key`. */
export function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Adds all of `more`. */
export function addCounters(sum: Counters, more: Counters): void {
  sum.accepted += more.accepted;
  sum.messagesReceived += more.messagesReceived;
  sum.bytesReceived += more.bytesReceived;
  sum.messagesSent += more.messagesSent;
  sum.bytesSent += more.bytesSent;
  for (const [key, value] of more.refusals) sum.refusals.set(key, (sum.refusals.get(key) ?? 0) + value);
  for (const [key, value] of more.severed) sum.severed.set(key, (sum.severed.get(key) ?? 0) + value);
}

/** A copy for users to keep. */
export function toStats(engine: string, connections: number, pendingHandshakes: number, counters: Counters): ServerStats {
  const { refusals, severed, ...plain } = counters;
  return {
    engine,
    connections,
    pendingHandshakes,
    ...plain,
    refusals: Object.fromEntries(refusals),
    severed: Object.fromEntries(severed),
  };
}
