import { Places } from "../addresses/places.ts";
import type { Asker } from "./asker.ts";
import type { Verdict } from "./user-service.ts";

/** Tells users by their tokens. */
type Identify<T> = (token: string, asker: Asker) => Promise<Verdict<T>>;

/** When somebody who has too many connections may try again, in milliseconds. */
const WAIT_MS = 5_000;

/** Lets a user in only `max` times at once: a place is held from the verdict on until the connection is closed. */
export function boundPerUser<T>(identify: Identify<T>, max: number): Identify<T> {
  if (max === Number.POSITIVE_INFINITY) return identify;
  const places = new Places<T>();
  return async (token, asker) => {
    const verdict = await identify(token, asker);
    if (typeof verdict === "string" || !("userId" in verdict)) return verdict;
    const { stream } = asker;
    // It would never be told to leave.
    if (stream.closed) return "gone";
    const { userId } = verdict;
    if (places.of(userId) >= max) {
      return { tooMany: `More connections of one user than maxConnectionsPerUser ${max}.`, waitMs: WAIT_MS };
    }
    places.enter(stream, userId);
    stream.once("close", () => places.leave(stream));
    return verdict;
  };
}
