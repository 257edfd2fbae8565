import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { addFiles, installPackages, runScript } from "./consumer.ts";

describe("in Node, client and server talk", () => {
  const talked = { received: ["welcome", "hello to you too"], state: "disconnected" };
  let place: string;
  beforeAll(async () => {
    place = await addFiles(await installPackages(), "node", ["conversation.cjs", "import.mjs", "require.cjs", "mixed.mjs"]);
  });

  it("as ES modules", async () => {
    expect(await runScript(join(place, "import.mjs"))).toEqual(talked);
  });

  it("as CommonJS modules", async () => {
    expect(await runScript(join(place, "require.cjs"))).toEqual(talked);
  });

  it("as both in one process, with error codes that hold across the copies", async () => {
    expect(await runScript(join(place, "mixed.mjs"))).toEqual({
      sameClass: false,
      codes: ["INVALID_OPTION", "INVALID_OPTION"],
      serverCodes: ["INVALID_OPTION", "INVALID_OPTION"],
      conversations: [talked, talked],
    });
  });
});
