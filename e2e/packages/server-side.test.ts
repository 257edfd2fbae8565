import { join } from "node:path";
import { expect, it } from "vitest";
import { addFiles, installPackages, runScript } from "./consumer.ts";

it("where there is no DOM and no WebSocket, the browser build is imported, makes clients, and says that it cannot connect", async () => {
  const place = await addFiles(await installPackages(), "server-side", ["server-side.mjs"]);
  expect(await runScript(join(place, "server-side.mjs"), ["--conditions=browser"])).toEqual({
    resolved: "websockets-simple.browser.mjs",
    built: "disconnected",
    code: "REFUSED",
    disposed: "disposed",
  });
});
