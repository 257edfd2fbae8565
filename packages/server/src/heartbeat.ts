import { heartbeatText, type PING, type PONG } from "@websockets-simple/shared";
import type { Clock } from "./clock.ts";

/** One connection, as the heartbeat sees it. */
export interface HeartbeatPeer {
  /** Whether the last ping has no pong yet. */
  readonly awaitsPong: boolean;
  /** Whether reading is paused, so that a pong may lie unread. */
  readonly isHeldBack: boolean;
  /** Whether a transfer is under way, or so much has moved since the last ping, either way, that its pong may lie behind it. */
  readonly isBusy: boolean;
  /** Sends a ping; never waits. */
  beat(): void;
  /** Closes the connection, visibly to the peer. */
  sever(code: number, reason: string): unknown;
}

/** The close code of a missing pong. */
const TIMEOUT_CODE = 4408;
/** A sweep this much later than planned means that the event loop was blocked, and pings may have left late. */
const LATE_RATIO = 0.1;
/** How long connections have to answer after a blocked event loop, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * The text ping of the classic wire: one timer for all connections. Each sweep severs who has not answered the ping of
 * the sweep before, but judges only once everything readable has been read, so that a busy application kills nobody; and
 * leaves alone whoever is in the middle of a transfer.
 *
 * @param intervalMs 0: no pings
 * @returns what stops it
 */
export function startHeartbeat(peers: () => Iterable<HeartbeatPeer>, intervalMs: number, clock: Clock): () => void {
  if (intervalMs === 0) return () => {};
  let stopped = false;
  let cancelSweep = (): void => {};
  let cancelGrace = (): void => {};

  function plan(): void {
    const dueMs = clock.now() + intervalMs;
    cancelSweep = clock.after(intervalMs, () => sweep(clock.now() - dueMs));
  }

  function sweep(lateMs: number): void {
    plan();
    const suspects: HeartbeatPeer[] = [];
    for (const peer of peers()) {
      if (!peer.awaitsPong) peer.beat();
      else if (!peer.isHeldBack) suspects.push(peer);
    }
    if (suspects.length === 0) return;
    const judgeAll = (): void => clock.afterReads(() => suspects.forEach(judge));
    cancelGrace();
    if (lateMs <= intervalMs * LATE_RATIO) judgeAll();
    else cancelGrace = clock.after(Math.min(intervalMs / 2, GRACE_MS), judgeAll);
  }

  function judge(peer: HeartbeatPeer): void {
    if (stopped) return;
    if (peer.awaitsPong && !peer.isBusy) peer.sever(TIMEOUT_CODE, `no pong within pingIntervalMs ${intervalMs}`);
    else peer.beat();
  }

  plan();
  return () => {
    stopped = true;
    cancelSweep();
    cancelGrace();
  };
}

/** Which of the heartbeat's texts a message is, if any. */
export function beatOf(message: string | Uint8Array): typeof PING | typeof PONG | undefined {
  if (typeof message !== "string") return undefined;
  // Most begin with neither the letter nor what may be a blank that is trimmed.
  const first = message.charCodeAt(0);
  if (first > 0x20 && first < 0x80 && first !== 0x70 && first !== 0x50) return undefined;
  return heartbeatText(message);
}
