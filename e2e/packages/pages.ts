import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { addFiles, type Consumer, installPackages } from "./consumer.ts";

/** A small page that imports the client, as a bundler built it from the installed package. */
export interface BuiltPage {
  readonly bundler: "vite" | "webpack" | "esbuild";
  /** Serve this: it holds index.html, whose global `talk(url, text)` sends a text and returns what comes back. */
  readonly folder: string;
  /** All the JavaScript of the page. */
  readonly code: string;
  /** The files that went into it, by the bundler's own account. */
  readonly sources: readonly string[];
}

/** Builds the page by each bundler, minified as for production. */
export async function buildPages(): Promise<BuiltPage[]> {
  const consumer = await installPackages();
  return [await byVite(consumer), await byWebpack(consumer), await byEsbuild(consumer)];
}

async function byVite(consumer: Consumer): Promise<BuiltPage> {
  const { build } = await import("vite");
  const root = join(await addFiles(consumer, "vite", ["page"]), "page");
  const result = await build({ root, base: "./", configFile: false, logLevel: "error", build: { modulePreload: false } });
  const parts = [result].flat().flatMap((part) => ("output" in part ? part.output : []));
  const chunks = parts.filter((part) => part.type === "chunk");
  return {
    bundler: "vite",
    folder: join(root, "dist"),
    code: chunks.map(({ code }) => code).join("\n"),
    sources: chunks.flatMap(({ modules }) => Object.keys(modules)),
  };
}

async function byWebpack(consumer: Consumer): Promise<BuiltPage> {
  const { default: webpack } = await import("webpack");
  const context = join(await addFiles(consumer, "webpack", ["page"]), "page");
  const output = { path: join(context, "dist"), filename: "page.js" };
  const compiler = webpack({ mode: "production", context, entry: "./page.js", output });
  const stats = await new Promise<import("webpack").Stats | undefined>((resolve, reject) => {
    compiler.run((error, stats) => (error ? reject(error) : resolve(stats)));
  });
  const { modules = [], errors = [], warnings = [] } = stats?.toJson({ modules: true, nestedModules: true }) ?? {};
  const problems = [...errors, ...warnings];
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("\n"));
  const nested = modules.flatMap((module) => [module, ...(module.modules ?? [])]);
  const sources = nested.flatMap(({ nameForCondition }) => nameForCondition ?? []);
  return finish("webpack", context, sources);
}

async function byEsbuild(consumer: Consumer): Promise<BuiltPage> {
  const { build } = await import("esbuild");
  const root = join(await addFiles(consumer, "esbuild", ["page"]), "page");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["page.js"],
    outfile: "dist/page.js",
    bundle: true,
    minify: true,
    metafile: true,
    logLevel: "silent",
  });
  return finish("esbuild", root, Object.keys(metafile.inputs));
}

/** What Vite does by itself: the page beside its script. */
async function finish(bundler: "webpack" | "esbuild", root: string, sources: readonly string[]): Promise<BuiltPage> {
  const folder = join(root, "dist");
  await cp(join(root, "index.html"), join(folder, "index.html"));
  return { bundler, folder, sources, code: await readFile(join(folder, "page.js"), "utf8") };
}
