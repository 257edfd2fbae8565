import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./markdown.ts";

/** Inside `e2e`, so that the packages' names lead to their builds; git and the checks leave it out. */
const FOLDER = join(ROOT, "e2e", ".tmp");

/** Makes an empty folder, and what removes it. */
export function makeFolder(): { path: string; remove: () => void } {
  mkdirSync(FOLDER, { recursive: true });
  const path = mkdtempSync(join(FOLDER, "docs-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A program that runs. */
export interface Program {
  /** Resolves with the first line of its output that fits, of those so far and those to come; rejects when it ends without. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends it; resolves when it has ended. */
  stop(): Promise<void>;
}

/** How long a program has to say what is waited for. */
const DEADLINE_MS = 10_000;

/** Writes a program to `folder` and runs it with Node. */
export function runProgram(folder: string, name: string, code: string): Program {
  const file = join(folder, name);
  writeFileSync(file, code);
  const child: ChildProcess = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let hasEnded = false;
  let wake = (): void => {};
  const hear = (text: Buffer): void => {
    output += text;
    wake();
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  const ended = new Promise<void>((resolve) => {
    child.on("close", () => {
      hasEnded = true;
      wake();
      resolve();
    });
  });

  return {
    async line(pattern) {
      const what = new RegExp(pattern.source, "m");
      const deadline = AbortSignal.timeout(DEADLINE_MS);
      deadline.addEventListener("abort", () => wake());
      for (;;) {
        const found = what.exec(output);
        if (found) return found;
        if (hasEnded || deadline.aborted) throw new Error(`${name} never said ${pattern}. It said:\n${output}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async stop() {
      child.kill();
      await ended;
    },
  };
}
