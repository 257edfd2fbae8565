import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inRoot, runTool } from "../../scripts/workspace.mjs";

/** The arrows of docs/architecture.md. Files that do not exist stand for any other of their folder. */
const ARROWS: readonly { readonly file: string; readonly may: readonly string[]; readonly mayNot: readonly string[] }[] = [
  {
    file: "packages/shared/src/any.ts",
    may: ["./packet.ts", "eventemitter3"],
    mayNot: [
      ...["node:net", "ws", "isomorphic-ws", "./index.ts", "../test/any.ts", "../../client/src/clock.ts"],
      ...["@websockets-simple/client", "@websockets-simple/engine", "@websockets-simple/server", "../../../testkit/any.ts"],
    ],
  },
  {
    file: "packages/engine/src/any.ts",
    may: ["./engine.ts", "node:net"],
    mayNot: [
      ...["ws", "isomorphic-ws", "./index.ts", "../test/any.ts", "../../shared/src/index.ts", "../../../testkit/any.ts"],
      ...["@websockets-simple/shared", "@websockets-simple/server"],
    ],
  },
  {
    file: "packages/engine/src/frames/any.ts",
    may: ["./opcodes.ts", "node:buffer"],
    mayNot: ["ws", "../engine.ts", "../own/own-socket.ts", "../../test/any.ts", "@websockets-simple/shared"],
  },
  {
    file: "packages/engine/src/compression/any.ts",
    may: ["./window.ts", "../frames/opcodes.ts", "node:zlib"],
    mayNot: ["ws", "../engine.ts", "../own/own-socket.ts", "@websockets-simple/shared"],
  },
  {
    file: "packages/engine/src/own/any.ts",
    may: ["./writer.ts", "../engine.ts", "../frames/slab.ts", "node:net"],
    mayNot: ["ws", "../index.ts", "../ws/ws-engine.ts", "../../test/any.ts", "@websockets-simple/shared"],
  },
  {
    file: "packages/engine/src/ws/any.ts",
    may: ["../engine.ts", "node:net", "ws"],
    mayNot: ["isomorphic-ws", "../index.ts", "../own/own-engine.ts", "../../test/any.ts", "@websockets-simple/shared"],
  },
  {
    file: "packages/client/src/any.ts",
    may: ["./clock.ts", "./transport.ts", "#platform", "@websockets-simple/shared"],
    mayNot: [
      ...["./client.ts", "./index.ts", "./websocket-transport.ts", "node:net", "ws", "isomorphic-ws", "../test/any.ts"],
      ...["@websockets-simple/engine", "@websockets-simple/server", "../../server/src/clock.ts", "../../../testkit/any.ts"],
    ],
  },
  {
    file: "packages/client/src/connection-state.ts",
    may: ["./backoff.ts", "./events.ts", "@websockets-simple/shared"],
    mayNot: [
      ...["./clock.ts", "./transport.ts", "./connection.ts", "./client.ts", "./platform.ts", "#platform", "eventemitter3"],
      ...["node:net", "ws", "../../server/src/clock.ts", "@websockets-simple/server"],
    ],
  },
  {
    file: "packages/client/src/backoff.ts",
    may: ["@websockets-simple/shared"],
    mayNot: ["./clock.ts", "./connection.ts", "node:crypto"],
  },
  {
    file: "packages/client/src/platform.node.ts",
    may: ["node:http", "./platform.ts", "@websockets-simple/shared"],
    mayNot: [
      ...["./client.ts", "./index.ts", "./websocket-transport.ts", "ws", "isomorphic-ws", "@websockets-simple/server"],
      "../../../testkit/any.ts",
    ],
  },
  {
    file: "packages/client/src/any.node.ts",
    may: ["node:tls", "./platform.ts", "@websockets-simple/shared", "@websockets-simple/engine/certificate"],
    mayNot: ["./client.ts", "ws", "isomorphic-ws", "@websockets-simple/server", "@websockets-simple/engine"],
  },
  {
    file: "packages/client/src/websocket-transport.ts",
    may: ["isomorphic-ws", "./transport.ts", "@websockets-simple/shared"],
    mayNot: ["ws", "node:net", "./client.ts", "./index.ts", "@websockets-simple/server", "../../../testkit/any.ts"],
  },
  {
    file: "packages/client/src/client.ts",
    may: ["./connection.ts", "./websocket-transport.ts", "#platform", "@websockets-simple/shared"],
    mayNot: [
      ...["./index.ts", "node:net", "ws", "isomorphic-ws", "@websockets-simple/server", "../../server/src/clock.ts"],
      "../../../testkit/any.ts",
    ],
  },
  {
    file: "packages/client/src/index.ts",
    may: ["./client.ts", "./events.ts", "@websockets-simple/shared"],
    mayNot: ["node:net", "ws", "@websockets-simple/server", "../../../testkit/any.ts"],
  },
  {
    file: "packages/server/src/any.ts",
    may: ["./clock.ts", "./handshake/token.ts", "./socket.ts", "node:net", "@websockets-simple/shared"],
    mayNot: [
      ...["./server.ts", "./server-auth.ts", "./index.ts", "ws", "isomorphic-ws", "../test/any.ts", "../../../testkit/any.ts"],
      ...["@websockets-simple/engine", "@websockets-simple/client", "../../engine/src/index.ts", "../../client/src/clock.ts"],
    ],
  },
  {
    file: "packages/server/src/handshake/any.ts",
    may: ["../clock.ts", "./token.ts", "node:net", "@websockets-simple/shared"],
    mayNot: [
      ...["../server.ts", "../server-auth.ts", "../index.ts", "ws", "../../test/any.ts", "../../../../testkit/any.ts"],
      ...["@websockets-simple/engine", "../../../engine/src/index.ts"],
    ],
  },
  {
    file: "packages/server/src/socket.ts",
    may: ["@websockets-simple/engine"],
    mayNot: [
      "ws",
      "isomorphic-ws",
      "./server.ts",
      "./server-auth.ts",
      "./index.ts",
      "../test/any.ts",
      "@websockets-simple/client",
    ],
  },
  ...["server.ts", "server-auth.ts", "index.ts"].map((name) => ({
    file: `packages/server/src/${name}`,
    may: ["./hub.ts", "@websockets-simple/shared", ...(name === "server.ts" ? [] : ["./server.ts"])],
    mayNot: [
      ...["./index.ts", "ws", "isomorphic-ws", "@websockets-simple/engine", "../../engine/src/index.ts", "../test/any.ts"],
      "../../../testkit/any.ts",
    ],
  })),
  ...["testkit", "e2e/any", "bench", "examples/chat"].map((folder) => ({
    file: `${folder}/any.ts`,
    may: ["@websockets-simple/client", "node:net", "ws", `${folder.replace(/\w+/g, "..")}/packages/engine/src/index.ts`],
    mayNot: [`${folder.replace(/\w+/g, "..")}/packages/server/src/hub.ts`],
  })),
];

