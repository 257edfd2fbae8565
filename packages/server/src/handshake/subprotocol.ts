import { TOKEN_PREFIX, TOKEN_SUBPROTOCOL } from "@websockets-simple/shared";

/** What to answer to the subprotocols that a client offered. */
export type SubprotocolChoice =
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
      /** One that a browser accepts, for a connection that is only opened to be refused. */
      readonly answer: string;
    };

/**
 * Chooses the first of the client's subprotocols that is available. The names that carry a token are not the
 * application's.
 */
export function chooseSubprotocol(offered: readonly string[], available: readonly string[]): SubprotocolChoice {
  const wanted = offered.filter((name) => name !== TOKEN_SUBPROTOCOL && !name.startsWith(TOKEN_PREFIX));
  const first = wanted[0];
  if (first === undefined) {
    return { chosen: undefined, answer: offered.includes(TOKEN_SUBPROTOCOL) ? TOKEN_SUBPROTOCOL : undefined };
  }
  const chosen = wanted.find((name) => available.includes(name));
  if (chosen !== undefined) return { chosen, answer: chosen };
  const problem =
    available.length > 0
      ? `None of the offered subprotocols is available. Available: ${available.join(", ")}.`
      : "No subprotocol is available here: connect without any.";
  return { problem, answer: first };
}
