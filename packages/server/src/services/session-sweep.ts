import { checkOptions, type OptionTable, WebsocketsSimpleError } from "@websockets-simple/shared";
import type { Clock } from "../clock.ts";
import type { StopSignal } from "../handshake/asker.ts";

/** How a sweep is made. */
export interface SweepOptions {
  /** How long each has to show that it is there, in milliseconds, 100 to 2,147,483,647. Default: 6,000. */
  timeoutMs?: number | undefined;
}

/** What a sweep has found. */
export interface SweepResult {
  /** The ids of those that are there, or that were left alone. */
  readonly active: readonly string[];
  /** The ids of those that showed no sign of life, and were closed. */
  readonly ended: readonly string[];
}

/** One connection, as a sweep sees it. */
export interface AskedPeer {
  readonly id: string;
  readonly isAlive: boolean;
  /** About how many bytes have come from it. */
  readonly receivedBytes: number;
  /** Whether nobody can tell by its silence: it is in the middle of a message either way, or this side does not read. */
  readonly isOccupied: boolean;
  /** How much longer it may take since it may not have read all that was sent before, in milliseconds. */
  readonly delayMs: number;
  /** Asks it; settles as `Connection.ping`. */
  ping(payload: undefined): Promise<number>;
  /** Closes it, visibly to the peer; resolves when it is closed. */
  sever(code: number, reason: string): Promise<void>;
}

const TIMEOUT = 4408;
/** A timer that is so much later than planned means that the event loop was blocked, and that pings may have left late. */
const LATE_RATIO = 0.1;
/** How long peers have to answer after that, in milliseconds. */
const GRACE_MS = 1_000;

const OPTIONS: OptionTable = { timeoutMs: [[100, 2_147_483_647], 6_000] };

/** One who has not answered yet. */
interface Asked {
  readonly peer: AskedPeer;
  readonly receivedBytes: number;
  /** Until when it may be silent. */
  dueMs: number;
}

/**
 * Asks all peers whether they are there, and ends those of whom nothing comes in time. A peer is judged only once everything
 * readable has been read. Once nobody is left to wait for there is no timer.
 *
 * @param stop the end of the server: nobody is waited for any more
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT`, naming option, value and bound: it rejects with that
 */
export async function sweepSessions(
  peers: Iterable<AskedPeer>,
  given: SweepOptions,
  clock: Clock,
  stop: StopSignal,
): Promise<SweepResult> {
  const { timeoutMs } = checkSweep(given);
  const waiting = new Map<AskedPeer, Asked>();
  const ended: AskedPeer[] = [];
  const closing: Promise<void>[] = [];
  const reason = `no answer to a ping within timeoutMs ${timeoutMs} of a sweep`;
  const all = [...peers].filter(({ isAlive }) => isAlive);
  let cancel = (): void => {};

  await new Promise<void>((resolve) => {
    function end(): void {
      waiting.clear();
      cancel();
      leaveStop();
      resolve();
    }

    function over(peer: AskedPeer): void {
      if (waiting.delete(peer) && waiting.size === 0) end();
    }

    /** Waits for the first of them that is due. */
    function plan(): void {
      const dueMs = Math.min(...[...waiting.values()].map((asked) => asked.dueMs));
      const delayMs = Math.max(1, dueMs - clock.now());
      const plannedMs = clock.now() + delayMs;
      cancel = clock.after(delayMs, () => {
        const lateMs = clock.now() - plannedMs;
        if (lateMs <= timeoutMs * LATE_RATIO) return clock.afterReads(judge);
        // What could not come in the meantime still may.
        for (const asked of waiting.values())
          asked.dueMs = Math.max(asked.dueMs, clock.now() + Math.min(timeoutMs / 2, GRACE_MS));
        plan();
      });
    }

    function judge(): void {
      const nowMs = clock.now();
      for (const { peer, receivedBytes, dueMs } of [...waiting.values()]) {
        if (peer.isAlive && peer.receivedBytes === receivedBytes && !peer.isOccupied) {
          if (dueMs > nowMs) continue;
          ended.push(peer);
          closing.push(peer.sever(TIMEOUT, reason));
        }
        over(peer);
      }
      if (waiting.size > 0) plan();
    }

    for (const peer of all) {
      waiting.set(peer, { peer, receivedBytes: peer.receivedBytes, dueMs: clock.now() + timeoutMs + peer.delayMs });
    }
    const leaveStop = stop.onStop(end);
    if (all.length === 0) return end();
    plan();
    for (const peer of all) {
      peer.ping(undefined).then(
        () => over(peer),
        // It is closed; or it owes too many answers already, and then whatever else comes of it counts.
        () => void (peer.isAlive || over(peer)),
      );
    }
  });
  await Promise.all(closing);
  const idsOf = (some: readonly AskedPeer[]): string[] => some.map(({ id }) => id);
  return { active: idsOf(all.filter((peer) => peer.isAlive)), ended: idsOf(ended) };
}

function checkSweep(given: SweepOptions): Required<{ timeoutMs: number }> {
  try {
    return checkOptions(given, OPTIONS);
  } catch (error) {
    throw new WebsocketsSimpleError("INVALID_ARGUMENT", `sweep: ${(error as Error).message}`);
  }
}
