import { checkOptions, type OptionTable, WebsocketsSimpleError, wrong } from "@websockets-simple/shared";
import { isConnection } from "./connection.ts";

const BROADCAST: OptionTable = {
  except: [(value) => (isConnection(value) ? undefined : "one connection, as events tell it")],
  channel: [
    (value) =>
      typeof value === "string" && !value.startsWith("/") ? undefined : "a connection's channel, which has no slash in front",
  ],
};

/**
 * Checks the options of a broadcast: a misspelt `except` would send to the one that it should leave out.
 *
 * @throws WebsocketsSimpleError `INVALID_ARGUMENT`, naming option and value, and what is known
 */
export function checkBroadcastOptions(given: unknown): void {
  try {
    if (isConnection(given)) throw new Error("the options are a connection; use { except: connection } to leave it out");
    if (Array.isArray(given)) throw wrong("options", given, "an object, such as { except: connection }");
    checkOptions(given, BROADCAST);
  } catch (error) {
    throw new WebsocketsSimpleError("INVALID_ARGUMENT", `broadcast: ${(error as Error).message}`);
  }
}
