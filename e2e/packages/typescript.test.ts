import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { addFiles, type Consumer, installPackages } from "./consumer.ts";

/** Compiled beside our packages; where they come from is not what is tested here. */
const OTHERS = ["zod", "valibot", "arktype", "@types/node"];
const MODULES = fileURLToPath(new URL("../node_modules/", import.meta.url));

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
};
const NODE = { ...STRICT, target: "es2022", lib: ["es2022"], types: ["node"], module: "node16", moduleResolution: "node16" };
const BUNDLER = { ...STRICT, target: "es2022", module: "esnext", moduleResolution: "bundler" };

describe("a TypeScript user compiles without complaint", () => {
  let place: string;
  beforeAll(async () => {
    const consumer: Consumer = await installPackages();
    place = join(await addFiles(consumer, "typescript", ["typescript"]), "typescript");
    for (const kind of ["mts", "cts"]) await cp(join(place, "chat.ts"), join(place, `chat.${kind}`));
    for (const name of OTHERS) {
      const link = join(place, "node_modules", name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(MODULES, name), link, "junction");
    }
  });

  it.each([
    ["modules of Node, of both kinds", ["chat.mts", "chat.cts"], NODE],
    ["an application that is bundled", ["chat.ts", "schema.ts", "codec.ts"], { ...BUNDLER, lib: ["es2022"], types: ["node"] }],
    ["a page, which has no types of Node", ["page.ts"], { ...BUNDLER, lib: ["es2022", "dom"], types: [] }],
    ["a classic script, for which the client is a global", ["script.ts"], { ...BUNDLER, lib: ["es2022", "dom"], types: [] }],
  ])("%s", async (name, files, compilerOptions) => {
    const project = join(place, `${name}.json`);
    await writeFile(project, JSON.stringify({ compilerOptions, files }));
    expect(complaints(project)).toEqual([]);
  });
});

/** What the compiler says of a project. */
function complaints(project: string): string[] {
  const { fileNames, options, errors } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(project, ts.sys.readFile).config,
    ts.sys,
    dirname(project),
  );
  const found = [...errors, ...ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options))];
  return found.map(({ file, start = 0, messageText }) => {
    const place = file ? `${file.fileName}:${file.getLineAndCharacterOfPosition(start).line + 1}: ` : "";
    return place + ts.flattenDiagnosticMessageText(messageText, "\n");
  });
}
