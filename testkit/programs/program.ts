import { existsSync } from "node:fs";
import { startChild } from "../browsers/child-process.ts";
import { startListening } from "../browsers/listening.ts";
import { orLeftOut } from "../left-out.ts";

/** A server that others wrote, and that stands before ours or in its place. */
export interface ServerProgram {
  readonly name: string;
  /** Where Debian puts it. */
  readonly path: string;
  /** A shell's command that is run first in its directory. */
  readonly prepare?: string;
  /** Its command line; its configuration lies in the directory that it runs in. */
  readonly args: readonly string[];
  /** The name of the configuration's file. */
  readonly file: string;
  /** Makes the whole configuration of the part that a test writes. */
  configure(part: string, port: number): string;
}

/** A running one. */
export interface RunningProgram {
  readonly port: number;
  /** Ends it. May be called twice. */
  stop(): Promise<void>;
}

/** The program, as a list for `describe.each`: empty where this machine has none. With `CI=true` a missing one fails. */
export function available(program: ServerProgram): ServerProgram[] {
  return orLeftOut(program.name, process.env.CI === "true" || existsSync(program.path) ? [program] : []);
}

/**
 * Starts a program on a free port of 127.0.0.1, in a directory of its own, and waits until it takes connections.
 *
 * @param part the part of the configuration that a test writes
 * @param files further files of that directory, by their paths in it
 */
export async function startProgram(
  program: ServerProgram,
  part: (port: number) => string,
  files: Readonly<Record<string, string>> = {},
): Promise<RunningProgram> {
  const { path, prepare = "true", args, file, configure } = program;
  if (!existsSync(path)) throw new Error(`${program.name} is missing; "node scripts/system.mjs" says how to get it.`);
  const { child, port } = await startListening((port) =>
    startChild("/bin/sh", ["-c", `${prepare} && exec "$0" "$@"`, path, ...args], {
      files: { ...files, [file]: configure(part(port), port) },
    }),
  );
  return { port, stop: () => child.stop() };
}