/** Two files that know each other, of which one or both import nothing but types. */
const CYCLES = ["packages/shared/src", "packages/client/src", "packages/server/src/handshake", "testkit", "e2e"].flatMap(
  (folder) => (["values", "types", "types and values"] as const).map((kind, index) => ({ folder, kind, name: `cycle${index}` })),
);

const asType = (from: string): string => `import type {} from "${from}";\n`;
const asValue = (from: string): string => `import "${from}";\n`;

describe("npm run check", () => {
  let tree: string;
  /** `file:line rule` of all that the linter says of a tree of such imports. */
  let told: Set<string>;
  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "websockets-simple-layers-"));
    for (const file of ["biome.json", ".gitignore"]) await cp(inRoot(file), join(tree, file));
    for (const { file, may, mayNot } of ARROWS) {
      await write(file, [...may, ...mayNot].map((name) => asType(name) + asValue(name)).join(""));
    }
    for (const { folder, kind, name } of CYCLES) {
      await write(`${folder}/${name}a.ts`, (kind === "values" ? asValue : asType)(`./${name}b.ts`));
      await write(`${folder}/${name}b.ts`, (kind === "types" ? asType : asValue)(`./${name}a.ts`));
    }
    const args = ["lint", "--reporter=json", "--max-diagnostics=none", "."];
    const { output } = await runTool("@biomejs/biome", args, { cwd: tree });
    const report: Report = JSON.parse(output.split("\n").find((line) => line.startsWith("{")) ?? "");
    told = new Set(report.diagnostics.map(({ category, location: { path, start } }) => `${path}:${start.line} ${category}`));
  });
  afterAll(() => rm(tree, { recursive: true }));

  async function write(file: string, text: string): Promise<void> {
    await mkdir(dirname(join(tree, file)), { recursive: true });
    await writeFile(join(tree, file), text);
  }

  it.each(ARROWS)(
    "lets $file import what the architecture says, and neither types nor values of others",
    ({ file, may, mayNot }) => {
      const isRefused = (line: number): boolean => told.has(`${file}:${line} lint/style/noRestrictedImports`);
      const names = [...may, ...mayNot];
      expect(names.filter((_, index) => isRefused(2 * index + 1))).toEqual(mayNot);
      expect(names.filter((_, index) => isRefused(2 * index + 2))).toEqual(mayNot);
    },
  );

  it.each(CYCLES)("finds files in $folder that import each other's $kind", ({ folder, name }) => {
    for (const file of ["a", "b"]) expect(told).toContain(`${folder}/${name}${file}.ts:1 lint/suspicious/noImportCycles`);
  });
});

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}
