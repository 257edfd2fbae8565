import { REFUSED_SUBPROTOCOL, TOKEN_PREFIX, TOKEN_SUBPROTOCOL } from "@websockets-simple/shared";

/** What to answer to the subprotocols that a client offered. */
export type SubprotocolChoice = {
  /** What stands in the 101 of a connection that is only opened to be refused: one that a browser accepts. */
  readonly refusal: string | undefined;
} & (
  | {
      /** The application's; undefined when the client offered none. */
      readonly chosen: string | undefined;
      /** What stands in the 101: `chosen`, or the name that announces a token. */
      readonly answer: string | undefined;
      readonly problem?: undefined;
    }
  | {
      /** Why none fits, in one sentence. */
      readonly problem: string;
    }
);

const isOurs = (name: string): boolean =>
  name === TOKEN_SUBPROTOCOL || name === REFUSED_SUBPROTOCOL || name.startsWith(TOKEN_PREFIX);

/**
 * Chooses the first of the client's subprotocols that is available. The names that carry a token, or ask for a refusal that
 * can be seen, are not the application's.
 */
export function chooseSubprotocol(offered: readonly string[], available: readonly string[]): SubprotocolChoice {
  const wanted = offered.filter((name) => !isOurs(name));
  const announced = offered.includes(TOKEN_SUBPROTOCOL) ? TOKEN_SUBPROTOCOL : undefined;
  const chosen = wanted.find((name) => available.includes(name));
  // Not the one that is available: who is refused shall not learn which are.
  const refusal = offered.includes(REFUSED_SUBPROTOCOL) ? REFUSED_SUBPROTOCOL : (wanted[0] ?? announced);
  if (chosen !== undefined || wanted.length === 0) return { chosen, answer: chosen ?? announced, refusal };
  const problem =
    available.length > 0
      ? `None of the offered subprotocols is available. Available: ${available.join(", ")}.`
      : "No subprotocol is available here: connect without any.";
  return { problem, refusal };
}
